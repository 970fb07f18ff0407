// An operator sees a record that says "stop" and closes its own application: `await streams.close()`.
// Right: the application ends in order. close() does not wait for the record that waits for close(); nothing is logged as a
//   warning or an error, the state is NOT_RUNNING, and the record before is committed.
// At 19161dd: close() waits for its whole time limit (here 5 s) and logs "close gave up waiting"; the record then ends in
//   "flush was called on a closed producer", an error of kind "bug". Without await (`void streams.close()`) all is well.
import { KafkaStreams, MemoryCluster, memoryClient, openTopics, string, StreamsBuilder, systemClock } from 'millrace'
import { check, outcome, quiet, sleep, until } from './check.ts'

const texts = { key: string(), value: string() }
for (const awaited of [false, true]) {
  const cluster = new MemoryCluster({ clock: systemClock })
  const client = memoryClient(cluster)
  await using topics = await openTopics(client)
  await topics.create({ name: 'in', partitions: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', texts).foreach(async value => {
    if (value !== 'stop') return
    const closing = streams.close()
    if (awaited) await closing
  })
  const lines: string[] = []
  const streams = new KafkaStreams(builder.build(), { ...quiet(lines), applicationId: 'app', client })
  const committed = () => cluster.committedOffsets('app').find(({ topic }) => topic === 'in')?.offset ?? 0
  const ended = await outcome(async () => {
    await streams.start()
    await topics.write('in', texts, [{ value: 'go' }])
    await until(() => committed() === 1)
    await topics.write('in', texts, [{ value: 'stop' }, { value: 'after' }])
    await streams.ended()
    return 'ended'
  })
  await sleep(500)
  const way = awaited ? 'await streams.close()' : 'void streams.close()'
  check(`${way}: how the application ended`, [ended, streams.state], ['ended', 'NOT_RUNNING'])
  check(`${way}: warnings and errors`, lines, [])
  check(`${way}: committed offset`, committed(), (offset: number) => offset >= 1)
}
process.exit()
