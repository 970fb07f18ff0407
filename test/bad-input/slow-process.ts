import { setTimeout } from 'node:timers/promises'
import { systemClock } from '@millrace/core'
import { consoleLogger, KafkaStreams, memoryClient, MemoryCluster, StreamsBuilder, string } from 'millrace'
import { topicIo } from '../topic-io.ts'

// An application whose function takes longer than closing waits for brokers, and comes back in time all the same.
const builder = new StreamsBuilder()
builder
  .stream('in', { key: string(), value: string() })
  .mapValues(async value => {
    process.send?.({ type: 'working' })
    await setTimeout(1_500)
    return value
  })
  .to('out', { value: string() })

const cluster = new MemoryCluster({ clock: systemClock })
const client = memoryClient(cluster)
cluster.createTopic({ name: 'in', partitions: 1 })
cluster.createTopic({ name: 'out', partitions: 1 })
await topicIo(client).produce('in', [{ partition: 0, key: 'a', value: 'x', timestamp: 1 }])
const orphaned = () => process.exit(3)
process.on('disconnect', orphaned)
const processingGuarantee = (JSON.parse(process.argv[2]!) as { guarantee: 'at_least_once' | 'exactly_once' }).guarantee
await new KafkaStreams(builder.build(), {
  applicationId: 'app',
  client,
  processingGuarantee,
  closeTimeoutMs: 3_000,
  logger: consoleLogger('info'),
}).run()
process.exit(0)
