// A store is declared with `type: 'persistent'`, and the application is given no disk backend (the option `store`).
// Right: refused at the start with a MillraceError that names the store and the remedy (store: rocksdb()), or one warning that
//   does.
// At 19161dd: the store is kept on the heap; nothing is said, and nothing is on the disk.
import { readdirSync } from 'node:fs'
import { KafkaStreams, MemoryCluster, memoryClient, openTopics, string, StreamsBuilder, systemClock } from 'millrace'
import { check, outcome, quiet, until } from './check.ts'

const texts = { key: string(), value: string() }
const cluster = new MemoryCluster({ clock: systemClock })
const client = memoryClient(cluster)
await using topics = await openTopics(client)
await topics.create({ name: 'in', partitions: 1 })
const builder = new StreamsBuilder()
builder
  .stream('in', texts)
  .groupByKey()
  .count({ store: { name: 'word-counts', type: 'persistent' } })

const lines: string[] = []
const options = { ...quiet(lines), applicationId: 'app', client }
const seen = await outcome(async () => {
  const streams = new KafkaStreams(builder.build(), options)
  await streams.start()
  await topics.write('in', texts, [{ key: 'a', value: 'v' }])
  await until(() => cluster.committedOffsets('app').some(({ offset }) => offset === 1))
  await streams.close()
  return 'runs'
})
const files = readdirSync(options.stateDir, { recursive: true })
const said = [seen, ...lines].some(line => line.includes('word-counts'))
check('refused or warned about, by name', { seen, lines, files }, () => said)
process.exit()
