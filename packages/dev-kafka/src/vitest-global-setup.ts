import type { KafkaVersion } from './kafka-release.ts'
import { sharedKafka } from './shared-kafka.ts'

/**
 * Vitest's global setup: one Kafka for all test files, found by `startKafka()` or in `KAFKA_BROKERS`. Put
 * `globalSetup: ['@millrace/dev-kafka/vitest']` into the configuration. `DEV_KAFKA_BROKERS` (1 or 3) and
 * `DEV_KAFKA_VERSION` choose another one than the default.
 *
 * @returns the teardown
 */
export async function setup(): Promise<() => Promise<void>> {
  const { DEV_KAFKA_BROKERS: brokers, DEV_KAFKA_VERSION: version } = process.env
  const kafka = await sharedKafka({
    ...(brokers === undefined ? {} : { brokers: Number(brokers) as 1 | 3 }),
    ...(version === undefined ? {} : { version: version as KafkaVersion }),
    log: line => void process.stderr.write(`dev-kafka: ${line}\n`),
  })
  return () => kafka.stop()
}
