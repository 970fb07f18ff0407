import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, string, systemClock } from '@millrace/core'
import { defineApplication, silentLogger } from '@millrace/runtime'

/** What `KafkaStreams.load` loads in tests of its arguments. */
const builder = new StreamsBuilder()
builder.stream('in', { key: string(), value: string() }).to('out')

export const application = defineApplication(builder.build(), {
  applicationId: 'loaded',
  client: memoryClient(new MemoryCluster({ clock: systemClock })),
  logger: silentLogger,
})
