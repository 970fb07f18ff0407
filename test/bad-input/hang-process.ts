import { systemClock } from '@millrace/core'
import { consoleLogger, KafkaStreams, memoryClient, MemoryCluster, StreamsBuilder, string } from 'millrace'
import { topicIo } from '../topic-io.ts'

// An application whose function never comes back.
const builder = new StreamsBuilder()
builder
  .stream('in', { key: string(), value: string() })
  .mapValues(() => {
    process.send?.({ type: 'hanging' })
    return new Promise<string>(() => undefined)
  })
  .to('out', { value: string() })

const cluster = new MemoryCluster({ clock: systemClock })
const client = memoryClient(cluster)
cluster.createTopic({ name: 'in', partitions: 1 })
cluster.createTopic({ name: 'out', partitions: 1 })
await topicIo(client).produce('in', [{ partition: 0, key: 'a', value: 'x', timestamp: 1 }])
process.on('disconnect', () => process.exit(3))
const { closeTimeoutMs = 300 } = JSON.parse(process.argv[2]!) as { readonly closeTimeoutMs?: number }
const streams = new KafkaStreams(builder.build(), {
  applicationId: 'app',
  client,
  closeTimeoutMs,
  logger: consoleLogger('info'),
})
streams.on('state', state => state === 'PENDING_SHUTDOWN' && process.send?.({ type: 'closing' }))
await streams.run()
