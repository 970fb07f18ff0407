import { systemClock } from '@millrace/core'
import { KafkaStreams, memoryClient, MemoryCluster, rocksdb, silentLogger } from 'millrace'
import { countByKey } from './count-by-key.ts'

// Holds a state directory until it is killed.
const { stateDir } = JSON.parse(process.argv[2]!) as { readonly stateDir: string }
const cluster = new MemoryCluster({ clock: systemClock })
cluster.createTopic({ name: 'in', partitions: 1 })
cluster.createTopic({ name: 'out', partitions: 1 })
process.on('disconnect', () => process.exit(3))
await new KafkaStreams(countByKey(), {
  applicationId: 'app',
  client: memoryClient(cluster),
  store: rocksdb(),
  stateDir,
  logger: silentLogger,
}).start()
process.send?.({ type: 'holding' })
