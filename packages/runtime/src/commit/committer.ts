import { type CommittedOffset, type FetchedBatch, type GroupConsumer, isMillraceError } from '@millrace/core'
import type { MemoryBudget } from '../config/memory-budget.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { fairShares } from '../state/fair-shares.ts'
import type { QueryTurns } from '../query/query-turns.ts'
import type { ProducerPool } from '../task/producer-pool.ts'
import type { Task } from '../task/task.ts'
import { commitTasks } from './commit-scope.ts'

/** Of the budget, what may be left after a commit without waiting for the backend: the next commit is due at a half. */
const MUCH_AFTER_COMMIT = 3 / 8

export interface CommitterOptions {
  readonly options: ResolvedOptions
  readonly budget: () => MemoryBudget
  readonly consumer: GroupConsumer
  readonly producers: ProducerPool
  readonly turns: QueryTurns
  /** Tasks that process records at the moment. */
  readonly running: () => readonly Task[]
  /** Told of each commit. */
  readonly onCommitted: (offsets: readonly CommittedOffset[]) => void
}

/** Decides when the running tasks are committed, and commits them. */
export class Committer {
  readonly #with: CommitterOptions
  #last: number
  /** Under at_most_once, by partition: the offset that was committed before its records were processed. */
  readonly #ahead = new Map<string, number>()

  constructor(options: CommitterOptions) {
    this.#with = options
    this.#last = options.options.clock.monotonic()
  }

