import {
  asError,
  describeTopology,
  isMillraceError,
  millraceError,
  type Plan,
  type QueryResult,
  reasonOf,
} from '@millrace/core'
import type { ResolvedOptions } from '../../config/options.ts'
import { threadIdOf } from '../../observe/client-id.ts'
import type { MetricReading } from '../../observe/metrics.ts'
import { StateCleaner } from '../../state/directory/state-cleaner.ts'
import type { OpenStateDirectory, StateDirectory } from '../../state/directory/state-directory.ts'
import { memberName } from '../../state/directory/task-claims.ts'
import { checkTopology } from '../../state/directory/topology-check.ts'
import type { StreamsState } from '../../loop/lifecycle.ts'
import type { Engine, FailureVerdict, MemberStatus, TaskStatus } from '../engine.ts'
import type { InstanceListener } from '../instance.ts'
import { directoryOpener } from '../process-parts.ts'
import type { StreamsMetadata } from '../streams-metadata.ts'
import type { StoreLag } from '../../query/key-metadata.ts'
import type { QueryRequest } from '../../query/query-request.ts'
import { StorePartitions } from '../../query/store-partitions.ts'
import { packError, unpackError } from './crossing-error.ts'
import type { FromThread, ThreadStart, ThreadStatus, ToThread } from './messages.ts'
import { type FollowThread, RemoteLive } from './remote-live.ts'
import { RemoteViews } from './remote-views.ts'
import { SharedState } from './shared-state.ts'
import type { Thread } from './thread.ts'
import type { ThreadHost } from './thread-host.ts'
import { ThreadQuestions } from './thread-questions.ts'

export interface ThreadedOptions {
  readonly module: string
  readonly plan: Plan
  readonly options: ResolvedOptions
  readonly listener: InstanceListener
  readonly host: ThreadHost
  /** @default the directory lies in the file system */
  readonly openDirectory?: OpenStateDirectory
}

interface Failure {
  readonly thread: Thread
  readonly error: Error
}

/** How long a thread that has said its last message may take to end. */
const EXIT_MS = 2000

/**
 * The members of a process on threads of their own. This side owns the process: the state directory and its lock, which thread
 * has which task directory, the cleaner, and the threads. It has no connection to Kafka.
 */
export class ThreadedEngine implements Engine {
  readonly #with: ThreadedOptions
  readonly #threads = new Map<number, Thread>()
  /** Numbers of the threads that are to run, also of one that has failed and is about to be replaced. */
  readonly #numbers = new Set<number>()
  /** The threads of the beginning are started, or will not be. */
  readonly #first = Promise.withResolvers<void>()
  /** By number, threads that are added and start as soon as the state directory knows their number. */
  readonly #adding = new Map<number, Promise<void>>()
  /** The highest number that the state directory knows of. */
  #mostThreads = 1
  readonly #failures: Failure[] = []
  readonly #state: SharedState
  /** Whose failure `step` has thrown last. */
  #failed: Thread | undefined
  #directory: StateDirectory | undefined
  #cleaner: StateCleaner | undefined
  #paused = false
  /** Threads of earlier runs whose transactions may be open. */
  #leftBehind: readonly number[] = []
  #ending = false
  #waiting = false
  readonly #questions = new ThreadQuestions()
  /** Of what the threads that fail next are told. */
  #verdict: Exclude<FailureVerdict, 'replace-thread'> | undefined
  #wake = new AbortController()

  constructor(options: ThreadedOptions) {
    this.#with = options
    const directory = () => this.#directory!
    this.#state = new SharedState({ ...options, directory, threads: this.#threads })
  }

