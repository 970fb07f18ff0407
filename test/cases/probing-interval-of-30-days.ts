// probingRebalanceIntervalMs of 30 days, more than a timer of Node can hold (2^31-1 ms); applications that come from Java say
// "never" with Long.MAX_VALUE. A second process joins while the first one has state and is fed without pause.
// Right: as with an interval of one day: the group does not probe within seconds, so its generation is the same; or the option
//   is refused with MILLRACE_CONFIG_INVALID.
// At 19161dd: the timer fires after 1 ms, and the group rebalances again and again until the new copy has caught up.
import { KafkaStreams, MemoryCluster, memoryClient, openTopics, string, StreamsBuilder, systemClock } from 'millrace'
import { check, outcome, quiet, sleep, until } from './check.ts'

const texts = { key: string(), value: string() }
async function generations(probingRebalanceIntervalMs: number): Promise<number> {
  const cluster = new MemoryCluster({ clock: systemClock })
  const client = memoryClient(cluster)
  await using topics = await openTopics(client)
  await topics.create({ name: 'in', partitions: 2 })
  const builder = new StreamsBuilder()
  builder.stream('in', texts).groupByKey().count({ store: 'counts' })
  const start = async () => {
    const settings = { applicationId: 'app', client, probingRebalanceIntervalMs, acceptableRecoveryLag: 0 }
    const streams = new KafkaStreams(builder.build(), { ...quiet(), ...settings })
    await streams.start()
    return streams
  }
  const first = await start()
  let sent = 0
  const batch = () => Array.from({ length: 50 }, () => ({ key: `k${sent++ % 5_000}`, value: 'v' }))
  const feed = setInterval(() => void topics.write('in', texts, batch()), 20)
  await until(() => sent > 3_000)
  const second = await start()
  await sleep(3_000)
  clearInterval(feed)
  const { generation } = cluster.describeGroup('app')!
  await Promise.all([first.close(), second.close()])
  return generation
}
const right = await generations(24 * 3_600_000)
const seen = await outcome(() => generations(30 * 24 * 3_600_000))
const refused = typeof seen === 'string' && seen.startsWith('MILLRACE_CONFIG_INVALID')
check('generations with 30 days, as with one day', seen, refused ? seen : right)
process.exit()
