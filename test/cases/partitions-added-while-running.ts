// Needs a broker (KAFKA_BROKERS). An input topic grows from 1 to 4 partitions while a counting application runs, and 40 records
// are written to all four. metadataRefreshMs is 5 s. The case takes 2 minutes where the behaviour is wrong.
// Right: the application follows, and 40 records are counted; or it ends soon with MILLRACE_TOPIC_GROWN (the changelog has
//   fewer partitions than the input) and says so in the log.
// At 19161dd: three partitions are not read, and nothing is logged at all. After some 100 s the state is REBALANCING without
//   tasks, and stays: MILLRACE_TOPIC_GROWN is thrown in a callback of the Kafka client, which tries again and loses the code.
import { Kafka, logLevel } from 'kafkajs'
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { brokers, check, outcome, quiet, sleep, until } from './check.ts'

const texts = { key: string(), value: string() }
const client = kafkajs({ brokers: brokers() })
await using topics = await openTopics(client, quiet())
const kafka = new Kafka({ brokers: brokers().split(','), logLevel: logLevel.NOTHING })
const admin = kafka.admin()
const producer = kafka.producer()
await Promise.all([admin.connect(), producer.connect()])

const topic = `case-grows-${process.pid}`
await topics.create({ name: topic, partitions: 1 })
let counted = 0
const builder = new StreamsBuilder()
const seen = builder.stream(topic, texts).peek(() => void counted++)
seen.groupByKey().count({ store: 'counts' })
const lines: string[] = []
const options = { ...quiet(lines), applicationId: `app-${topic}`, client, metadataRefreshMs: 5_000 }
const streams = new KafkaStreams(builder.build(), options)
await streams.start()

await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
await sleep(1_500)
const messages = Array.from({ length: 40 }, (_, n) => ({ key: `k${n}`, value: 'v', partition: n % 4 }))
await producer.send({ topic, messages })
const ended = await outcome(async () => {
  await Promise.race([streams.ended(), until(() => counted >= 40, 120_000)])
  return 'runs'
}, 125_000)
const result = { ended, counted, state: streams.state, tasks: streams.tasks().length, lines }
check('after the growth', result, () => ended.startsWith('MILLRACE_TOPIC_GROWN') || counted === 40)
await outcome(() => streams.close(), 10_000)
process.exit()
