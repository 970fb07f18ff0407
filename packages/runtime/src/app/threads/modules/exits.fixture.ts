import { isMainThread } from 'node:worker_threads'
import { defineApplication } from '../../../index.ts'
import { options, plan } from './plain.fixture.ts'

// oxlint-disable-next-line unicorn/no-process-exit -- as user code may do
if (!isMainThread) process.exit(7)

export const application = defineApplication(plan(), options)
