import { DevKafkaError, sharedKafka, type DevKafka } from '@millrace/dev-kafka'
import { missingJavaTools } from '../../test/differential/missing-java-tools.ts'

/** What a step cannot do without, besides Node.js. */
export type Need = 'kafka' | 'java'

/** Why a step cannot run here, and whether that is a reason to skip it. */
export interface Missing {
  readonly reason: string
  readonly maySkip: boolean
}

/**
 * What the steps find around them. The Kafka that they share is started when the first one asks for it; it sets
 * `KAFKA_BROKERS`, by which their processes find it. What a developer's machine does not have is skipped; with `CI` set that
 * is a failure, and an error on the way is one everywhere.
 */
export class Surroundings implements AsyncDisposable {
  readonly #maySkip = !process.env['CI']
  #kafka: DevKafka | Missing | undefined

  async missing(need: Need): Promise<Missing | undefined> {
    if (need === 'java') {
      const reason = await missingJavaTools()
      return reason === undefined ? undefined : { reason, maySkip: this.#maySkip }
    }
    this.#kafka ??= await this.#startKafka()
    return 'reason' in this.#kafka ? this.#kafka : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kafka && 'stop' in this.#kafka) await this.#kafka.stop()
  }

  async #startKafka(): Promise<DevKafka | Missing> {
    try {
      return await sharedKafka({ log: line => console.error(`dev-kafka: ${line}`) })
    } catch (error) {
      const nothingToStart = error instanceof DevKafkaError && error.code === 'DEV_KAFKA_UNAVAILABLE'
      return { reason: String(error), maySkip: nothingToStart && this.#maySkip }
    }
  }
}
