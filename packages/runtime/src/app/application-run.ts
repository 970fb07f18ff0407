import { setImmediate } from 'node:timers/promises'
import { asError, isMillraceError, millraceError, type Plan, shownOption } from '@millrace/core'
import { fateOfUncommitted } from '../commit/uncommitted.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { canGo, type StreamsState, transition } from '../loop/lifecycle.ts'
import { stateLine } from '../loop/state-line.ts'
import { inTurn, isWaitedForBy } from '../task/user-turn.ts'
import type { Engine, FailureVerdict } from './engine.ts'
import type { InstanceListener } from './instance.ts'
import type { StreamsListener, StreamsListeners } from './streams-events.ts'
import { checkNotImporting } from './threads/load-application.ts'
import { warnOfHeapStores } from './warn-of-heap-stores.ts'

/** How long a round may wait for records. */
const POLL_MS = 100
/** The wait before a failed thread is replaced. It doubles while no replacement reaches RUNNING. */
const FIRST_REPLACEMENT_MS = 100
const MOST_REPLACEMENT_MS = 10_000
const VERDICTS: readonly FailureVerdict[] = ['replace-thread', 'shutdown-instance', 'shutdown-application']

interface ApplicationRunParts {
  readonly plan: Plan
  readonly options: ResolvedOptions
  readonly listeners: StreamsListeners
  readonly decide: (failure: unknown) => FailureVerdict | Promise<FailureVerdict>
  readonly newEngine: (listener: InstanceListener) => Engine
}

/** One run of an application, from CREATED to NOT_RUNNING or ERROR: starts the engine, drives it, replaces it, and ends it. */
export class ApplicationRun {
  readonly #parts: ApplicationRunParts
  readonly #listener: InstanceListener
  #engine: Engine
  #state: StreamsState = 'CREATED'
  /** Since the state was RUNNING. */
  #replacements = 0
  readonly #stopping = new AbortController()
  #loop: Promise<void> | undefined
  #closing: Promise<void> | undefined
  readonly #over = Promise.withResolvers<void>()
  #clean = true
  #leave: boolean
  #failure: unknown

  constructor(parts: ApplicationRunParts) {
    this.#parts = parts
    this.#leave = this.#leavesByDefault
    this.#listener = {
      ...parts.listeners.ofEngine(),
      onRebalancing: rebalancing => {
        const next = rebalancing ? 'REBALANCING' : 'RUNNING'
        if (canGo(this.#state, next)) this.#go(next)
      },
    }
    this.#engine = parts.newEngine(this.#listener)
  }

  get engine(): Engine {
    return this.#engine
  }

  get state(): StreamsState {
    return this.#state
  }

  get runs(): boolean {
    return this.#state === 'RUNNING' || this.#state === 'REBALANCING'
  }

  get #leavesByDefault(): boolean {
    return this.#parts.options.groupInstanceId === undefined
  }

