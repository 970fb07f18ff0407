import { kafka, type ClientFactory } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'

/** Two ways to Kafka: through kafkajs, or by Millrace's own client. The application is the same. */
export function clientOf(where: {
  readonly brokers: readonly string[]
  readonly client: 'kafkajs' | 'wire'
}): ClientFactory {
  const brokers = [...where.brokers]
  return where.client === 'wire' ? kafka({ brokers }) : kafkajs({ brokers })
}
