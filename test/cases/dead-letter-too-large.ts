// Needs a broker (KAFKA_BROKERS). A record of 2 MB comes in; input, output and dead-letter topic take 6 MB (max.message.bytes).
// Right: where the application may send what its topics take, the record is written. Where its own limit is lower (1 MiB, as
//   max.request.size in Java), it is a bad record: the letter is cut to what may be sent and marked as cut, and the next record
//   comes out.
// At 19161dd: the letter, larger than the record by its headers, ends the application with MILLRACE_PRODUCE_RECORD_TOO_LARGE,
//   and so again at each start. The hint says to raise "maxRequestBytes of the client", an option that does not exist.
import { Kafka, logLevel } from 'kafkajs'
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { brokers, check, follow, outcome, quiet, until } from './check.ts'

const texts = { key: string(), value: string() }
const client = kafkajs({ brokers: brokers() })
await using topics = await openTopics(client, quiet())
const producer = new Kafka({ brokers: brokers().split(','), logLevel: logLevel.NOTHING }).producer()
await producer.connect()
for (const processingGuarantee of ['at_least_once', 'exactly_once'] as const) {
  const name = `${processingGuarantee}-${process.pid}`
  const [input, output, dead] = [`case-in-${name}`, `case-out-${name}`, `case-dead-${name}`]
  const configs = { 'max.message.bytes': '6000000' }
  for (const topic of [input, output, dead]) await topics.create({ name: topic, partitions: 1, configs })
  for (const value of ['one', 'x'.repeat(2_000_000), 'three'])
    await producer.send({ topic: input, messages: [{ key: 'k', value }] })
  const [written, letters] = [follow(topics, output, texts), follow(topics, dead, texts)]
  const builder = new StreamsBuilder()
  const marked = builder.stream(input, texts).mapValues(value => `${value}!`)
  marked.to(output, texts)
  const settings = { applicationId: `app-${name}`, client, processingGuarantee, onBadRecord: { deadLetterTopic: dead } }
  const streams = new KafkaStreams(builder.build(), { ...quiet(), ...settings })
  const ended = await outcome(async () => {
    await streams.start()
    const done = until(() => written.length + letters.length >= 3)
    return (await Promise.race([streams.ended(), done])) === true ? 'goes on' : 'ended'
  })
  const lengths = written.map(({ value }) => value?.length)
  const whole = { ended: 'goes on', lengths: [4, 2_000_001, 6], letters: 0 }
  const cut = { ended: 'goes on', lengths: [4, 6], letters: 1 }
  check(processingGuarantee, { ended, lengths, letters: letters.length }, lengths.length === 3 ? whole : cut)
  await outcome(() => streams.close(), 10_000)
}
process.exit()
