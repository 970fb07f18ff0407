import { asError, isMillraceError, type Plan } from '@millrace/core'
import { fateOfUncommitted } from '../commit/uncommitted.ts'
import { deadLetterTopicOf } from '../config/dead-letter-topic.ts'
import { checkGroupProtocol } from '../config/check-group-protocol.ts'
import type { MemoryBudget } from '../config/memory-budget.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { type MetricReading, Metrics } from '../observe/metrics.ts'
import type { RestoreListener } from '../observe/restore-listener.ts'
import type { StandbyListener } from '../observe/standby-listener.ts'
import type { OpenStateDirectory } from '../state/directory/state-directory.ts'
import type { Task } from '../task/task.ts'
import { taskName } from '../task-id.ts'
import { TopicPatterns } from '../topics/topic-patterns.ts'
import { GrowthWatch } from '../loop/growth-watch.ts'
import type { Engine, MemberStatus, TaskStatus } from './engine.ts'
import { type InstanceParts, openParts } from './instance-parts.ts'
import { Opened } from './opened.ts'
import { directoryOpener, openProcess } from './process-parts.ts'
import type { LocalQueries } from '../query/local-queries.ts'
import { Patience } from '../loop/patience.ts'
import { SlowAssignment } from '../loop/slow-assignment.ts'
import { metadataOf, type StreamsMetadata } from './streams-metadata.ts'
import { takeBackLate } from '../loop/take-back.ts'

export interface InstanceListener extends RestoreListener, StandbyListener {
  /** Whether the instance is waiting for, or making, tasks. */
  onRebalancing(rebalancing: boolean): void
  /** The broker cannot be reached, or can again (`undefined`). */
  onWaiting(cause: unknown): void
}

/** Who wants to know of an instance, and where it is. */
export interface InstanceSurroundings {
  readonly metrics?: Metrics
  readonly listener?: Partial<InstanceListener>
  /** The member has joined its group. */
  readonly onBegun?: () => void
  /** Lets the event loop have its turn within a round, while the stores are queried. @default only between rounds */
  readonly eventLoop?: () => Promise<void>
  /** For threads, and machines that are simulated. @default the directory lies in the file system */
  readonly openDirectory?: OpenStateDirectory
}

const nothing = () => undefined
const NOBODY_LISTENS: InstanceListener = {
  onRebalancing: nothing,
  onWaiting: nothing,
  onRestoreStart: nothing,
  onRestoreProgress: nothing,
  onRestoreEnd: nothing,
  onRestoreSuspended: nothing,
  onStandbyUpdateStart: nothing,
  onStandbyBatchLoaded: nothing,
  onStandbyUpdateSuspended: nothing,
}

/** One task's part of a store. */
export interface InstanceStore {
  readonly partition: number
  /** As processors see it. */
  readonly store: unknown
  /** What lasts of it: the same, but of a store of the user's own its entries. */
  readonly entries: unknown
}

/**
 * One member of an application: it connects, joins the group, and processes records. It does nothing by itself: `step` is one
 * round of work. A process calls it in a loop; a test calls it as needed.
 *
 * What happens to a record between poll and commit is in `loop/round.ts`, what follows after an error in `loop/recovery.ts`, and
 * what an assignment does to the tasks in `loop/task-ownership.ts`. `process-parts.ts` opens what belongs to the process,
 * `instance-parts.ts` what belongs to the member.
 */
export class Instance implements Engine {
  readonly #topics: TopicPatterns
  readonly #options: ResolvedOptions
  readonly #metrics: Metrics
  readonly #listener: InstanceListener
  readonly #patience: Patience
  readonly #growth: GrowthWatch
  readonly #openDirectory: OpenStateDirectory
  readonly #onBegun: () => void
  readonly #eventLoop: (() => Promise<void>) | undefined
  readonly #opened = new Opened()
  #begun: InstanceParts | undefined
  #slowAssignment: SlowAssignment | undefined
  /** What it may hold in memory. */
  budget: MemoryBudget
  #paused = false
  /** Closing has waited long enough: whatever fails now fails because of that. */
  #letGo = false
  #failure: unknown

  constructor(plan: Plan, options: ResolvedOptions, surroundings: InstanceSurroundings = {}) {
    const { metrics = new Metrics(), openDirectory } = surroundings
    this.#openDirectory = openDirectory ?? directoryOpener(options)
    this.#onBegun = surroundings.onBegun ?? nothing
    this.#eventLoop = surroundings.eventLoop
    this.#topics = new TopicPatterns(plan, options.applicationId, deadLetterTopicOf(options))
    checkGroupProtocol(plan, options)
    this.#options = options
    this.budget = options
    this.#metrics = metrics
    this.#listener = { ...NOBODY_LISTENS, ...surroundings.listener }
    this.#growth = new GrowthWatch(options, () => this.#topics.plan)
    this.#patience = new Patience(options, cause => this.#listener.onWaiting(cause))
  }

