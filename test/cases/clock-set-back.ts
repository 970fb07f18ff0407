// The machine's clock is set back by an hour while the application runs (a step of NTP, a VM that is resumed).
// Right: commits, cached results and wall-clock punctuations go on: intervals are measured with a clock that only goes forward.
// At 19161dd: records are processed, but for the next hour nothing is committed, no result leaves the cache and no punctuation
//   is called; nothing is logged. Under exactly-once no output becomes visible.
import {
  KafkaStreams,
  long,
  MemoryCluster,
  memoryClient,
  openTopics,
  string,
  StreamsBuilder,
  systemClock,
} from 'millrace'
import { check, quiet, until } from './check.ts'

const texts = { key: string(), value: string() }
const trueTime = Date.now.bind(Date)
const brokerClock = { ...systemClock, now: () => trueTime() } // the broker runs on another machine
for (const processingGuarantee of ['at_least_once', 'exactly_once'] as const) {
  Date.now = () => trueTime()
  const cluster = new MemoryCluster({ clock: brokerClock })
  const client = memoryClient(cluster)
  await using topics = await openTopics(client)
  await topics.create({ name: 'in', partitions: 1 }, { name: 'out', partitions: 1 })
  let punctuations = 0
  const builder = new StreamsBuilder()
  const input = builder.stream('in', texts)
  input.groupByKey().count({ store: 'counts' }).toStream().to('out', { key: string(), value: long() })
  input.process<string, string>(() => ({
    init: context => void context.schedule(200, 'wall-clock', () => void punctuations++),
    process() {},
  }))
  const options = { ...quiet(), applicationId: 'app', client, processingGuarantee }
  const streams = new KafkaStreams(builder.build(), options)
  await streams.start()
  let sent = 0
  const send = () => topics.write('in', texts, [{ key: 'k', value: String(sent++) }])
  const committed = () => cluster.committedOffsets('app').find(({ topic }) => topic === 'in')?.offset ?? 0
  await send()
  const before = await until(() => committed() === 1 && punctuations > 0)
  Date.now = () => trueTime() - 3_600_000
  const called = punctuations
  await send()
  check(`${processingGuarantee}: commits and punctuates before`, before, true)
  check(`${processingGuarantee}: commits after`, await until(() => committed() === 2, 15_000), true)
  check(`${processingGuarantee}: punctuates after`, await until(() => punctuations > called + 1, 15_000), true)
  await streams.close()
}
process.exit()
