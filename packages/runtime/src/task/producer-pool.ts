import {
  isMillraceError,
  type KafkaClient,
  millraceError,
  type Producer,
  type ProducerOptions,
  type SendPermit,
  type TransactionReach,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { KnownLimits } from '../topics/topic-limits.ts'
import { LimitedProducer } from './limited-producer.ts'
import { type TaskId, taskName } from '../task-id.ts'

/** Between two attempts to begin again. */
const RETRY_MS = 500

/**
 * The producers of an instance: one for all tasks, unless exactly-once can only be fenced task by task.
 *
 * A producer that has failed in any way is thrown away, never repaired: the next one of the same transactional id fences it
 * and ends what it left open, so there is no path on which a commit of unknown outcome is followed by an abort.
 */
export class ProducerPool {
  readonly #client: KafkaClient
  readonly #options: ResolvedOptions
  readonly #memberName: string
  readonly #reach: (task?: TaskId) => Promise<TransactionReach>
  readonly #limits: Pick<KnownLimits, 'of'>
  readonly #permit: SendPermit
  readonly #producers = new Map<string, Pooled>()
  /** When the producer of the instance is to begin again, by the monotonic clock; undefined while it need not. */
  #renewAt: number | undefined
  /** Why it cannot. */
  #failure: unknown

  /**
   * @param reach what the transactions of a task may hold; without one, those of all tasks
   * @param permit for producers without transactions
   */
  constructor(
    client: KafkaClient,
    options: ResolvedOptions,
    memberName: string,
    reach: (task?: TaskId) => Promise<TransactionReach>,
    limits: Pick<KnownLimits, 'of'>,
    permit: SendPermit,
  ) {
    this.#permit = permit
    this.#limits = limits
    this.#reach = reach
    this.#client = client
    this.#options = options
    this.#memberName = memberName
  }

  get transactional(): boolean {
    return this.#options.processingGuarantee === 'exactly_once'
  }

  /** Each task has a producer of its own. */
  get perTask(): boolean {
    return this.transactional && this.#client.capabilities.transactions === 'producer-per-task'
  }

  /** The producer of a task, initialised, with a transaction open where there are any. */
  acquire(task: TaskId): Promise<Producer> {
    return this.#acquire(this.#key(taskName(task)), this.perTask ? task : undefined)
  }

  /**
   * Has the producer of the instance end what an instance of its name has left open, which otherwise holds offsets of tasks that
   * others have. One of a task does so when the task begins.
   */
  async begin(): Promise<void> {
    if (this.ofInstance) await this.#acquire('shared', undefined)
  }

  /**
   * Does for the producer of the instance what its tasks do where there are some, and is to be called in each round. Thrown away, it begins
   * again at once: what it has left open holds back the readers of the output, and offsets of tasks that others have. One that the
   * broker's timeout ends while partitions have no leader may lose its markers, and nobody else looks for them.
   *
   * @returns undefined if there is nothing to wait for
   * @throws what keeps it from beginning, if waiting does not help, and MILLRACE_TRANSACTION_ABORTABLE as `Producer.pending`
   */
  attend(): Promise<void> | undefined {
    if (!this.ofInstance) return undefined
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
    const pooled = this.#producers.get('shared')
    if (pooled !== undefined) return pooled.begun ? pooled.producer.pending() : undefined
    const { clock, logger } = this.#options
    if (this.#renewAt === undefined || clock.monotonic() < this.#renewAt) return undefined
    this.#acquire('shared', undefined).catch((error: unknown) => {
      if (!isMillraceError(error, 'retriable')) this.#failure = error
      if (this.#renewAt !== undefined) this.#renewAt = clock.monotonic() + RETRY_MS
      logger.debug({ error }, 'the producer cannot begin again yet')
    })
    return undefined
  }

  /**
   * Ends what members have left open that do not run any more. With a producer of each task, its next owner does so.
   *
   * @param members names of members, as of transactional ids
   */
  async endLeftBehind(members: readonly string[]): Promise<void> {
    if (!this.transactional || this.perTask || members.length === 0) return
    await Promise.all(
      members.map(async member => {
        const producer = this.#client.producer(this.#producerOptions(member, undefined))
        try {
          await producer.init()
        } finally {
          await producer.close()
        }
      }),
    )
    this.#options.logger.info({ members }, 'ended what members that are gone may have left open')
  }

  /** Ends a task's own producer; a shared one stays. */
  async release(task: string): Promise<void> {
    if (this.perTask) await this.#end(this.#key(task))
  }

  /**
   * Ends what has not been committed, so that nobody has to wait for a transaction to time out. Not after a commit whose outcome is unknown.
   * @returns what has failed: then the transactions time out
   */
  async abortAll(): Promise<readonly unknown[]> {
    if (!this.transactional) return []
    const begun = [...this.#producers.values()].filter(({ begun }) => begun)
    const results = await Promise.allSettled(begun.map(({ producer }) => producer.abort()))
    return results.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []))
  }

  /** Throws all producers away, with what they have not committed. That of the instance begins again in the next round. */
  async discardAll(): Promise<void> {
    const notBefore = this.#renewAt ?? 0
    await this.closeAll()
    if (this.ofInstance) this.#renewAt = Math.max(notBefore, this.#options.clock.monotonic())
  }

  /** Throws all producers away for good. */
  async closeAll(): Promise<void> {
    this.#renewAt = undefined
    await Promise.all([...this.#producers.keys()].map(key => this.#end(key)))
  }

  /** One producer serves all tasks, by transactions. */
  get ofInstance(): boolean {
    return this.transactional && !this.perTask
  }

  #key(task: string): string {
    return this.perTask ? task : 'shared'
  }

  #acquire(key: string, task: TaskId | undefined): Promise<Producer> {
    const found = this.#producers.get(key)
    if (found !== undefined) return found.ready
    const producer = this.#make(key, task)
    const ready = this.#begin(producer)
    const pooled = { producer, ready, begun: false }
    this.#producers.set(key, pooled)
    ready.then(
      () => {
        pooled.begun = true
        this.#renewAt = undefined
      },
      () => {
        if (this.#producers.get(key) === pooled) this.#producers.delete(key)
      },
    )
    return ready
  }

  #make(key: string, task: TaskId | undefined): Producer {
    const name = this.perTask ? key : this.#memberName
    const inner = this.#client.producer(this.#producerOptions(name, task))
    return new LimitedProducer(inner, this.#limits, this.#options.clock)
  }

  #producerOptions(name: string, task: TaskId | undefined): ProducerOptions {
    const { applicationId, transactionTimeoutMs, maxRequestBytes: maxBatchBytes, compression } = this.#options
    if (!this.transactional) return { maxBatchBytes, compression, permit: this.#permit }
    const transactionalId = `${applicationId}-${name}`
    return { transactionalId, transactionTimeoutMs, maxBatchBytes, compression, reach: () => this.#reach(task) }
  }

  async #begin(producer: Producer): Promise<Producer> {
    try {
      await producer.init()
      if (this.transactional) producer.begin()
      return producer
    } catch (error) {
      await producer.close()
      if (!isMillraceError(error) || error.code !== 'MILLRACE_CLIENT_CLOSED') throw error
      // It was thrown away before it began.
      const reason = 'the producer was closed meanwhile'
      throw millraceError(
        'MILLRACE_CLIENT_NOT_YET',
        { operation: 'Initialising the producer', reason },
        { cause: error },
      )
    }
  }

  /** Also one that is still waiting for a broker: that fails then. */
  async #end(key: string): Promise<void> {
    const pooled = this.#producers.get(key)
    if (pooled === undefined) return
    this.#producers.delete(key)
    // The caller that acquired it has the error of its beginning; how a producer that nobody uses any more ends is of no interest.
    await Promise.allSettled([pooled.producer.close(), pooled.ready])
  }
}

interface Pooled {
  readonly producer: Producer
  /** The same, initialised. */
  readonly ready: Promise<Producer>
  readonly begun: boolean
}
