import {
  asError,
  isMillraceError,
  LONG_AGO,
  longestSince,
  type MillraceError,
  momentOf,
  type Plan,
  type TopicPartition,
} from '@millrace/core'
import { confirmWithin } from '../commit/committer.ts'
import { checkGroupProtocol } from '../config/check-group-protocol.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { Metrics } from '../observe/metrics.ts'
import type { RestoreListener } from '../observe/restore-listener.ts'
import type { StandbyListener } from '../observe/standby-listener.ts'
import { openStateDirectory } from '../state/directory/directory.ts'
import type { OpenStateDirectory } from '../state/directory/state-directory.ts'
import type { Task } from '../task/task.ts'
import { TopicPatterns } from '../topics/topic-patterns.ts'
import { GrowthWatch } from './growth-watch.ts'
import { type InstanceParts, Opened, openParts, prepareTopicsOf } from './instance-parts.ts'
import { Patience, RETRY_MS } from './patience.ts'
import { SlowAssignment } from './slow-assignment.ts'
import { metadataOf, type StreamsMetadata } from './streams-metadata.ts'
import { takeBackLate } from './take-back.ts'

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
  /** For machines that are simulated. @default the directory lies in the file system */
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
 * One member of an application: connects, joins the group, and takes records from poll to commit. It does nothing by itself;
 * `step` is one round of its work. A production process steps it without end, a test as far as it likes.
 *
 * The way of a record: `#poll` queues what was fetched with its task, `#process` lets each task take records oldest first
 * through its compiled topology, `#commitIfDue` makes what they did durable. Everything that can go wrong in a round comes up
 * in `step`, and `#recover` decides about it by the error's kind. How the parts are connected is in `instance-parts.ts`, what
 * an assignment does to the tasks in `task-ownership.ts`.
 */
export class Instance {
  readonly #topics: TopicPatterns
  readonly #options: ResolvedOptions
  readonly #metrics: Metrics
  readonly #listener: InstanceListener
  readonly #patience: Patience
  readonly #growth: GrowthWatch
  readonly #openDirectory: OpenStateDirectory
  readonly #opened = new Opened()
  #begun: InstanceParts | undefined
  #slowAssignment: SlowAssignment | undefined
  #paused = false
  /** When other topics were found to match than before. */
  #lastChange = -Infinity
  #lastRefresh = 0
  /** Topics were found that the group does not know of yet. */
  #hasNewTopics = false
  #lastRound = LONG_AGO
  /** Closing has waited long enough: whatever fails now fails because of that. */
  #letGo = false
  #failure: unknown

  constructor(plan: Plan, options: ResolvedOptions, surroundings: InstanceSurroundings = {}) {
    const { metrics = new Metrics(), openDirectory = openStateDirectory } = surroundings
    this.#openDirectory = openDirectory
    const { onBadRecord } = options
    const deadLetterTopic = typeof onBadRecord === 'object' ? onBadRecord.deadLetterTopic : undefined
    this.#topics = new TopicPatterns(plan, options.applicationId, deadLetterTopic)
    checkGroupProtocol(plan, options)
    this.#options = options
    this.#metrics = metrics
    this.#listener = { ...NOBODY_LISTENS, ...surroundings.listener }
    this.#growth = new GrowthWatch(options, () => this.#topics.plan)
    this.#patience = new Patience(options, cause => this.#listener.onWaiting(cause))
  }