  /** A store can be read in its own thread only. */
  readonly queries = undefined
  readonly parts = new RemoteViews(() => this.#asked)
  readonly live = new RemoteLive(
    // One that imports its module has nothing yet, and would be waited for.
    () => this.#asked.filter(({ of }) => of.hasBegun),
    store => this.storePartitions?.partitionsOf(store) ?? 0,
  )
  /** What a thread has said last: one that is replaced knows nothing at first. */
  #topics: ReadonlyMap<string, number> = new Map()

  get storePartitions(): StorePartitions | undefined {
    if (this.#topics.size === 0) return undefined
    const { plan, options } = this.#with
    const { applicationId } = options
    const globals = { has: (name: string) => plan.globals.some(({ store }) => store === name) }
    return new StorePartitions({ plan: () => plan, applicationId, globals, partitions: this.#topics })
  }

  async lags(): Promise<ReadonlyMap<string, ReadonlyMap<number, StoreLag>>> {
    return await this.live.lags()
  }

  get #asked(): readonly FollowThread[] {
    return [...this.#threads.values()]
      .filter(({ saidEnd }) => !saidEnd)
      .map(thread => ({
        of: thread,
        ask: request => this.#questions.askView(thread, this.#threads.get(thread.number) === thread, request),
        taken: (follow, weight) => thread.handle.post({ type: 'taken', follow, weight }),
      }))
  }

  get paused(): boolean {
    return this.#paused
  }

  set paused(paused: boolean) {
    this.#paused = paused
    this.#postAll({ type: 'pause', paused })
  }

  get members(): readonly (MemberStatus & { readonly state: StreamsState })[] {
    return this.#statuses.flatMap(({ member, state }) => (member === undefined ? [] : [{ ...member, state }]))
  }

  get processId(): string | undefined {
    return this.#with.options.processId ?? this.#directory?.processId
  }

  get taskStatus(): readonly TaskStatus[] {
    return this.#statuses.flatMap(({ tasks }) => tasks)
  }

  /** Every member knows all of them. */
  get metadata(): readonly StreamsMetadata[] {
    return this.#statuses.find(({ metadata }) => metadata.length > 0)?.metadata ?? []
  }

  get readings(): readonly MetricReading[] {
    const { processId } = this
    if (processId === undefined) return []
    const { applicationId } = this.#with.options
    return [...this.#threads.values()].flatMap(({ number, status }) => {
      const thread = { 'thread-id': threadIdOf(applicationId, processId, number) }
      return (status?.readings ?? []).map(reading => ({ ...reading, tags: { ...thread, ...reading.tags } }))
    })
  }

  async query<R>(request: QueryRequest<R>): Promise<QueryResult<R>> {
    return await this.#questions.query([...this.#threads.values()], request)
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { options, plan, openDirectory = directoryOpener(this.#with.options) } = this.#with
    const { clock, logger, stateCleanupDelayMs, onTopologyChange, threads } = options
    const directory = await openDirectory(options)
    this.#directory = directory
    const keepTopology = await checkTopology({ plan, directory, onTopologyChange, logger })
    await this.#state.read()
    this.#cleaner = new StateCleaner({
      directory: {
        taskNames: () => directory.taskNames(),
        deleteTaskDirectory: task => this.#state.delete(task),
      },
      clock,
      logger,
      delayMs: stateCleanupDelayMs,
      inUse: () => this.#state.inUse(),
    })
    this.#leftBehind = directory.leftBehind.filter(number => number > threads)
    this.#mostThreads = directory.leftBehind.length + 1
    await this.#keepThreads(threads)
    for (let number = 1; number <= threads; number++) this.#numbers.add(number)
    for (const number of this.#numbers) this.#start(number)
    this.#first.resolve()
    const aborted = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    const begun = Promise.all([...this.#threads.values()].map(thread => thread.begun.promise))
    await (signal.aborted ? undefined : Promise.race([begun, aborted]))
    if (signal.aborted) return
    // The first thread has ended what they had left open.
    if (this.#leftBehind.length > 0) {
      this.#mostThreads = Math.max(...this.#numbers)
      await directory.keepThreads(this.#mostThreads)
    }
    this.#leftBehind = []
    await keepTopology()
  }

  async step(maxWaitMs: number): Promise<boolean> {
    const failure = this.#failures.shift()
    if (failure !== undefined && !failure.thread.removed) {
      this.#failed = failure.thread
      throw failure.error
    }
    await this.#cleaner?.cleanIfDue()
    await this.#with.options.clock.sleep(maxWaitMs, this.#wake.signal)
    this.#wake = new AbortController()
    return false
  }

  wakeup(): void {
    this.#wake.abort()
  }

  /** Each thread does it itself when it is told to close. */
  async stopWaiting(): Promise<void> {}

  /** The thread that has failed does it, or another one where that has ended. */
  async shutDownApplication(waitMs: number, signal: AbortSignal): Promise<void> {
    this.#verdict = 'shutdown-application'
    const [failed] = [this.#failed, ...this.#threads.values()].filter(thread => thread !== undefined && !thread.saidEnd)
    if (failed === undefined) throw millraceError('MILLRACE_THREAD_EXITED', { thread: 0, reason: 'no thread is left' })
    if (failed.asks) this.#answer(failed, 'shutdown-application')
    else failed.handle.post({ type: 'fail', error: packError(new Error('another thread has failed')) })
    await Promise.race([failed.ended.promise, this.#with.options.clock.sleep(waitMs, signal)])
  }

  async replace(): Promise<void> {
    const failed = this.#failed
    this.#failed = undefined
    if (failed === undefined || this.#ending) return
    if (failed.asks) this.#answer(failed, 'shutdown-instance')
    await this.#untilEnded(failed)
    if (this.#ending) return
    await this.#state.tellOfLeftState()
    if (this.#ending || !this.#numbers.has(failed.number)) return
    // It was removed meanwhile, and its number given to a thread that was added.
    if (this.#threads.has(failed.number) || this.#adding.has(failed.number)) return
    this.#start(failed.number)
    this.#with.options.logger.info({ thread: failed.number }, 'the thread is replaced')
  }

  async addThread(): Promise<string | undefined> {
    await this.#first.promise
    if (this.#ending) return undefined
    let number = 1
    while (this.#numbers.has(number) || this.#threads.has(number) || this.#adding.has(number)) number++
    this.#numbers.add(number)
    const kept = this.#keepThreads(number)
    this.#adding.set(number, kept)
    try {
      await kept
    } catch (error) {
      this.#numbers.delete(number)
      throw error
    } finally {
      this.#adding.delete(number)
    }
    if (this.#ending) return undefined
    this.#postAll({ type: 'threads', threads: this.#numbers.size })
    const thread = this.#start(number)
    this.#with.options.logger.info({ thread: number }, 'a thread is added')
    await thread.begun.promise
    return this.#nameOf(number)
  }

  async removeThread(timeoutMs: number): Promise<string | undefined> {
    await this.#first.promise
    if (this.#numbers.size === 0 || this.#ending) return undefined
    const number = Math.max(...this.#numbers)
    this.#numbers.delete(number)
    // One that is being added starts first.
    await this.#adding.get(number)?.catch(() => undefined)
    const thread = this.#threads.get(number)
    if (thread !== undefined && !(await this.#removed(thread, timeoutMs))) {
      throw millraceError('MILLRACE_THREAD_REMOVAL', { thread: number, timeoutMs })
    }
    return this.#nameOf(number)
  }

  async end({ leave }: { readonly leave: boolean }): Promise<void> {
    this.#ending = true
    this.#first.resolve()
    this.#verdict ??= 'shutdown-instance'
    const threads = [...this.#threads.values()]
    for (const thread of threads) {
      if (thread.asks) this.#answer(thread, this.#verdict)
      else thread.handle.post({ type: 'close', leave })
    }
    await Promise.all(threads.map(thread => this.#untilEnded(thread)))
    await this.#directory?.close()
  }

  /** @returns whether it has ended in time */
  async #removed(thread: Thread, timeoutMs: number): Promise<boolean> {
    thread.removed = true
    if (thread.asks) this.#answer(thread, 'shutdown-instance')
    // A static member leaves too: nobody with its name comes back.
    else thread.handle.post({ type: 'close', leave: true })
    const done = this.#afterRemoval(thread)
    if (timeoutMs === Infinity) {
      await done
      return true
    }
    const patience = new AbortController()
    const tooLong = this.#with.options.clock.sleep(timeoutMs, patience.signal).then(() => false)
    const inTime = await Promise.race([done.then(() => true), tooLong])
    patience.abort()
    return inTime
  }

  /** What it has had is of the others from now on. */
  async #afterRemoval(thread: Thread): Promise<void> {
    const { number } = thread
    const { logger } = this.#with.options
    const orderly = await this.#untilEnded(thread)
    if (this.#ending) return
    this.#postAll({ type: 'threads', threads: Math.max(1, this.#numbers.size) })
    if (!orderly) {
      await this.#state.tellOfLeftState()
      const [other] = this.#threads.values()
      other?.handle.post({ type: 'end-left-behind', threads: [number] })
    }
    logger.info({ thread: number }, 'a thread is removed')
  }

  async #keepThreads(threads: number): Promise<void> {
    if (threads <= this.#mostThreads) return
    this.#mostThreads = threads
    await this.#directory!.keepThreads(threads)
  }

  #nameOf(number: number): string {
    const { applicationId } = this.#with.options
    return `${applicationId}-${memberName(this.#processId, number)}`
  }

  get #processId(): string {
    return this.#with.options.processId ?? this.#directory!.processId
  }

  get #statuses(): readonly ThreadStatus[] {
    return [...this.#threads.values()].flatMap(({ status }) => status ?? [])
  }

  #start(number: number): Thread {
    const { module, plan, host } = this.#with
    const start: ThreadStart = {
      module,
      thread: number,
      threads: this.#numbers.size,
      processId: this.#processId,
      directory: this.#directory!.path,
      topology: describeTopology(plan),
      paused: this.#paused,
      leftBehind: number === 1 ? this.#leftBehind : [],
      onDisk: [...this.#state.onDisk],
    }
    const thread: Thread = {
      number,
      handle: host.start(start, {
        onMessage: message => this.#onMessage(thread, message),
        onExit: reason => this.#onExit(thread, reason),
      }),
      begun: Promise.withResolvers(),
      ended: Promise.withResolvers(),
      hasBegun: false,
      saidEnd: false,
      asks: false,
      waitsFor: undefined,
      status: undefined,
      removed: false,
    }
    // Where nobody waits for it, the failure is reported by `step`.
    thread.begun.promise.catch(() => undefined)
    this.#threads.set(number, thread)
    this.#tellRebalancing()
    return thread
  }

  #onMessage(thread: Thread, message: FromThread): void {
    switch (message.type) {
      case 'begun':
        thread.hasBegun = true
        return thread.begun.resolve()
      case 'status':
        thread.status = message.status
        if (message.status.topics.size > 0) this.#topics = message.status.topics
        return this.#tellRebalancing()
      case 'event':
        return this.#with.listener[message.event](message.value as never)
      case 'waiting':
        thread.waitsFor = message.cause === undefined ? undefined : unpackError(message.cause)
        return this.#tellWaiting()
      case 'claim':
        return this.#state.claim(thread, message.call, message.task)
      case 'followed':
        return this.live.onNews(message.follow, message.news)
      case 'answer':
      case 'viewed':
      case 'no-answer':
        return this.#questions.onAnswer(thread, message)
      case 'release':
        return this.#state.release(thread, message.task, message.position)
      case 'move-aside':
        return this.#state.moveAside(thread, message.call, message.directory, unpackError(message.cause))
      case 'failed':
        thread.asks = true
        if (thread.removed) this.#answer(thread, 'shutdown-instance')
        else if (this.#verdict === undefined) this.#fails(thread, unpackError(message.error))
        else this.#answer(thread, this.#verdict)
        return
      case 'ended':
        return this.#onEnded(thread, message.error === undefined ? undefined : unpackError(message.error))
    }
  }

  /** A thread that fails before it has begun cannot go on with anything; one that has asked knows the verdict. */
  #onEnded(thread: Thread, error: Error | undefined): void {
    thread.saidEnd = true
    const isOver = this.#ending || thread.removed
    if (error !== undefined && !thread.hasBegun && !isOver) this.#fails(thread, error)
    const isTold = isMillraceError(error) && error.code === 'MILLRACE_APPLICATION_SHUTDOWN'
    if (isTold && thread.hasBegun && !isOver) this.#fails(thread, error)
    const { clock } = this.#with.options
    const patience = new AbortController()
    void thread.ended.promise.then(() => patience.abort())
    // A module may keep its thread alive, with a timer or a connection of its own.
    void clock.sleep(EXIT_MS, patience.signal).then(async () => {
      if (!patience.signal.aborted) await thread.handle.terminate()
    })
  }

  #onExit(thread: Thread, reason: unknown): void {
    const { number } = thread
    this.#state.releaseAll(thread)
    if (this.#threads.get(number) === thread) this.#threads.delete(number)
    thread.asks = false
    const text = reason instanceof Error ? reasonOf(reason) : String(reason)
    const error = millraceError('MILLRACE_THREAD_EXITED', { thread: number, reason: text }, { cause: reason })
    if (!thread.saidEnd && !this.#ending && !thread.removed) this.#fails(thread, error)
    // Of one that was told to end before it had begun.
    thread.begun.reject(error)
    thread.saidEnd = true
    this.#questions.onExit(thread)
    this.live.onExit(thread)
    thread.ended.resolve()
    this.#tellWaiting()
    this.#tellRebalancing()
  }

  #fails(thread: Thread, error: Error): void {
    if (!thread.hasBegun) thread.begun.reject(error)
    this.#failures.push({ thread, error: asError(error) })
    this.wakeup()
  }

  #answer(thread: Thread, verdict: Exclude<FailureVerdict, 'replace-thread'>): void {
    thread.asks = false
    thread.handle.post({ type: 'verdict', verdict })
  }

  /** One that does not end in time is ended. @returns whether it has ended by itself */
  async #untilEnded(thread: Thread): Promise<boolean> {
    const { clock, closeTimeoutMs, logger } = this.#with.options
    const patience = new AbortController()
    const tooLong = clock.sleep(closeTimeoutMs, patience.signal)
    await Promise.race([thread.ended.promise, tooLong])
    const orderly = this.#threads.get(thread.number) !== thread
    if (!orderly) {
      logger.error({ thread: thread.number, closeTimeoutMs }, 'the thread did not close in time and is ended')
      await thread.handle.terminate()
      await thread.ended.promise
    }
    patience.abort()
    return orderly
  }

  #postAll(message: ToThread): void {
    for (const { handle } of this.#threads.values()) handle.post(message)
  }

  #tellRebalancing(): void {
    const running = [...this.#threads.values()].filter(thread => !thread.removed && thread.status?.state === 'RUNNING')
    this.#with.listener.onRebalancing(running.length < this.#numbers.size)
  }

  #tellWaiting(): void {
    const causes = [...this.#threads.values()].flatMap(({ waitsFor }) => (waitsFor === undefined ? [] : [waitsFor]))
    if (this.#waiting === causes.length > 0) return
    this.#waiting = causes.length > 0
    this.#with.listener.onWaiting(causes[0])
  }
}