  /** Resolves when the state is no longer REBALANCING. */
  async start(): Promise<void> {
    if (this.#state !== 'CREATED') throw millraceError('MILLRACE_STATE_STARTED', { state: this.#state })
    checkNotImporting()
    const { plan, options, listeners } = this.#parts
    this.#go('REBALANCING')
    warnOfHeapStores(plan, options)
    const running = new Promise<void>(resolve => {
      const settle: StreamsListener<'state'> = state => {
        if (state === 'REBALANCING') return
        listeners.off('state', settle)
        resolve()
      }
      listeners.on('state', settle)
    })
    const begun = inTurn(() => this.#engine.begin(this.#stopping.signal), this)
    // Known from here on, so that a close waits for it, whenever it comes.
    this.#loop = begun.then(
      () => this.#run(),
      (error: unknown) => {
        const closed = this.#stopping.signal.aborted && isMillraceError(error, 'retriable')
        return this.#finish(closed ? undefined : asError(error))
      },
    )
    try {
      await begun
      await running
    } catch {
      await this.#loop
    }
    if (this.#failure === undefined) return
    // The caller may then end the process, or start again on the same state directory.
    await this.#loop
    throw this.#failure
  }

  /** Resolves when the run is over. Throws the error that ended it. */
  async ended(): Promise<void> {
    await this.#loop
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Ends the run. A function of the user that the run waits for only requests the end. */
  async close(leave: boolean = this.#leavesByDefault): Promise<void> {
    this.#leave = leave
    if (this.#state === 'CREATED') {
      this.#go('PENDING_SHUTDOWN')
      this.#go('NOT_RUNNING')
      this.#over.resolve()
      return
    }
    this.#closing ??= this.#shutDown()
    // The run continues when that function returns, so the function must not wait for the end of the run.
    if (!isWaitedForBy(this)) await this.#closing
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort()
    if (canGo(this.#state, 'PENDING_SHUTDOWN')) this.#go('PENDING_SHUTDOWN')
    this.#engine.wakeup()
    const patience = new AbortController()
    const { clock, closeTimeoutMs, logger } = this.#parts.options
    // An unavailable broker must leave time for the rest of the closing.
    const waiting = clock.sleep(closeTimeoutMs / 3, patience.signal).then(async () => {
      if (!patience.signal.aborted) await this.#engine.stopWaiting()
    })
    waiting.catch((error: unknown) => logger.warn({ error }, 'failed to close a producer'))
    const tooLong = clock.sleep(closeTimeoutMs, patience.signal).then(() => {
      if (!patience.signal.aborted) logger.error({ closeTimeoutMs }, 'close() timed out')
    })
    await Promise.race([this.#over.promise, tooLong])
    patience.abort()
  }

  async #run(): Promise<void> {
    let failure = await this.#process()
    while (failure !== undefined && (await this.#verdictOn(failure)) === 'replace-thread') {
      failure = (await this.#replace(failure)) ?? (await this.#process())
    }
    await this.#finish(failure)
  }

  /** Runs rounds until a close. @returns the failure that ended them sooner */
  async #process(): Promise<unknown> {
    try {
      while (!this.#stopping.signal.aborted) {
        await inTurn(() => this.#engine.step(POLL_MS), this)
        // Timers, sockets and signals get their turn between two rounds, however busy the rounds are.
        await setImmediate()
      }
      return undefined
    } catch (error) {
      return asError(error)
    }
  }

  async #verdictOn(failure: unknown): Promise<FailureVerdict> {
    if (isMillraceError(failure) && failure.code === 'MILLRACE_APPLICATION_SHUTDOWN') return 'shutdown-instance'
    const { closeTimeoutMs, logger } = this.#parts.options
    const verdict = await this.#decided(failure)
    if (verdict !== 'shutdown-application') return verdict
    try {
      logger.error({ error: failure }, 'all instances of the application are shutting down because of an error')
      await this.#engine.shutDownApplication(closeTimeoutMs / 3, this.#stopping.signal)
    } catch (error) {
      logger.error({ error }, 'failed to request the shutdown of the other instances')
    }
    return verdict
  }

  /** What the user's function decides. One that throws, or returns something else, stops this instance, as without it. */
  async #decided(failure: unknown): Promise<FailureVerdict> {
    const { logger } = this.#parts.options
    try {
      const verdict = await inTurn(async () => await this.#parts.decide(failure), this)
      if (VERDICTS.includes(verdict)) return verdict
      logger.error({ returned: shownOption(verdict) }, `onUncaughtError must return ${VERDICTS.join(', ')}`)
    } catch (error) {
      logger.error({ error }, 'onUncaughtError failed')
    }
    return 'shutdown-instance'
  }

  /** Replaces the member that has failed with a new one. @returns the error that prevents it */
  async #replace(failure: unknown): Promise<unknown> {
    const { clock, logger } = this.#parts.options
    const waitMs = Math.min(MOST_REPLACEMENT_MS, FIRST_REPLACEMENT_MS * 2 ** this.#replacements++)
    logger.error({ error: failure, waitMs }, 'a thread has failed and is replaced')
    const { signal } = this.#stopping
    try {
      if (this.#engine.replace !== undefined) {
        await clock.sleep(waitMs, signal)
        await this.#engine.replace()
        return undefined
      }
      const { paused } = this.#engine
      await this.#endEngine(false)
      if (canGo(this.#state, 'REBALANCING')) this.#go('REBALANCING')
      await clock.sleep(waitMs, signal)
      if (signal.aborted) return undefined
      this.#engine = this.#parts.newEngine(this.#listener)
      this.#engine.paused = paused
      await inTurn(() => this.#engine.begin(signal), this)
      return undefined
    } catch (error) {
      return signal.aborted && isMillraceError(error, 'retriable') ? undefined : asError(error)
    }
  }

  async #endEngine(clean: boolean): Promise<void> {
    const { logger, processingGuarantee } = this.#parts.options
    try {
      await inTurn(() => this.#engine.end({ clean, leave: this.#leave }), this)
    } catch (error) {
      logger.error({ error }, `failed to close the application: ${fateOfUncommitted(processingGuarantee)}`)
    }
  }

  async #finish(failure: unknown): Promise<void> {
    const { options, listeners } = this.#parts
    if (failure !== undefined) {
      this.#failure = failure
      this.#clean = false
      options.logger.error({ error: failure }, 'the application stops because of an error')
      this.#go('PENDING_ERROR')
    }
    await this.#endEngine(this.#clean)
    if (failure !== undefined) {
      this.#go('ERROR')
      this.#over.resolve()
      return listeners.tell('error', failure)
    }
    if (canGo(this.#state, 'PENDING_SHUTDOWN')) this.#go('PENDING_SHUTDOWN')
    this.#go('NOT_RUNNING')
    this.#over.resolve()
  }

  #go(next: StreamsState): void {
    const before = this.#state
    if (before === next) return
    this.#state = transition(before, next)
    if (next === 'RUNNING') this.#replacements = 0
    const { options, listeners } = this.#parts
    const { applicationId, logger } = options
    const line = stateLine(next, before, { applicationId, tasks: this.#engine.taskStatus.length })
    logger.info({ state: next, before }, line)
    listeners.tell('state', next, before)
  }
}
