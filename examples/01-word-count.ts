/**
 * Counts words: lines come in from one topic, each change of a count goes out to another.
 *
 *     node --conditions=millrace-source examples/01-word-count.ts
 *     KAFKA_BROKERS=localhost:9092 node --conditions=millrace-source examples/01-word-count.ts
 *
 * The first runs on a Kafka in memory, the second on yours.
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
} from 'millrace'

/** A topology is a value: nothing runs before a `KafkaStreams` or a test driver is given it. */
export function wordCount(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', { key: string(), value: string() })
    .flatMapValues(line => line.toLowerCase().match(/\p{L}+/gu) ?? [])
    // The word becomes the key. Records of one key have to meet in one place, so from here on they go through a topic that
    // Millrace makes: word-count-counts-repartition.
    .groupBy(word => word, { key: string(), value: string() })
    .count({ store: 'counts' })
    .toStream()
    .to('word-counts', { key: string(), value: long() })
  return builder.build()
}

const LINES = [
  'To be, or not to be, that is the question:',
  "Whether 'tis nobler in the mind to suffer",
  'The slings and arrows of outrageous fortune,',
  'Or to take arms against a sea of troubles',
]

async function main(): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS']
  const client = brokers ? kafka({ brokers }) : memoryClient(new MemoryCluster({ clock: systemClock }))

  // Topics of the application's own are never created by Millrace: their partitions are your decision.
  await using topics = await openTopics(client)
  await topics.create({ name: 'lines', partitions: 2 }, { name: 'word-counts', partitions: 2 })
  const updates = await topics.read('word-counts', { key: string(), value: long() }, { from: 'latest' })
  await topics.write(
    'lines',
    { key: string(), value: string() },
    LINES.map(value => ({ value })),
  )

  // Usually a count goes out once with each commit, however often it has changed. Here each change is to be seen.
  await using streams = new KafkaStreams(wordCount(), { applicationId: 'word-count', client, caching: 'off' })
  await streams.start()

  let left = LINES.join(' ').match(/\p{L}+/gu)!.length
  for await (const { key, value } of updates) {
    console.log(`${key}: ${value}`)
    if (--left === 0) break
  }
}

if (import.meta.main) await main()
