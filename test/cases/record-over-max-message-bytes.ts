// Needs a broker (KAFKA_BROKERS). One of three records is larger (50 kB) than the output topic takes (max.message.bytes 2,000).
// Right, under at-least-once and exactly-once alike: "fail" ends with an error that names the source record (topic, partition,
//   offset 1); "continue" leaves the record out and writes the others; with a dead-letter topic the source record is there.
// At 19161dd: under at-least-once every policy ends with MILLRACE_PRODUCE_FAILED, without the source record. Under exactly-once
//   every policy, "fail" too, logs "Kafka is not available; retrying" each second for ever and writes nothing.
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { brokers, check, follow, outcome, quiet, until } from './check.ts'

const texts = { key: string(), value: string() }
const client = kafkajs({ brokers: brokers() })
await using topics = await openTopics(client, quiet())
const records = ['one', 'x'.repeat(50_000), 'three'].map(value => ({ key: 'k', value }))
for (const processingGuarantee of ['at_least_once', 'exactly_once'] as const)
  for (const policy of ['fail', 'continue', 'dead-letter'] as const) {
    const name = `${processingGuarantee}-${policy}-${process.pid}`
    const [input, output, dead] = [`case-in-${name}`, `case-out-${name}`, `case-dead-${name}`]
    await topics.create({ name: input, partitions: 1 }, { name: dead, partitions: 1 })
    await topics.create({ name: output, partitions: 1, configs: { 'max.message.bytes': '2000' } })
    await topics.write(input, texts, records)
    const [written, letters] = [follow(topics, output, texts), follow(topics, dead, texts)]

    const builder = new StreamsBuilder()
    const marked = builder.stream(input, texts).mapValues(value => `${value}!`)
    marked.to(output, texts)
    const lines: string[] = []
    const onBadRecord = policy === 'dead-letter' ? { deadLetterTopic: dead } : policy
    const options = { ...quiet(lines), applicationId: `app-${name}`, client, processingGuarantee, onBadRecord }
    const streams = new KafkaStreams(builder.build(), options)
    const ended = await outcome(async () => {
      await streams.start()
      const done = until(() => written.length >= 2 && letters.length >= (policy === 'dead-letter' ? 1 : 0))
      return (await Promise.race([streams.ended(), done])) === true ? 'goes on' : 'ended'
    }, 20_000)
    const seen = {
      ended,
      written: written.map(({ value }) => value?.length),
      letters: letters.map(({ value }) => value?.length),
    }
    const right = { ended: 'goes on', written: [4, 6], letters: policy === 'continue' ? [] : [50_000] }
    const named = () => ended.includes(`${input}-0 at offset 1`)
    check(`${processingGuarantee}, ${policy}`, seen, policy === 'fail' ? named : right)
    if (ended.startsWith('no end')) console.log(`       logged: ${lines.at(-1)}`)
    await outcome(() => streams.close(), 10_000)
  }
process.exit()
