import { kafka, type ClientFactory } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'

const CLIENTS = { wire: kafka, kafkajs } as const

/** The client of the applications in these tests: Millrace's own, or that of `MILLRACE_TEST_CLIENT`. */
export function clientUnderTest(brokers: string): ClientFactory {
  return CLIENTS[nameOfClientUnderTest()]({ brokers })
}

/** @throws when the variable names none of them */
export function nameOfClientUnderTest(): keyof typeof CLIENTS {
  const name = process.env['MILLRACE_TEST_CLIENT'] ?? 'wire'
  if (name !== 'wire' && name !== 'kafkajs') {
    throw new Error(`MILLRACE_TEST_CLIENT is "${name}"; possible are wire and kafkajs`)
  }
  return name
}
