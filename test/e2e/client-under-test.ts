import { kafka, type ClientFactory } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'

/** The client of a real Kafka that the applications of these tests use: `MILLRACE_TEST_CLIENT=wire` for Millrace's own. */
export function clientUnderTest(brokers: string): ClientFactory {
  return process.env['MILLRACE_TEST_CLIENT'] === 'wire' ? kafka({ brokers }) : kafkajs({ brokers })
}
