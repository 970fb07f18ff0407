import {
  isMillraceError,
  millraceError,
  type AppenderOptions,
  type CommittedOffset,
  type GroupMetadata,
  type Producer,
  type ProducerOptions,
  type TopicAppender,
  type TopicPartitionOffset,
} from '@millrace/core'
import { faultyCall, type FaultyConnection } from './faulty-call.ts'
import type { FaultOperation } from './fault-plan.ts'

/**
 * A producer whose calls get lost. A flush that was lost is never repeated, as the port says: it fails until an abort. A commit
 * without an answer makes the producer unusable, and using it nevertheless is reported as the defect that it is.
 */
export class FaultyProducer implements Producer {
  readonly #connection: FaultyConnection
  readonly #inner: Producer
  readonly #options: ProducerOptions
  #lost: unknown
  #outcomeUnknown = false
  /** The abort was carried out and its answer lost. */
  #aborted = false

  constructor(connection: FaultyConnection, inner: Producer, options: ProducerOptions) {
    this.#connection = connection
    this.#inner = inner
    this.#options = options
  }

  async init(): Promise<void> {
    await this.#call('producer.init', () => this.#inner.init())
    this.#lost = undefined
    this.#aborted = false
  }

  topic(name: string, options?: AppenderOptions): TopicAppender {
    return this.#inner.topic(name, options)
  }

  pending(): Promise<void> | undefined {
    return this.#inner.pending()
  }

  async flush(): Promise<readonly TopicPartitionOffset[]> {
    if (this.#lost !== undefined) throw this.#lost
    try {
      return await this.#call('producer.flush', () => this.#inner.flush())
    } catch (error) {
      this.#lost = error
      throw error
    }
  }

  begin(): void {
    this.#aborted = false
    this.#inner.begin()
  }

  sendOffsets(offsets: readonly CommittedOffset[], group: GroupMetadata): Promise<void> {
    return this.#call('producer.sendOffsets', () => this.#inner.sendOffsets(offsets, group))
  }

  /** An error that is not `fenced` leaves the outcome open, unless the records had failed before. */
  async commit(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost
    try {
      await this.#call('producer.commit', () => this.#inner.commit())
    } catch (error) {
      this.#outcomeUnknown = isMillraceError(error) && error.code === 'MILLRACE_TRANSACTION_UNKNOWN'
      throw error
    }
  }

  async abort(): Promise<void> {
    if (this.#aborted) return
    await this.#call('producer.abort', async () => {
      await this.#inner.abort()
      this.#aborted = true
    })
    this.#lost = undefined
    this.#aborted = false
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #call<T>(operation: FaultOperation, run: () => Promise<T>): Promise<T> {
    if (this.#outcomeUnknown) {
      throw millraceError('MILLRACE_CLIENT_CLOSED', {
        operation,
        object: 'producer, whose last commit has an unknown outcome',
      })
    }
    const { transactionalId } = this.#options
    const { cluster } = this.#connection.plan.options
    return faultyCall(this.#connection, {
      operation,
      run,
      ...(transactionalId !== undefined && cluster && { fence: () => cluster.fenceProducer(transactionalId) }),
      ...(operation === 'producer.commit' && {
        unanswered: () =>
          millraceError('MILLRACE_TRANSACTION_UNKNOWN', {
            transactionalId: transactionalId ?? '',
            reason: 'no answer came',
          }),
      }),
    })
  }
}
