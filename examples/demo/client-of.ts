import { kafka, type ClientFactory } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'

/** Millrace's own client, or kafkajs. The application is the same. */
export function clientOf(where: {
  readonly brokers: readonly string[]
  readonly client: 'wire' | 'kafkajs'
}): ClientFactory {
  const brokers = [...where.brokers]
  return where.client === 'wire' ? kafka({ brokers }) : kafkajs({ brokers })
}