  /** Tasks that process records at the moment. */
  get tasks(): readonly Task[] {
    return this.#begun?.tasks.running ?? []
  }

  get taskStatus(): readonly TaskStatus[] {
    return this.tasks.map(task => ({
      id: task.name,
      processed: task.processed,
      streamTime: task.context.streamTime,
      lag: task.queues.reduce((sum, { end, position }) => sum + Math.max(0, end - position), 0),
    }))
  }

  get members(): readonly MemberStatus[] {
    const parts = this.#begun
    if (parts === undefined) return []
    return [{ name: parts.clientId, active: this.taskStatus, standby: parts.standbys.ids.map(taskName) }]
  }

  /** What is read only when somebody asks. The rest is where it is counted. */
  get readings(): readonly MetricReading[] {
    const parts = this.#begun
    if (parts === undefined) return []
    const { thread, tasks, standbys, globals } = parts
    const names = new Set([...tasks.ids, ...standbys.ids].map(taskName))
    return [...thread.readings(names), ...tasks.running.flatMap(({ meters }) => meters.readings()), ...globals.readings]
  }

  /** Undefined before `begin`. */
  get processId(): string | undefined {
    return this.#begun?.processId
  }

  /** The store of that name in each running task that has it, as user code sees it. */
  stores(name: string): readonly InstanceStore[] {
    const globals = this.#begun?.globals
    if (globals?.has(name))
      return [{ partition: 0, store: globals.readOnlyStore(name), entries: globals.readOnlyStore(name) }]
    return this.tasks
      .filter(({ stores }) => stores.codecs.has(name))
      .map(({ id, stores, context }) => ({
        partition: id.partition,
        store: stores.userStore(name, context),
        entries: stores.entriesOf(name, context),
      }))
  }

  /** Answers queries; undefined before `begin` and after `end`. */
  get queries(): LocalQueries | undefined {
    return this.#begun?.queries
  }

  /** Every instance of the application that has an `applicationServer`, as of the last assignment. */
  get metadata(): readonly StreamsMetadata[] {
    return metadataOf(this.#begun?.membership.hosts ?? [], this.#topics.plan)
  }

  /** Every assigned task is running, and the group is not about to assign others. */
  get ready(): boolean {
    return this.#running && this.#begun?.consumer.isRebalancing() === false
  }

  /** While it is true, no task processes or punctuates; everything else goes on, and records that come stay queued. */
  get paused(): boolean {
    return this.#paused
  }

  set paused(paused: boolean) {
    this.#paused = paused
    this.wakeup()
  }

  /**
   * Checks configuration, topics and the state directory, and joins the group. Waits for the broker until `signal` is aborted.
   * @throws MillraceError of kind `config` or `topology` for a problem that waiting does not fix
   */
  async begin(signal: AbortSignal): Promise<void> {
    const context = {
      topics: this.#topics,
      options: this.#options,
      metrics: this.#metrics,
      listener: this.#listener,
      patience: this.#patience,
      openDirectory: this.#openDirectory,
      onError: (error: unknown) => {
        this.#failure ??= asError(error)
      },
      onChange: () => this.#tellRebalancing(),
      eventLoop: this.#eventLoop,
      isPaused: () => this.#paused,
      budget: () => this.budget,
    }
    const process = await openProcess(context, this.#opened, signal)
    this.#begun = await openParts(process, context, this.#opened, signal)
    this.#begun.recovery.hasLetGo = this.#letGo
    this.#growth.begin(this.#begun.topicsAtStart)
    this.#begun.membership.subscribe(this.#begun.topicsAtStart)
    this.#slowAssignment = new SlowAssignment(this.#options)
    this.#onBegun()
  }

  /**
   * One round: fetch, process, punctuate, commit where due. `maxWaitMs` is how long to wait for records when there is
   * nothing to do; each task processes no more than `maxRecords`, by default a turn's worth. True when something was done.
   * @throws errors from which there is no recovery; the instance is to be ended then
   */
  async step(maxWaitMs: number, maxRecords?: number): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      const { topicWatch, ownership, producers, globals, round, membership, admin } = this.#parts
      const found = await topicWatch.refreshIfDue()
      await this.#growth.lookIfDue(this.#parts)
      await ownership.takeUpIfDue()
      const held = producers.attend()
      if (held !== undefined) await held
      const updated = await globals.update()
      const did = await round.run(maxWaitMs, maxRecords)
      await this.#slowAssignment?.check(membership.assignment !== undefined, admin)
      await this.#cleanIfDue()
      this.#patience.over()
      return found || updated || did
    } catch (error) {
      await this.#parts.recovery.after(error)
      return false
    }
  }

