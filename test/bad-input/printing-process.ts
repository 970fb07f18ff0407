import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createTopics,
  KafkaStreams,
  memoryClient,
  MemoryCluster,
  openTopics,
  StreamsBuilder,
  string,
  systemClock,
} from 'millrace'

/* Logs and prints while nobody reads it, and writes to the file of its first argument what it has counted and how it ended. */

const [file = '', stateDir = ''] = process.argv.slice(2)
const texts = { key: string(), value: string() }
const client = memoryClient(new MemoryCluster({ clock: systemClock }))
await createTopics(client, { name: 'in', partitions: 1 })
const builder = new StreamsBuilder()
const lines = builder.stream('in', texts)
lines.print()
let seen = 0
lines.foreach(value => {
  if (value === 'bad') throw new Error('bad')
  seen++
})
const streams = new KafkaStreams(builder.build(), { applicationId: 'app', client, stateDir, onBadRecord: 'continue' })
await streams.start()
const topics = await openTopics(client)
for (let n = 0; n < 10; n++) {
  await topics.write('in', texts, [{ value: n === 5 ? 'bad' : String(n) }])
  await sleep(20)
}
for (let waited = 0; seen < 9 && waited < 200; waited++) await sleep(50)
await streams.close()
writeFileSync(file, `${seen} ${streams.state}`)
process.exit()
