import { DevKafkaError, sharedKafka, type DevKafka } from '@millrace/dev-kafka'

/** A Kafka for the steps that need one, or why there is none and whether that is a reason to skip them. */
export type ProvidedKafka = { readonly kafka: DevKafka } | { readonly missing: string; readonly maySkip: boolean }

/**
 * Starts the Kafka that all steps share: it sets `KAFKA_BROKERS`, by which their processes find it. A developer's machine
 * that has nothing to start one with skips them; with `CI` set that is a failure, as is any other error everywhere.
 */
export async function provideKafka(): Promise<ProvidedKafka> {
  try {
    return { kafka: await sharedKafka({ log: line => console.error(`dev-kafka: ${line}`) }) }
  } catch (error) {
    const nothingToStart = error instanceof DevKafkaError && error.code === 'DEV_KAFKA_UNAVAILABLE'
    return { missing: String(error), maySkip: nothingToStart && !process.env['CI'] }
  }
}