  /** The interval is over, a task has asked, or what is buffered is too much. */
  isDue(): boolean {
    const { clock, commitIntervalMs } = this.#with.options
    const { stateBufferBytes } = this.#with.budget()
    if (clock.monotonic() - this.#last >= commitIntervalMs) return true
    const running = this.#with.running()
    return running.some(({ commitRequested }) => commitRequested) || bufferedBytes(running) >= stateBufferBytes / 2
  }

  /** In how many milliseconds the interval ends; Infinity while there is nothing to commit. */
  dueIn(): number {
    if (!this.#with.running().some(({ needsCommit }) => needsCommit)) return Infinity
    const { clock, commitIntervalMs } = this.#with.options
    return this.#last + commitIntervalMs - clock.monotonic()
  }

  /**
   * Commits what the tasks have done. `nothing` when there was nothing; `postponed` when the group is between two generations
   * and takes no offsets: nothing is lost, and what is still here after the rebalance is committed then.
   *
   * @param how `leaving`: others go on with these tasks, so their asynchronous operators are waited for, within limits. Tasks
   * that stay are committed with them only where they share the producer, whose transaction holds the work of all.
   */
  async commit(how: { readonly leaving?: readonly Task[] } = {}): Promise<'done' | 'nothing' | 'postponed'> {
    const { options, consumer, producers, turns } = this.#with
    const { leaving } = how
    const running = this.#with.running()
    const until = leaving === undefined ? undefined : options.clock.monotonic() + leavingWaitMs(options)
    if (until !== undefined) for (const task of leaving!) await task.finishCalls(until)
    const concerned = producers.perTask ? (leaving ?? running) : running
    const dirty = concerned.filter(({ needsCommit }) => needsCommit)
    if (concerned === running) this.#last = options.clock.monotonic()
    try {
      const confirmWithinMs = confirmWithin(options)
      const offsets = OFFSETS_GO[options.processingGuarantee]
      const groups = producers.perTask ? dirty.map(task => [task]) : dirty.length > 0 ? [dirty] : []
      for (const tasks of groups) {
        const committed = await commitTasks({
          tasks,
          producer: tasks[0]!.producer,
          consumer,
          offsets,
          confirmWithinMs,
          until,
          turns,
        })
        this.#with.onCommitted(committed)
      }
      if (leaving !== undefined) await this.giveBack(leaving)
    } catch (error) {
      if (!isBetweenGenerations(error, consumer)) throw error
      options.logger.debug({ error }, 'the group is rebalancing: the commit follows afterwards')
      return 'postponed'
    }
    await this.#giveMemoryBack(running)
    return dirty.length > 0 ? 'done' : 'nothing'
  }

  /**
   * Under at_most_once: commits the offsets after the batches that are taken, before any of their records is processed.
   * @returns false when the group is between two generations and takes no offsets: none of the batches may be processed then
   */
  async beforeProcessing(
    fetched: readonly FetchedBatch[],
    isTaken: (batch: FetchedBatch) => boolean,
  ): Promise<boolean> {
    const { options, consumer } = this.#with
    if (options.processingGuarantee !== 'at_most_once') return true
    const batches = fetched.filter(isTaken)
    if (batches.length === 0) return true
    const offsets = batches.map(({ topic, partition, nextOffset, leaderEpoch }) => ({
      topic,
      partition,
      offset: nextOffset,
      ...(leaderEpoch !== undefined && { leaderEpoch }),
    }))
    try {
      await consumer.commit(offsets)
    } catch (error) {
      if (isBetweenGenerations(error, consumer)) {
        options.logger.debug({ error }, 'the group is rebalancing: what was fetched is fetched again afterwards')
        return false
      }
      // It may have been carried out.
      this.#committedAhead(offsets)
      throw error
    }
    this.#committedAhead(offsets)
    return true
  }

  #committedAhead(offsets: readonly CommittedOffset[]): void {
    for (const { topic, partition, offset } of offsets) this.#ahead.set(`${topic}-${partition}`, offset)
  }

  /** Under at_most_once: what is committed and was not begun is of the next owner, or of these tasks when they start again. */
  async giveBack(tasks: readonly Task[]): Promise<void> {
    const queues = tasks
      .flatMap(task => task.queues)
      .filter(({ topic, partition, position }) => position < (this.#ahead.get(`${topic}-${partition}`) ?? 0))
    if (queues.length === 0) return
    await this.#with.consumer.commit(
      queues.map(({ topic, partition, position, leaderEpoch }) => ({
        topic,
        partition,
        offset: position,
        ...(leaderEpoch !== undefined && leaderEpoch >= 0 && { leaderEpoch }),
      })),
    )
    for (const queue of queues) {
      this.#ahead.delete(`${queue.topic}-${queue.partition}`)
      // A task that stays in an eager rebalance must not process what is not committed.
      queue.drop()
    }
  }

  /** After a commit entries are clean, and those above the budget can go. */
  async #giveMemoryBack(running: readonly Task[]): Promise<void> {
    const { stateBufferBytes: budget } = this.#with.budget()
    if (bufferedBytes(running) < budget / 2) return
    evict(running, budget / 4)
    if (bufferedBytes(running) < budget * MUCH_AFTER_COMMIT) return
    // What the backend is still writing must stay until it is there.
    for (const task of running) await task.stores.settle()
    evict(running, budget / 4)
  }
}

function evict(tasks: readonly Task[], limit: number): void {
  const shares = fairShares(
    tasks.map(({ stores }) => stores.bytes),
    limit,
  )
  for (const [index, { stores }] of tasks.entries()) stores.evict(shares[index]!)
}

/** How long asynchronous operators are waited for while the group, or the caller of close(), waits. */
function leavingWaitMs({ sessionTimeoutMs, closeTimeoutMs }: ResolvedOptions): number {
  return Math.min(sessionTimeoutMs / 2, closeTimeoutMs / 4)
}

/** How old the group's word may be that the tasks are still this member's, which leaves most of a session for what is written on it. */
export function confirmWithin({ sessionTimeoutMs }: ResolvedOptions): number {
  return sessionTimeoutMs / 4
}

/** Where the input offsets are committed. */
const OFFSETS_GO = {
  exactly_once: 'transaction',
  at_least_once: 'group',
  at_most_once: 'committed-before',
} as const

function bufferedBytes(running: readonly Task[]): number {
  let bytes = 0
  for (const task of running) bytes += task.stores.bytes
  return bytes
}

/**
 * Whether the group refused offsets only because it has a generation that this member is about to hear of. A transaction's
 * offsets are refused as if the member had lost its place; if it has, the next poll says so.
 */
function isBetweenGenerations(error: unknown, consumer: GroupConsumer): boolean {
  if (!isMillraceError(error)) return false
  if (error.code === 'MILLRACE_GROUP_REBALANCING') return true
  return error.code === 'MILLRACE_GROUP_FENCED' && consumer.isRebalancing()
}
