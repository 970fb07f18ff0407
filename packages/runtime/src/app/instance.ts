import {
  type Admin,
  type GroupConsumer,
  type GroupMetadata,
  isMillraceError,
  type KafkaClient,
  millraceError,
  type Plan,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import { commitTasks } from '../commit/commit-scope.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { streamsAssignor } from '../group/streams-assignor.ts'
import type { Metrics } from '../observe/metrics.ts'
import { type RestoreListener, Restorer } from '../restore/restorer.ts'
import { openStateDirectory } from '../state/directory.ts'
import { GlobalStores } from '../state/global-stores.ts'
import { type StateDirectory, transientDirectory } from '../state/state-directory.ts'
import { checkTopology } from '../state/topology-check.ts'
import { userStore } from '../state/user-store.ts'
import { ProducerPool } from '../task/producer-pool.ts'
import type { Task } from '../task/task.ts'
import { parseTaskName, taskName } from '../task/task-id.ts'
import { TaskSet } from '../task/task-set.ts'
import { type PreparedTopics, prepareTopics } from '../topics/prepare-topics.ts'
import { TopicPatterns } from '../topics/topic-patterns.ts'

export interface InstanceListener extends RestoreListener {
  /** Whether the instance is waiting for, or making, tasks. */
  onRebalancing(rebalancing: boolean): void
  /** The broker cannot be reached, or can again (`undefined`). */
  onWaiting(cause: unknown): void
}

/** One task's part of a store. */
export interface InstanceStore {
  readonly partition: number
  /** A `KeyValueStore` or `WindowStore`. */
  readonly store: unknown
}

/**
 * One member of an application: connects, joins the group, and takes records from poll to commit. It does nothing by itself;
 * `step` is one round of its work. A production process steps it without end, a test as far as it likes.
 *
 * The way of a record: `#poll` queues what was fetched with its task, `#process` lets each task take records oldest first
 * through its compiled topology, `#commit` makes what they did durable. Everything that can go wrong in a round comes up in
 * `step`, and `#recover` decides about it by the error's kind.
 */
export class Instance {
  readonly #topicPatterns: TopicPatterns
  readonly #options: ResolvedOptions
  readonly #metrics: Metrics
  readonly #listener: InstanceListener
  #client: KafkaClient | undefined
  #admin: Admin | undefined
  #consumer: GroupConsumer | undefined
  #producers: ProducerPool | undefined
  #tasks: TaskSet | undefined
  #globals: GlobalStores | undefined
  #directory: StateDirectory | undefined
  #lastCommit = 0
  #lastRefresh = 0
  #rebalancing = true
  #waiting = false
  /** Closing has waited long enough: whatever fails now fails because of that. */
  #letGo = false
  #failure: unknown
  /** As which member, in which generation, the tasks were assigned last. */
  #assignedAs: Pick<GroupMetadata, 'memberId' | 'generationId'> | undefined
  #onDisk: readonly string[] = []

  constructor(plan: Plan, options: ResolvedOptions, metrics: Metrics, listener: InstanceListener) {
    this.#topicPatterns = new TopicPatterns(plan, options.applicationId)
    this.#options = options
    this.#metrics = metrics
    this.#listener = listener
  }

  /** Tasks that process records at the moment. */
  get tasks(): readonly Task[] {
    return this.#tasks?.running ?? []
  }

  /** The store of that name in each running task that has it, as user code sees it. */
  stores(name: string): readonly InstanceStore[] {
    if (this.#globals?.has(name)) return [{ partition: 0, store: this.#globals.readOnlyStore(name) }]
    return this.tasks
      .filter(({ stores }) => stores.codecs.has(name))
      .map(({ id, stores, context }) => ({ partition: id.partition, store: userStore(stores.buffer(name), context) }))
  }

  /** Every assigned task is running. */
  get ready(): boolean {
    return !this.#rebalancing && (this.#tasks?.allRunning ?? false)
  }

  /**
   * Checks configuration, topics and the state directory, and joins the group. Waits for the broker until `signal` is aborted.
   * @throws MillraceError of kind `config` or `topology` for what waiting does not mend
   */
  async begin(signal: AbortSignal): Promise<void> {
    const { applicationId, clock, logger, store } = this.#options
    this.#directory = store.capabilities.durable
      ? await openStateDirectory({ stateDir: this.#options.stateDir, applicationId, logger })
      : transientDirectory(crypto.randomUUID())
    const { onTopologyChange } = this.#options
    await checkTopology({ plan: this.#topicPatterns.plan, directory: this.#directory, onTopologyChange, logger })
    this.#onDisk = await this.#directory.taskNames()
    const processId = this.#options.processId ?? this.#directory.processId
    const client = this.#options.client({ clientId: `${applicationId}-${processId}`, clock, logger })
    this.#client = client
    if (this.#options.processingGuarantee === 'exactly_once' && client.capabilities.transactions === 'none') {
      throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', {
        client: client.name,
        feature: 'exactly_once (transactions)',
      })
    }
    const admin = client.admin()
    this.#admin = admin
    const deadLetterTopic = this.#deadLetterTopic()
    const { partitions } = await this.#patiently(signal, async () => {
      await this.#topicPatterns.refresh(admin)
      return await this.#prepareTopics(admin)
    })
    this.#lastRefresh = clock.now()
    this.#globals = new GlobalStores({
      plan: this.#topicPatterns.plan,
      options: this.#options,
      client,
      admin,
      directory: this.#directory,
      listener: this.#listener,
      metrics: this.#metrics,
      partitions: topic => partitions.get(topic) ?? 0,
    })
    await this.#patiently(signal, () => this.#globals!.begin(signal))
    const consumer = client.groupConsumer({
      groupId: applicationId,
      isolationLevel: 'read_committed',
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
    })
    this.#consumer = consumer
    this.#producers = new ProducerPool(client, this.#options, processId)
    this.#tasks = this.#taskSet(client, admin, consumer, partitions, deadLetterTopic)
    this.#subscribe(consumer, admin)
    this.#lastCommit = clock.now()
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
      const updated = await this.#globals!.update()
      const fetched = await this.#poll(this.#mayWait(maxWaitMs))
      const processed = await this.#process(maxRecords)
      const committed = await this.#commitIfDue()
      this.#said(undefined)
      return found || updated || fetched || processed || committed
    } catch (error) {
      await this.#recover(error)
      return false
    }
  }

  /** Commits what has been processed, whatever the commit interval says. */
  async commit(): Promise<boolean> {
    try {
      return await this.#commitAll()
    } catch (error) {
      await this.#recover(error)
      return false
    }
  }

  /**
   * Looks for topics that match the patterns of sources, and joins the group anew when there are others than before: then
   * it gives true. It happens by itself each `metadataRefreshMs`.
   */
  async refreshTopics(): Promise<boolean> {
    this.#lastRefresh = this.#options.clock.now()
    if (!(await this.#topicPatterns.refresh(this.#admin!))) return false
    await this.#prepareTopics(this.#admin!)
    this.#subscribe(this.#consumer!, this.#admin!)
    this.#rebalancing = true
    this.#tellRebalancing()
    return true
  }

  /** Makes a waiting `step` return at once. */
  wakeup(): void {
    this.#consumer?.wakeup()
  }

  /** Lets go of what waits for a broker's acknowledgement: it fails, and the next owner processes its records again. */
  async stopWaiting(): Promise<void> {
    this.#letGo = true
    await this.#producers?.closeAll()
  }

  /** Finishes: commits when `clean`, closes the tasks, leaves the group. */
  async end(options: { readonly clean: boolean; readonly leave: boolean }): Promise<void> {
    let failure: unknown
    const attempt = async (run: () => Promise<unknown> | undefined) => {
      try {
        await run()
      } catch (error) {
        failure ??= error
      }
    }
    if (options.clean && !this.#letGo) await attempt(() => this.#commitAll())
    await attempt(() => this.#tasks?.close())
    await attempt(() => this.#globals?.close())
    await attempt(() => this.#producers?.closeAll())
    await attempt(() => this.#consumer?.close({ leave: options.leave }))
    await attempt(() => this.#admin?.close())
    await attempt(() => this.#client?.close())
    await attempt(() => this.#directory?.close())
    if (failure !== undefined) throw failure
  }

  #taskSet(
    client: KafkaClient,
    admin: Admin,
    consumer: GroupConsumer,
    partitions: ReadonlyMap<string, number>,
    deadLetterTopic: string | undefined,
  ): TaskSet {
    const { applicationId, clock, logger } = this.#options
    const decorate = (topic: string) => topicNaming(this.#topicPatterns.plan, applicationId)(topic)
    const asked = new Map(partitions)
    const listener = this.#listener
    return new TaskSet({
      plan: () => this.#topicPatterns.plan,
      options: this.#options,
      client,
      admin,
      consumer,
      producers: this.#producers!,
      restorer: new Restorer({ client, admin, clock, logger, listener }),
      directory: this.#directory!,
      globals: this.#globals!,
      metrics: this.#metrics,
      topics: {
        decorate,
        partitions: topic => asked.get(topic) ?? this.#askPartitions(admin, topic, asked),
        deadLetterPartitions: deadLetterTopic === undefined ? 1 : (partitions.get(deadLetterTopic) ?? 1),
      },
      onError: error => {
        this.#failure ??= error
        consumer.wakeup()
      },
      onChange: () => {
        this.#tellRebalancing()
        consumer.wakeup()
      },
    })
  }

  async #askPartitions(admin: Admin, topic: string, known: Map<string, number>): Promise<number> {
    const [description] = await admin.describeTopics([topic])
    if (description === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
    known.set(topic, description.partitions)
    return description.partitions
  }

  #subscribe(consumer: GroupConsumer, admin: Admin): void {
    const { applicationId } = this.#options
    const { plan } = this.#topicPatterns
    const real = topicNaming(plan, applicationId)
    const tasks = this.#tasks!
    const owned = () => {
      const current = tasks.ids
      const names = new Set(current.map(taskName))
      const onDisk = this.#onDisk.filter(name => !names.has(name)).map(parseTaskName)
      return [...current, ...onDisk.filter(id => id !== undefined)]
    }
    consumer.subscribe({
      topics: [...new Set(plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real)))],
      assignor: streamsAssignor({ plan: () => this.#topicPatterns.matched(admin), applicationId, admin, owned }),
      listener: {
        onAssigned: async assigned => {
          // The leader may know of topics that this member has not seen yet.
          await this.#topicPatterns.include(
            admin,
            assigned.map(({ topic }) => topic),
          )
          if (!this.#hasStayed(consumer.groupMetadata())) await this.#abandonAll()
          await tasks.assign(assigned)
          this.#rebalancing = false
          this.#tellRebalancing()
        },
        onRevoked: async () => {
          tasks.suspended = true
          this.#rebalancing = true
          this.#tellRebalancing()
          await this.#commitBeforeRevocation()
        },
        onLost: async () => {
          tasks.suspended = true
          this.#rebalancing = true
          this.#tellRebalancing()
          await this.#abandonAll()
        },
      },
    })
  }

  async #abandonAll(): Promise<void> {
    await this.#tasks!.abandon()
    // What the tasks left in an open transaction must not be committed with what comes next.
    await this.#producers!.closeAll()
  }

  /**
   * Whether nobody else can have had the tasks since the last assignment. A member that was given up may hear of it only after
   * its partitions were revoked, or not at all; then its tasks know positions and state of before the other owner.
   */
  #hasStayed({ memberId, generationId }: GroupMetadata): boolean {
    const before = this.#assignedAs
    this.#assignedAs = { memberId, generationId }
    return before === undefined || (before.memberId === memberId && generationId - before.generationId <= 1)
  }

  /** What cannot be committed any more is done again by the next owner; the tasks must not go on with it. */
  async #commitBeforeRevocation(): Promise<void> {
    try {
      await this.#commitAll()
    } catch (error) {
      if (!isMillraceError(error, 'retriable', 'fenced')) throw error
      this.#options.logger.warn({ error }, 'the commit before a rebalance failed: its records are processed again')
      await this.#tasks!.abandon()
      await this.#producers!.closeAll()
    }
  }

  async #refreshTopicsIfDue(): Promise<boolean> {
    if (!this.#topicPatterns.any || this.#tasks!.suspended) return false
    const due = this.#options.clock.now() - this.#lastRefresh >= this.#options.metadataRefreshMs
    return due && (await this.refreshTopics())
  }

  #prepareTopics(admin: Admin): Promise<PreparedTopics> {
    const { applicationId, logger, replicationFactor, windowedChangelogExtraMs } = this.#options
    const deadLetterTopic = this.#deadLetterTopic()
    return prepareTopics({
      plan: this.#topicPatterns.plan,
      applicationId,
      admin,
      logger,
      replicationFactor,
      required: deadLetterTopic === undefined ? [] : [deadLetterTopic],
      windowedChangelogExtraMs,
    })
  }

  async #poll(maxWaitMs: number): Promise<boolean> {
    const consumer = this.#consumer!
    const tasks = this.#tasks!
    const batches = await consumer.poll(maxWaitMs)
    if (batches.length > 0 && this.#options.processingGuarantee === 'at_most_once') {
      await consumer.commit(
        batches.map(({ topic, partition, nextOffset }) => ({ topic, partition, offset: nextOffset })),
      )
    }
    for (const batch of batches) tasks.enqueue(batch)
    return batches.length > 0
  }

  async #process(maxRecords: number | undefined): Promise<boolean> {
    const tasks = this.#tasks!
    if (tasks.suspended) return false
    let did = false
    for (const task of tasks.running) {
      if (task.canProcess() && (await task.process(maxRecords)) > 0) did = true
      if (await task.punctuate()) did = true
      const full = task.producer.pending()
      if (full !== undefined) await full
      this.#applyBackPressure(task)
    }
    return did
  }

  /** Pauses partitions of which enough is buffered, and lets them go on when half of it is gone. */
  #applyBackPressure(task: Task): void {
    const limit = this.#options.bufferedBytesPerPartition
    for (const queue of task.queues) {
      const partition: TopicPartition = { topic: queue.topic, partition: queue.partition }
      if (!queue.paused && queue.bytes > limit) {
        queue.paused = true
        this.#consumer!.pause([partition])
      } else if (queue.paused && queue.bytes < limit / 2) {
        queue.paused = false
        this.#consumer!.resume([partition])
      }
    }
  }

  async #commitIfDue(): Promise<boolean> {
    const tasks = this.#tasks!
    if (tasks.suspended) return false
    const due = this.#options.clock.now() - this.#lastCommit >= this.#options.commitIntervalMs
    const asked = tasks.running.some(({ commitRequested }) => commitRequested)
    if (!due && !asked && this.#bufferedBytes() < this.#options.stateBufferBytes / 2) return false
    return await this.#commitAll()
  }

  #bufferedBytes(): number {
    let bytes = 0
    for (const task of this.#tasks!.running) bytes += task.stores.bytes
    return bytes
  }

  async #commitAll(): Promise<boolean> {
    const running = this.#tasks?.running ?? []
    const dirty = running.filter(({ needsCommit }) => needsCommit)
    this.#lastCommit = this.#options.clock.now()
    if (dirty.length > 0) {
      const offsets = this.#offsetsGo()
      const groups = this.#producers!.perTask ? dirty.map(task => [task]) : [dirty]
      for (const tasks of groups) {
        await commitTasks({ tasks, producer: tasks[0]!.producer, consumer: this.#consumer!, offsets })
      }
    }
    await this.#giveMemoryBack(running)
    return dirty.length > 0
  }

  /** After a commit entries are clean, and those above the budget can go. */
  async #giveMemoryBack(running: readonly Task[]): Promise<void> {
    const budget = this.#options.stateBufferBytes
    if (this.#bufferedBytes() < budget / 2) return
    for (const task of running) {
      await task.stores.settle()
      task.stores.evict(budget / 4 / running.length)
    }
  }

  #offsetsGo(): 'transaction' | 'group' | 'committed-before' {
    switch (this.#options.processingGuarantee) {
      case 'exactly_once':
        return 'transaction'
      case 'at_least_once':
        return 'group'
      case 'at_most_once':
        return 'committed-before'
    }
  }

  /**
   * After a failed round. Fenced: somebody else has the work, so join again. Retriable: what was not committed is dropped and
   * done again, with new producers. Anything else ends the application.
   */
  async #recover(error: unknown): Promise<void> {
    if (this.#letGo) {
      this.#options.logger.warn({ error }, 'closing without a commit: its records are processed again')
      return await this.#tasks!.abandon()
    }
    if (!isMillraceError(error, 'retriable', 'fenced')) throw error
    const tasks = this.#tasks!
    if (error.kind === 'fenced') {
      this.#options.logger.warn({ error }, 'fenced: the tasks are closed without a commit and the instance joins again')
      this.#rebalancing = true
      this.#tellRebalancing()
      await tasks.abandon()
      await this.#producers!.closeAll()
      this.#consumer!.requestRejoin(error.code)
      return
    }
    const corrupt = error.code === 'MILLRACE_STORE_CORRUPT'
    if (corrupt) this.#options.logger.warn({ error }, 'a store is corrupted: the tasks begin anew')
    else this.#said(error)
    const { partitions, suspended } = tasks
    await tasks.abandon()
    await this.#producers!.closeAll()
    // It may have been a global one that a task has read.
    if (corrupt) await this.#globals!.begin(new AbortController().signal)
    await this.#options.clock.sleep(RETRY_MS)
    // Between two assignments there is nothing to go on with; the next one makes the tasks.
    if (!suspended) await tasks.assign(partitions)
  }

  /** Runs what needs the broker again and again until it answers. */
  async #patiently<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await run()
        this.#said(undefined)
        return result
      } catch (error) {
        if (!isMillraceError(error, 'retriable') || signal.aborted) throw error
        this.#said(error)
        await this.#options.clock.sleep(RETRY_MS, signal)
        if (signal.aborted) throw error
      }
    }
  }

  /** Says once what is waited for, and once that the wait is over. */
  #said(cause: unknown): void {
    if (cause !== undefined && !this.#waiting) {
      this.#waiting = true
      this.#options.logger.warn({ error: cause }, 'waiting for Kafka; Millrace keeps trying')
      this.#listener.onWaiting(cause)
    } else if (cause === undefined && this.#waiting) {
      this.#waiting = false
      this.#options.logger.info({}, 'Kafka answers again')
      this.#listener.onWaiting(undefined)
    }
  }

  #tellRebalancing(): void {
    this.#listener.onRebalancing(!this.ready)
  }

  /** Nothing waits while records are buffered; otherwise until the next thing is due. */
  #mayWait(maxWaitMs: number): number {
    const tasks = this.#tasks!
    if (!tasks.suspended && tasks.running.some(task => task.canProcess())) return 0
    const now = this.#options.clock.now()
    let wait = maxWaitMs
    for (const task of tasks.running) wait = Math.min(wait, task.nextWallClockPunctuation() - now)
    if (tasks.running.some(({ needsCommit }) => needsCommit)) {
      wait = Math.min(wait, this.#lastCommit + this.#options.commitIntervalMs - now)
    }
    return Math.max(0, wait)
  }

  #deadLetterTopic(): string | undefined {
    const { onBadRecord } = this.#options
    return typeof onBadRecord === 'object' ? onBadRecord.deadLetterTopic : undefined
  }
}

const RETRY_MS = 500
