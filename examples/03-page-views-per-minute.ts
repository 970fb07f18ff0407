/**
 * Counts the views of each page in each minute: tumbling windows, which wait a while for records that come late.
 *
 *     node --conditions=millrace-source examples/03-page-views-per-minute.ts
 *     KAFKA_BROKERS=localhost:9092 node --conditions=millrace-source examples/03-page-views-per-minute.ts
 */
import {
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
  timeWindowed,
  tumbling,
} from 'millrace'

const MINUTE = 60_000
const views = { key: string(), value: string() } // by user: the page
const counts = { key: timeWindowed(string(), { sizeMs: MINUTE }), value: long() }

export function pageViewsPerMinute(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('page-views', views)
    .groupBy(page => page, views)
    // A view belongs to the minute in which it happened, whenever it comes: time is that of the records. Once a record 10
    // seconds past a minute's end has been seen, that minute is closed, and what comes for it is dropped.
    .windowedBy(tumbling({ sizeMs: MINUTE, graceMs: 10_000 }))
    .count({ store: 'views-per-minute' })
    .toStream()
    .to('page-views-per-minute', { key: counts.key })
  return builder.build()
}

/** Seconds since the start, user, page; in the order in which they come. */
const VIEWS = [
  [1, 'ada', 'home'],
  [20, 'bob', 'home'],
  [45, 'ada', 'cart'],
  [62, 'eve', 'home'],
  [55, 'bob', 'cart'], // 7 seconds late, within the grace
  [75, 'eve', 'cart'], // closes the first minute
  [30, 'eve', 'home'], // too late
  [80, 'ada', 'home'],
] as const

async function main(): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS']
  const client = brokers ? kafka({ brokers }) : memoryClient(new MemoryCluster({ clock: systemClock }))

  await using topics = await openTopics(client)
  await topics.create({ name: 'page-views', partitions: 1 }, { name: 'page-views-per-minute', partitions: 1 })
  const updates = await topics.read('page-views-per-minute', counts, { from: 'latest' })
  const start = Math.floor(Date.now() / MINUTE) * MINUTE
  await topics.write(
    'page-views',
    views,
    VIEWS.map(([seconds, key, value]) => ({ key, value, timestamp: start + seconds * 1000 })),
  )

  await using streams = new KafkaStreams(pageViewsPerMinute(), {
    applicationId: 'page-views',
    client,
    caching: 'off', // each update by itself, not only the last before each commit
  })
  await streams.start()

  let left = VIEWS.length - 1 // less the one that is too late
  for await (const { key, value } of updates) {
    const minute = (key!.window.start - start) / MINUTE + 1
    console.log(`minute ${minute}: ${key!.key} ${value}`)
    if (--left === 0) break
  }
}

if (import.meta.main) await main()
