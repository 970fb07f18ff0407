/**
 * Alerts: a sensor that was too hot three times in a row has an alert, until it is cool again. The alerts are a table, and a live query tells of each
 * that begins and ends, those of before the start included.
 *
 *     node --conditions=millrace-source examples/09-alerts.ts
 *     KAFKA_BROKERS=localhost:9092 node --conditions=millrace-source examples/09-alerts.ts
 */
import {
  double,
  kafka,
  KafkaStreams,
  long,
  memoryClient,
  MemoryCluster,
  openTopics,
  type Plan,
  StreamsBuilder,
  string,
  systemClock,
} from 'millrace'

const TOO_HOT = 80
const IN_A_ROW = 3n
const readings = { key: string(), value: double() }

export function alerts(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('readings', readings)
    .groupByKey()
    .aggregate(
      () => 0n,
      (row, degrees) => (degrees > TOO_HOT ? row + 1n : 0n),
      { value: long() },
    )
    // A row that no longer matches is deleted: the alert has ended.
    .filter(row => row >= IN_A_ROW, { store: 'alerts' })
  return builder.build()
}

const READINGS = [
  ['boiler', 79],
  ['boiler', 85],
  ['oven', 90],
  ['boiler', 88],
  ['boiler', 91],
  ['oven', 70],
  ['boiler', 92],
  ['boiler', 75],
] as const

async function main(): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS']
  const client = brokers ? kafka({ brokers }) : memoryClient(new MemoryCluster({ clock: systemClock }))
  await using topics = await openTopics(client)
  await topics.create({ name: 'readings', partitions: 2 })
  // A live query tells of commits, so they come soon after each other.
  await using streams = new KafkaStreams(alerts(), {
    applicationId: 'alerts',
    client,
    processingGuarantee: 'exactly_once',
    commitIntervalMs: 10,
  })
  await streams.start()

  const sensor = (async () => {
    for (const [key, value] of READINGS) {
      await topics.write('readings', readings, [{ key, value }])
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  })()
  const open = new Set<string>()
  let ended = 0
  for await (const event of streams.watch<string, bigint>({ store: 'alerts' })) {
    if (event.type === 'waiting') continue
    for (const { key, value } of event.entries) {
      if (value !== undefined && !open.has(key)) console.log(`ALERT ${key}: too hot ${value} times in a row`)
      if (value === undefined && open.has(key)) {
        console.log(`${key} is cool again`)
        ended++
      }
      if (value === undefined) open.delete(key)
      else open.add(key)
    }
    if (ended > 0) break
  }
  await sensor
}

if (import.meta.main) await main()