  /** Tasks that process records at the moment. */
  get tasks(): readonly Task[] {
    return this.#begun?.tasks.running ?? []
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
    }
    this.#begun = await openParts(context, this.#opened, signal)
    this.#lastRefresh = this.#options.clock.monotonic()
    this.#growth.begin(this.#begun.topicsAtStart)
    this.#begun.membership.subscribe(this.#begun.topicsAtStart)
    this.#slowAssignment = new SlowAssignment(this.#options)
  }

  /**
   * One round: fetch, process, punctuate, commit where due. `maxWaitMs` is how long to wait for records when there is
   * nothing to do; each task processes no more than `maxRecords`, by default a turn's worth. True when something was done.
   * @throws what `#recover` cannot recover from; the instance is to be ended then
   */
  async step(maxWaitMs: number, maxRecords?: number): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      const found = await this.#refreshTopicsIfDue()
      await this.#growth.lookIfDue(this.#parts)
      await this.#parts.ownership.takeUpIfDue()
      const updated = await this.#parts.globals.update()
      const fetched = await this.#poll(this.#mayWait(maxWaitMs))
      await this.#confirmAfterPause()
      await this.#slowAssignment?.check(this.#parts.membership.assignment !== undefined, this.#parts.admin)
      const processed = await this.#process(maxRecords)
      const committed = await this.#commitIfDue()
      await this.#cleanIfDue()
      this.#patience.over()
      return found || updated || fetched || processed || committed
    } catch (error) {
      await this.#recover(error)
      return false
    }
  }

  /** Commits what has been processed, whatever the commit interval says. */
  async commit(): Promise<boolean> {
    try {
      return (await this.#parts.committer.commit()) === 'done'
    } catch (error) {
      await this.#recover(error)
      return false
    }
  }

  /**
   * Looks for topics that match the patterns of sources, and rejoins the group  when there are others than before: then
   * it gives true. It happens by itself each `metadataRefreshMs`.
   */
  async refreshTopics(): Promise<boolean> {
    const { admin, membership } = this.#parts
    this.#lastRefresh = this.#options.clock.monotonic()
    // What was found and not subscribed to, because a call in between failed, is not found again.
    if (await this.#topics.refresh(admin)) this.#hasNewTopics = true
    if (!this.#hasNewTopics) return false
    const { partitions } = await prepareTopicsOf(this.#topics, this.#options, admin)
    membership.subscribe(partitions)
    this.#hasNewTopics = false
    this.#lastChange = this.#options.clock.monotonic()
    return true
  }

  /** Makes a waiting `step` return at once. */
  wakeup(): void {
    this.#begun?.consumer.wakeup()
  }

  /** Lets go of what waits for a broker's acknowledgement: it fails, and the next owner processes its records again. */
  async stopWaiting(): Promise<void> {
    this.#letGo = true
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
    const { logger } = this.#options
    try {
      if (!(await takeBackLate(error, this.#parts.tasks, logger))) return error
      logger.warn({}, 'closed without a commit: uncommitted records are processed again')
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

  async #refreshTopicsIfDue(): Promise<boolean> {
    if (!this.#topics.any || this.#parts.consumer.isRebalancing()) return false
    const isOld = this.#options.clock.monotonic() - this.#lastRefresh >= this.#options.metadataRefreshMs
    return (isOld || this.#hasNewTopics) && (await this.refreshTopics())
  }

  /** Between two assignments it is open who works with which state. */
  async #cleanIfDue(): Promise<void> {
    const { consumer, membership, cleaner } = this.#parts
    if (membership.assignment !== undefined && !consumer.isRebalancing()) await cleaner.cleanIfDue()
  }

  async #poll(maxWaitMs: number): Promise<boolean> {
    const { consumer, tasks } = this.#parts
    tasks.beginPoll()
    const batches = await consumer.poll(maxWaitMs)
    if (batches.length > 0 && this.#options.processingGuarantee === 'at_most_once') {
      await consumer.commit(
        batches.map(({ topic, partition, nextOffset }) => ({ topic, partition, offset: nextOffset })),
      )
    }
    for (const batch of batches) tasks.enqueue(batch)
    return batches.length > 0
  }

  /** Full batches are sent while records are processed: so not by a process that stood still and may have lost its tasks. */
  async #confirmAfterPause(): Promise<void> {
    const { clock, processingGuarantee } = this.#options
    const age = longestSince(this.#lastRound, clock)
    this.#lastRound = momentOf(clock)
    const { consumer, tasks } = this.#parts
    if (processingGuarantee === 'exactly_once' || tasks.suspended || tasks.running.length === 0) return
    const withinMs = confirmWithin(this.#options)
    // One that rejoins hears of it then.
    if (age > withinMs && !consumer.isRebalancing()) await consumer.confirm(withinMs)
  }

  async #process(maxRecords: number | undefined): Promise<boolean> {
    const { tasks } = this.#parts
    if (tasks.suspended) return false
    let did = false
    for (const task of tasks.running) {
      // Asked for each task: user code may pause, too.
      if (!this.#paused) {
        if (task.canProcess() && (await task.process(maxRecords))) did = true
        if (await task.punctuate()) did = true
        if (await task.advance()) did = true
      }
      const full = task.producer.pending()
      if (full !== undefined) await full
      this.#applyBackPressure(task)
    }
    return did
  }

  /** Pauses partitions of which enough is buffered, and lets them go on when half of it is gone. */
  #applyBackPressure(task: Task): void {
    const { consumer } = this.#parts
    const limit = this.#options.bufferedBytesPerPartition
    for (const queue of task.queues) {
      const partition: TopicPartition = { topic: queue.topic, partition: queue.partition }
      if (!queue.paused && queue.bytes > limit) {
        queue.paused = true
        consumer.pause([partition])
      } else if (queue.paused && queue.bytes < limit / 2) {
        queue.paused = false
        consumer.resume([partition])
      }
    }
  }

  async #commitIfDue(): Promise<boolean> {
    const { tasks, committer, purge } = this.#parts
    const committed = !tasks.suspended && committer.isDue() && (await committer.commit()) === 'done'
    purge.purgeIfDue()
    return committed
  }

  /**
   * After a failed round. Fenced: somebody else has the work, so join again. Retriable: what was not committed is dropped and
   * done again, with new producers. Anything else ends the application.
   */
  async #recover(error: unknown): Promise<void> {
    const { tasks, producers, membership, ownership, globals } = this.#parts
    const { logger, clock } = this.#options
    if (this.#letGo) {
      logger.warn({ error }, 'closed without a commit: uncommitted records are processed again')
      return await tasks.abandon()
    }
    try {
      if (await takeBackLate(error, tasks, logger)) {
        ownership.takeUpLater()
        await tasks.abandon()
        return await producers.closeAll()
      }
    } catch (failure) {
      return await this.#recover(failure)
    }
    if (isMillraceError(error) && error.code === 'MILLRACE_TOPIC_MISSING' && (await this.#goesOnWithout(error))) return
    if (!isMillraceError(error, 'retriable', 'fenced')) throw error
    if (error.kind === 'fenced') {
      logger.warn({ error }, 'fenced: closing the tasks without a commit and rejoining the group')
      return await membership.joinAgain(error.code)
    }
    const corrupt = error.code === 'MILLRACE_STORE_CORRUPT'
    if (corrupt) logger.warn({ error }, 'a store is corrupted: restarting the tasks from the changelog')
    else this.#patience.waitsFor(error)
    ownership.takeUpLater()
    await tasks.abandon()
    await producers.closeAll()
    // It may have been a global one that a task has read.
    if (corrupt) await globals.begin(new AbortController().signal)
    await clock.sleep(RETRY_MS)
  }

  /**
   * When what is missing was read by a pattern only, the others go on. Brokers do not all hear of it at once, and what was begun
   * before the topics were looked at may still fail on one that is known to be gone.
   */
  async #goesOnWithout(error: MillraceError): Promise<boolean> {
    const { tasks, producers } = this.#parts
    const { logger, clock } = this.#options
    if (!this.#topics.any) return false
    await tasks.abandon()
    await producers.closeAll()
    for (const until = clock.monotonic() + MISSING_MS; clock.monotonic() < until; await clock.sleep(RETRY_MS)) {
      if (!(await this.refreshTopics()) && clock.monotonic() - this.#lastChange > MISSING_MS) continue
      logger.warn({ error }, 'a topic that matched a pattern was deleted: continuing with the others')
      return true
    }
    return false
  }

  /** There is an assignment, and every task of it is running. */
  get #running(): boolean {
    const parts = this.#begun
    return parts !== undefined && parts.ownership.settled && parts.tasks.allRunning
  }

  #tellRebalancing(): void {
    this.#listener.onRebalancing(!this.#running)
  }

  /** Nothing waits while records are buffered; otherwise until the next thing is due. */
  #mayWait(maxWaitMs: number): number {
    const { tasks, committer } = this.#parts
    // What is due between two assignments waits for the next one.
    const running = this.#paused || tasks.suspended ? [] : tasks.running
    if (running.some(task => task.canProcess())) return 0
    let wait = Math.min(maxWaitMs, committer.dueIn())
    for (const task of running) wait = Math.min(wait, task.dueIn())
    return Math.max(0, wait)
  }
}

/** How long a topic that is missing may be one that a pattern has found before. */
const MISSING_MS = 2_000

/** Until it looks again whether a rebalance is over that keeps it from committing. */
const END_POLL_MS = 50