  /** Has the next `step` throw this, as a failure that nothing recovers from. */
  fail(error: unknown): void {
    this.#failure ??= asError(error)
    this.wakeup()
  }

  /** Commits what has been processed, whatever the commit interval says. */
  async commit(): Promise<boolean> {
    try {
      return (await this.#parts.committer.commit()) === 'done'
    } catch (error) {
      await this.#parts.recovery.after(error)
      return false
    }
  }

  /**
   * Looks for topics that match the patterns of sources, and joins the group again if others match than before: it then returns
   * true. This also happens each `metadataRefreshMs`.
   */
  refreshTopics(): Promise<boolean> {
    return this.#parts.topicWatch.refresh()
  }

  /** Makes a waiting `step` return at once. */
  wakeup(): void {
    this.#begun?.consumer.wakeup()
  }

  /** Lets go of what waits for a broker's acknowledgement: it fails, and the next owner processes its records again. */
  async stopWaiting(): Promise<void> {
    this.#letGo = true
    if (this.#begun !== undefined) this.#begun.recovery.hasLetGo = true
    await this.#begun?.producers.closeAll()
  }

  /**
   * After a failure: has every instance of the application end, and waits until their leader has told them, but no longer than
   * `waitMs`. This one is to be ended afterwards.
   */
  async shutDownApplication(waitMs: number, signal: AbortSignal): Promise<void> {
    const { membership, consumer } = this.#parts
    const { clock } = this.#options
    const deadline = clock.monotonic() + waitMs
    await membership.askForShutdown()
    while (!membership.shutdownTold && clock.monotonic() < deadline && !signal.aborted) {
      try {
        await consumer.poll(END_POLL_MS)
      } catch (error) {
        if (!isMillraceError(error, 'retriable', 'fenced')) throw error
        await clock.sleep(END_POLL_MS)
      }
    }
  }

  /** Ends transactions that these threads of the process have left open, which do not run any more. */
  async endLeftBehind(threads: readonly number[]): Promise<void> {
    await this.#begun?.endLeftBehind(threads)
  }

  /** Finishes: commits when `clean`, closes the tasks, leaves the group. */
  async end(options: { readonly clean: boolean; readonly leave: boolean }): Promise<void> {
    let failure: unknown
    try {
      if (options.clean) await this.#commitAtEnd()
    } catch (error) {
      failure = await this.#afterFailedEnd(error)
    }
    try {
      await this.#opened.close(options)
    } catch (error) {
      failure ??= error
    }
    if (failure !== undefined) throw failure
  }

  /**
   * What went wrong when the last commit failed. A record that fails late is no failure: nothing of it stays behind, and the one that has
   * the task next processes what is not committed without it.
   */
  async #afterFailedEnd(error: unknown): Promise<unknown> {
    const { logger, processingGuarantee } = this.#options
    try {
      if (!(await takeBackLate(error, this.#parts.tasks, logger))) return error
      logger.warn({}, `closed without a commit: ${fateOfUncommitted(processingGuarantee)}`)
      for (const failure of await this.#parts.producers.abortAll()) {
        logger.warn({ error: failure }, 'failed to abort a transaction: it ends when its time is over')
      }
      return undefined
    } catch (thrown) {
      return thrown
    }
  }

  /** As long as nobody has lost patience it waits for a rebalance that keeps it from committing. */
  async #commitAtEnd(): Promise<void> {
    if (this.#begun === undefined) return
    const { committer, consumer, tasks } = this.#begun
    while (!this.#letGo && (await committer.commit({ leaving: tasks.running })) === 'postponed') {
      await consumer.poll(END_POLL_MS)
    }
  }

  get #parts(): InstanceParts {
    return this.#begun!
  }

  /** Between two assignments it is open who works with which state. */
  async #cleanIfDue(): Promise<void> {
    const { consumer, membership, cleaner } = this.#parts
    if (membership.assignment !== undefined && !consumer.isRebalancing()) await cleaner.cleanIfDue()
  }

  /** There is an assignment, and every task of it is running. */
  get #running(): boolean {
    const parts = this.#begun
    return parts !== undefined && parts.ownership.settled && parts.tasks.allRunning
  }

  #tellRebalancing(): void {
    this.#listener.onRebalancing(!this.#running)
  }
}

/** Until it looks again whether a rebalance is over that keeps it from committing. */
const END_POLL_MS = 50
