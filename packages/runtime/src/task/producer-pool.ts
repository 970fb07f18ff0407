import type { KafkaClient, Producer, TransactionReach } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { KnownLimits } from '../topics/topic-limits.ts'
import { LimitedProducer } from './limited-producer.ts'
import { type TaskId, taskName } from '../task-id.ts'

/**
 * The producers of an instance: one for all tasks, unless exactly-once can only be fenced task by task.
 *
 * A producer that has failed in any way is thrown away, never repaired: the next one of the same transactional id fences it
 * and ends what it left open, so there is no path on which a commit of unknown outcome is followed by an abort.
 */
export class ProducerPool {
  readonly #client: KafkaClient
  readonly #options: ResolvedOptions
  readonly #processId: string
  readonly #reach: (task?: TaskId) => Promise<TransactionReach>
  readonly #limits: Pick<KnownLimits, 'of'>
  readonly #producers = new Map<string, Promise<Producer>>()

  /** @param reach what the transactions of a task may hold; without one, those of all tasks */
  constructor(
    client: KafkaClient,
    options: ResolvedOptions,
    processId: string,
    reach: (task?: TaskId) => Promise<TransactionReach>,
    limits: Pick<KnownLimits, 'of'>,
  ) {
    this.#limits = limits
    this.#reach = reach
    this.#client = client
    this.#options = options
    this.#processId = processId
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
    if (this.transactional && !this.perTask) await this.#acquire('shared', undefined)
  }

  /** Ends a task's own producer; a shared one stays. */
  async release(task: string): Promise<void> {
    if (this.perTask) await this.#end(this.#key(task))
  }

  /** Throws all producers away. */
  async closeAll(): Promise<void> {
    for (const key of [...this.#producers.keys()]) await this.#end(key)
  }

  #key(task: string): string {
    return this.perTask ? task : 'shared'
  }

  #acquire(key: string, task: TaskId | undefined): Promise<Producer> {
    const found = this.#producers.get(key)
    if (found !== undefined) return found
    const made = this.#make(key, task)
    this.#producers.set(key, made)
    made.catch(() => this.#producers.delete(key))
    return made
  }

  async #make(key: string, task: TaskId | undefined): Promise<Producer> {
    const { applicationId, transactionTimeoutMs, maxRequestBytes: maxBatchBytes, clock } = this.#options
    const name = this.perTask ? key : this.#processId
    const inner = this.#client.producer(
      this.transactional
        ? {
            transactionalId: `${applicationId}-${name}`,
            transactionTimeoutMs,
            maxBatchBytes,
            reach: () => this.#reach(task),
          }
        : { maxBatchBytes },
    )
    const producer = new LimitedProducer(inner, this.#limits, clock)
    try {
      await producer.init()
    } catch (error) {
      await producer.close()
      throw error
    }
    if (this.transactional) producer.begin()
    return producer
  }

  async #end(key: string): Promise<void> {
    const producer = this.#producers.get(key)
    this.#producers.delete(key)
    try {
      await (await producer)?.close()
    } catch {
      // The caller that acquired it already has the error; there is nothing left to close.
    }
  }
}
