import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { systemClock } from '@millrace/core'
import { defineApplication } from '../../../index.ts'
import { options, plan } from './plain.fixture.ts'

export const application = defineApplication(plan(), {
  ...options,
  client: memoryClient(new MemoryCluster({ clock: systemClock })),
})
