// "Never give up" written as a large number: closeTimeoutMs of 30 days, more than a timer of Node can hold (2^31-1 ms).
// Right: close() waits for the record at hand (1.5 s) and commits it, and the state is NOT_RUNNING; or the option is refused
//   with MILLRACE_CONFIG_INVALID. Node prints no TimeoutOverflowWarning.
// At 19161dd: Node makes it a timer of 1 ms: close() gives up at once, the state stays PENDING_SHUTDOWN, nothing is committed.
//   The same question for every other option in milliseconds.
import { KafkaStreams, MemoryCluster, memoryClient, openTopics, string, StreamsBuilder, systemClock } from 'millrace'
import { check, outcome, quiet, sleep } from './check.ts'

const texts = { key: string(), value: string() }
const warnings: string[] = []
process.on('warning', ({ name }) => void warnings.push(name))
for (const closeTimeoutMs of [30_000, 30 * 24 * 3_600_000]) {
  const cluster = new MemoryCluster({ clock: systemClock })
  const client = memoryClient(cluster)
  await using topics = await openTopics(client)
  await topics.create({ name: 'in', partitions: 1 })
  const begun = Promise.withResolvers<void>()
  const builder = new StreamsBuilder()
  builder.stream('in', texts).foreach(async () => {
    begun.resolve()
    await sleep(1_500)
  })
  const result = await outcome(async () => {
    const options = { ...quiet(), applicationId: 'app', client, closeTimeoutMs }
    const streams = new KafkaStreams(builder.build(), options)
    await streams.start()
    await topics.write('in', texts, [{ value: 'slow' }])
    await begun.promise
    await streams.close()
    return [streams.state, cluster.committedOffsets('app').map(({ offset }) => offset)]
  })
  const refused = typeof result === 'string' && result.startsWith('MILLRACE_CONFIG_INVALID')
  check(`closeTimeoutMs ${closeTimeoutMs}`, result, refused ? result : ['NOT_RUNNING', [1]])
}
check('warnings of Node', warnings, [])
process.exit()
