import { kafka, type ClientFactory } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'

const CLIENTS: Readonly<Record<string, (options: { readonly brokers: string }) => ClientFactory>> = {
  wire: kafka,
  kafkajs,
}

/** The client of the applications in these tests: Millrace's own, or that of `MILLRACE_TEST_CLIENT`. */
export function clientUnderTest(brokers: string): ClientFactory {
  const name = nameOfClientUnderTest()
  const client = CLIENTS[name]
  if (client === undefined) throw new Error(`MILLRACE_TEST_CLIENT is "${name}"; possible are wire and kafkajs`)
  return client({ brokers })
}

export function nameOfClientUnderTest(): string {
  return process.env['MILLRACE_TEST_CLIENT'] ?? 'wire'
}
