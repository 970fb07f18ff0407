// Needs a broker (KAFKA_BROKERS). The batches of an input topic are compressed with snappy, lz4 or zstd, as by many producers.
// Here the broker compresses them: the topic's compression.type names the codec.
// Right: gzip and zstd are read (Node has both built in). snappy and lz4 are read, or, where an optional package is missing,
//   refused at once with an error of kind "config" that names the codec and the package to install.
// At 19161dd: gzip is read. The others end the application after 10 s of attempts with MILLRACE_CLIENT_REQUEST_FAILED (fatal),
//   "Snappy compression not implemented", and the hint that the broker refused the request for good.
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { brokers, check, outcome, quiet, until } from './check.ts'

const texts = { key: string(), value: string() }
const client = kafkajs({ brokers: brokers() })
await using topics = await openTopics(client, quiet())
for (const codec of ['gzip', 'zstd', 'snappy', 'lz4']) {
  const topic = `case-${codec}-${process.pid}`
  await topics.create({ name: topic, partitions: 1, configs: { 'compression.type': codec } })
  const text = 'some text that repeats itself '.repeat(20)
  const records = Array.from({ length: 50 }, (_, n) => ({ key: 'k', value: text + n }))
  await topics.write(topic, texts, records)
  let read = 0
  const builder = new StreamsBuilder()
  builder.stream(topic, texts).foreach(value => void (value.startsWith(text) && read++))
  const streams = new KafkaStreams(builder.build(), { ...quiet(), applicationId: `app-${topic}`, client })
  const ended = await outcome(async () => {
    await streams.start()
    await Promise.race([streams.ended(), until(() => read === 50)])
    return `${read} records read`
  }, 40_000)
  const optional = ['snappy', 'lz4'].includes(codec) && new RegExp(`\\(config\\).*${codec}`, 'i').test(ended)
  check(codec, ended, optional ? ended : '50 records read')
  await outcome(() => streams.close(), 10_000)
}
process.exit()
