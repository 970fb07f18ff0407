// Needs a broker (KAFKA_BROKERS). A record with headers of several names, two of them twice, is written, passes through
// mapValues and is read again.
// Right: all headers come out, in the order in which they were written (KIP-82: headers are an ordered list).
// At 19161dd: they come out grouped by name, those whose names look like numbers first: kafkajs keeps them in an object.
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { brokers, check, follow, outcome, quiet, until } from './check.ts'

const texts = { key: string(), value: string() }
const client = kafkajs({ brokers: brokers() })
await using topics = await openTopics(client, quiet())
const [input, output] = [`case-in-${process.pid}`, `case-out-${process.pid}`]
await topics.create({ name: input, partitions: 1 }, { name: output, partitions: 1 })
const written = ['trace=1', 'hop=a', 'trace=2', 'hop=b', '10=ten', '2=two', '=no name']
const headers = written.map(header => {
  const [key = '', value = ''] = header.split('=')
  return { key, value: Buffer.from(value) }
})
await topics.write(input, texts, [{ key: 'k', value: 'v', headers }])

const builder = new StreamsBuilder()
const marked = builder.stream(input, texts).mapValues(value => `${value}!`)
marked.to(output, texts)
const streams = new KafkaStreams(builder.build(), { ...quiet(), applicationId: `app-${output}`, client })
await streams.start()
const records = follow(topics, output, texts)
await until(() => records.length === 1)
const seen = records[0]?.headers.map(({ key, value }) => `${key}=${Buffer.from(value ?? []).toString()}`)
check('headers', seen, written)
await outcome(() => streams.close(), 10_000)
process.exit()
