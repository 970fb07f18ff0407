// Needs a broker with a SASL/PLAIN listener, user "app", password "right". It starts one of its own (Java 17), unless
// KAFKA_SASL_BROKERS names one.
// The plainest secured set-up: kafkajs({ brokers, sasl }) with the right password; the same with a frozen sasl object, which a
// configuration library may give; and kafkajs({ kafka }) with a client of the user's own.
// Right: each starts and processes a record; nothing that the user has given is changed or copied to another thread unasked.
// At 19161dd: MILLRACE_CLIENT_REQUEST_FAILED, "… could not be cloned" and, frozen, "Cannot add property authenticationProvider, object
//   is not extensible": kafkajs adds a function to the sasl object, which is then handed to the heartbeat worker.
import { Kafka, logLevel } from 'kafkajs'
import { DevKafkaError, startSecuredKafka } from '@millrace/dev-kafka'
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { check, outcome, quiet, until } from './check.ts'

let stop = async () => {}
const brokers = process.env['KAFKA_SASL_BROKERS'] ?? (await startedBrokers())
const texts = { key: string(), value: string() }
const sasl = () => ({ mechanism: 'plain' as const, username: 'app', password: 'right' })
const kafka = new Kafka({ brokers: brokers.split(','), sasl: sasl(), logLevel: logLevel.NOTHING })
await using topics = await openTopics(kafkajs({ kafka }), quiet())
const clients = {
  'kafkajs({ brokers, sasl })': () => kafkajs({ brokers, sasl: sasl() }),
  'kafkajs({ brokers, sasl }), frozen': () => kafkajs({ brokers, sasl: Object.freeze(sasl()) }),
  'kafkajs({ kafka })': () => kafkajs({ kafka }),
}
for (const [n, [name, client]] of Object.entries(clients).entries()) {
  const topic = `case-sasl-${n}-${process.pid}`
  await topics.create({ name: topic, partitions: 1 })
  await topics.write(topic, texts, [{ key: 'k', value: 'v' }])
  let seen = 0
  const builder = new StreamsBuilder()
  builder.stream(topic, texts).foreach(() => void seen++)
  const options = { ...quiet(), applicationId: `app-${topic}`, client: client() }
  const streams = new KafkaStreams(builder.build(), options)
  const ended = await outcome(async () => {
    await streams.start()
    return (await until(() => seen === 1, 15_000)) ? 'processes' : 'started, processes nothing'
  })
  check(name, ended, 'processes')
  await outcome(() => streams.close(), 10_000)
}
await stop()
process.exit()

async function startedBrokers(): Promise<string> {
  try {
    const secured = await startSecuredKafka()
    stop = secured.stop
    return secured.saslBrokers
  } catch (error) {
    if (!(error instanceof DevKafkaError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}
