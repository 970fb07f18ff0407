import { type GroupConsumer, LONG_AGO, longestSince, momentOf } from '@millrace/core'
import { type Committer, confirmWithin } from '../commit/committer.ts'
import type { ResolvedOptions } from '../config/options.ts'
import type { ThreadMeters } from '../observe/thread-meters.ts'
import type { QueryTurns } from '../query/query-turns.ts'
import type { BackPressure } from '../task/back-pressure.ts'
import type { Task } from '../task/task.ts'
import type { TaskSet } from '../task/task-set.ts'
import type { RepartitionPurge } from '../topics/repartition-purge.ts'

export interface RoundOptions {
  readonly options: ResolvedOptions
  readonly consumer: GroupConsumer
  readonly tasks: TaskSet
  readonly backPressure: BackPressure
  readonly committer: Committer
  readonly purge: RepartitionPurge
  readonly thread: ThreadMeters
  readonly turns: QueryTurns
  /** The application is paused: tasks neither process nor punctuate. */
  readonly isPaused: () => boolean
}

/** After a commit that came between two generations of the group. */
const FETCH_AGAIN_MS = 50

/**
 * One round takes records from poll to commit:
 *
 * 1. `poll` queues fetched batches with their tasks. Rebalances happen inside it (`task-ownership.ts`).
 * 2. After a pause, the group is asked whether the tasks are still this member's.
 * 3. Each task processes a turn's worth of its queues, runs punctuations, and advances stream time if it is idle. While the stores are
 *    queried, the event loop has its turn after each.
 * 4. Back-pressure: the loop waits for a full producer, and partitions with full queues are paused.
 * 5. `commit`, if it is due: flush, acknowledgements, offsets, stores (`commit/commit-scope.ts`).
 *
 * An error ends the round. What follows is decided in `recovery.ts`.
 */
export class Round {
  readonly #with: RoundOptions
  #lastPoll = LONG_AGO
  /** In this round. */
  #processed = 0
  /** The milliseconds of each task's turn in this round. */
  readonly #turns = new Map<Task, number>()

  constructor(options: RoundOptions) {
    this.#with = options
  }

  /**
   * @param maxWaitMs how long to wait for records if there is nothing to do
   * @param maxRecords for each task; by default a turn's worth
   * @returns whether anything was done
   */
  async run(maxWaitMs: number, maxRecords?: number): Promise<boolean> {
    const fetched = await this.#poll(this.#mayWait(maxWaitMs))
    await this.#confirmAfterPause()
    const processed = await this.#process(maxRecords)
    const committed = await this.#commitIfDue()
    this.#with.thread.roundOver(this.#processed)
    return fetched || processed || committed
  }

  async #poll(maxWaitMs: number): Promise<boolean> {
    const { consumer, tasks, committer, options, thread } = this.#with
    tasks.beginPoll()
    const began = options.clock.monotonic()
    const batches = await consumer.poll(maxWaitMs)
    thread.polled(
      began,
      batches.reduce((sum, { recordCount }) => sum + recordCount, 0),
    )
    if (await committer.beforeProcessing(batches, batch => tasks.wants(batch))) {
      for (const batch of batches) tasks.enqueue(batch)
    } else {
      tasks.fetchAgain(batches)
      // Otherwise broker and group were asked without end until the rebalance is over.
      await options.clock.sleep(FETCH_AGAIN_MS)
    }
    return batches.length > 0
  }

  /** Full batches are sent during processing, so a process that stood still and may have lost its tasks must not process. */
  async #confirmAfterPause(): Promise<void> {
    const { consumer, tasks, options } = this.#with
    const { clock, processingGuarantee } = options
    const age = longestSince(this.#lastPoll, clock)
    this.#lastPoll = momentOf(clock)
    if (processingGuarantee === 'exactly_once' || tasks.suspended || tasks.running.length === 0) return
    const withinMs = confirmWithin(options)
    // A member that joins again learns it then.
    if (age > withinMs && !consumer.isRebalancing()) await consumer.confirm(withinMs)
  }

  async #process(maxRecords: number | undefined): Promise<boolean> {
    const { tasks, backPressure, turns } = this.#with
    this.#processed = 0
    if (tasks.suspended) return false
    let did = false
    for (const task of tasks.running) {
      if (await this.#runTask(task, maxRecords)) did = true
      const full = task.producer.pending()
      if (full !== undefined) await full
      backPressure.apply(task.queues)
      await turns.give()
    }
    if (this.#turns.size > 0) this.#shareOut()
    return did
  }

  async #runTask(task: Task, maxRecords: number | undefined): Promise<boolean> {
    // Asked for each task: user code can pause the application.
    if (this.#with.isPaused()) return false
    const processed = task.canProcess() && (await this.#takeTurn(task, maxRecords))
    const punctuated = await task.punctuate()
    const advanced = await task.advance()
    return processed || punctuated || advanced
  }

  async #takeTurn(task: Task, maxRecords: number | undefined): Promise<boolean> {
    const { options, thread, turns } = this.#with
    const [before, began] = [task.processed, options.clock.monotonic()]
    try {
      return await task.process(maxRecords, turns.turnMs)
    } finally {
      this.#processed += task.processed - before
      this.#turns.set(task, thread.processed(began))
    }
  }

  /** The share of each task in what the round has spent on processing. */
  #shareOut(): void {
    let all = 0
    for (const ms of this.#turns.values()) all += ms
    for (const task of this.#with.tasks.running) {
      task.meters.processRatio = all === 0 ? 0 : (this.#turns.get(task) ?? 0) / all
    }
    this.#turns.clear()
  }

  async #commitIfDue(): Promise<boolean> {
    const { tasks, committer, purge, options, thread } = this.#with
    const began = options.clock.monotonic()
    const committed = !tasks.suspended && committer.isDue() && (await committer.commit()) === 'done'
    if (committed) thread.committed(began)
    purge.purgeIfDue()
    return committed
  }

  /** No wait while records are buffered; otherwise until the next thing is due. */
  #mayWait(maxWaitMs: number): number {
    const { tasks, committer, isPaused } = this.#with
    // What is due between two assignments waits for the next one.
    const running = isPaused() || tasks.suspended ? [] : tasks.running
    if (running.some(task => task.canProcess())) return 0
    let wait = Math.min(maxWaitMs, committer.dueIn())
    for (const task of running) wait = Math.min(wait, task.dueIn())
    return Math.max(0, wait)
  }
}
