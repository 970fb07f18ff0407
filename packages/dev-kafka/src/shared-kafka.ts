import type { DevKafka, StartKafkaOptions } from './dev-kafka.ts'
import { startKafka } from './start-kafka.ts'

let shared: Promise<DevKafka> | undefined

/**
 * The one Kafka of this process and of the processes that it starts: the first call starts it with its options and sets
 * `KAFKA_BROKERS`, by which every later call, here or in a child process, finds it. It ends with this process, or with
 * `stop()` on what the first call gave.
 *
 * @throws DevKafkaError as `startKafka` does; the next call tries again
 */
export function sharedKafka(options: StartKafkaOptions = {}): Promise<DevKafka> {
  shared ??= start(options)
  return shared
}

async function start(options: StartKafkaOptions): Promise<DevKafka> {
  try {
    const kafka = await startKafka(options)
    const before = process.env['KAFKA_BROKERS']
    process.env['KAFKA_BROKERS'] = kafka.brokers
    const stop = async (): Promise<void> => {
      shared = undefined
      if (before === undefined) delete process.env['KAFKA_BROKERS']
      else process.env['KAFKA_BROKERS'] = before
      await kafka.stop()
    }
    return { ...kafka, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    shared = undefined
    throw error
  }
}
