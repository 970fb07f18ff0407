import { setImmediate as nextTurn, setTimeout as milliseconds } from 'node:timers/promises'
import { type ManualClock, millraceError } from '@millrace/core'
import type { TestInstance } from './test-instance.ts'
import type { WatchedClock } from './watched-clock.ts'

/**
 * When to commit: `each` record by itself, `once` when all records are processed, or as the application's own
 * `commitIntervalMs` says.
 */
export type CommitMode = 'each' | 'once' | 'interval'

/** Turns of the event loop without any progress after which instances that are not ready must be waiting for time to pass. */
const IDLE_TURNS = 20
/** The number of rounds before the event loop has its turn. */
const ROUNDS_PER_TURN = 64
/** Milliseconds of real time after which they must be waiting for nothing at all: a store on disk takes a while to open. */
const STUCK_MS = 10_000
/**
 * This many milliseconds of real time a user function at work beside the loop is waited for, before the clock moves on to where
 * its attempt has taken too long.
 */
const PATIENCE_WITH_CALLS_MS = 500
/** So far the clock moves on for instances that do not get ready: past any session and transaction timeout. */
const PATIENCE_MS = 600_000

/**
 * Steps instances, one after the other, until nothing is left to do. Code that waits for time (a retry, the session of a
 * member that crashed, a transaction that was left open) makes the clock move on: nobody else would.
 */
export class InstanceRounds {
  readonly instances: TestInstance[] = []
  readonly #clock: ManualClock
  readonly #watched: WatchedClock

  constructor(clock: ManualClock, watched: WatchedClock) {
    this.#clock = clock
    this.#watched = watched
  }

  async settle(mode: CommitMode): Promise<void> {
    for (let rounds = 1; ; rounds++) {
      // Timers of the test have their turn, also when a topology makes ever more records for itself.
      if (rounds % ROUNDS_PER_TURN === 0) await nextTurn()
      const before = this.#clock.monotonic()
      // A task that starts in the midst of a round has not been asked yet.
      if (!this.#ready()) await this.#untilReady()
      const did = await this.#round(mode)
      if (!this.#ready()) continue
      // Time that has passed means that something failed and is done again.
      if (did || this.#clock.monotonic() > before || (await this.#callsGoOn())) continue
      if (mode !== 'once' || !(await this.#commitAll())) return
    }
  }

  /** Commits what is processed, whatever the mode, and then does what follows from it. */
  async commit(): Promise<void> {
    do await this.settle('interval')
    while (await this.#commitAll())
  }

  /**
   * Waits for `work`, and moves the clock on while an instance is asleep in it.
   * @throws MILLRACE_DRIVER_NOT_READY when the work is not done however far the clock moves on
   */
  async patiently<T>(work: Promise<T>): Promise<T> {
    let done = false
    const stuck = Promise.withResolvers<never>()
    const watch = setImmediate(() => void this.#wakeSleepers(() => done).catch(stuck.reject))
    try {
      return await Promise.race([work, stuck.promise])
    } finally {
      done = true
      clearImmediate(watch)
    }
  }

  async #round(mode: CommitMode): Promise<boolean> {
    let did = false
    for (const { instance } of this.instances) {
      if (await this.patiently(instance.step(0, mode === 'each' ? 1 : undefined))) did = true
      if (mode === 'each' && (await this.patiently(instance.commit()))) did = true
    }
    return did
  }

  /** False when there was nothing to commit; a commit that failed makes work. */
  async #commitAll(): Promise<boolean> {
    const before = this.#clock.monotonic()
    let did = false
    for (const { instance } of this.instances) if (await this.patiently(instance.commit())) did = true
    return did || this.#clock.monotonic() > before || !this.#ready()
  }

  #ready(): boolean {
    return this.instances.every(({ instance }) => instance.ready)
  }

  async #untilReady(): Promise<void> {
    const start = this.#clock.monotonic()
    for (let idle = 0; !this.#ready(); idle++) {
      for (const { instance } of this.instances) if (await this.patiently(instance.step(0, 0))) idle = 0
      await nextTurn()
      if (idle < IDLE_TURNS || this.#ready()) continue
      const next = this.#clock.nextWakeUp
      // Nobody waits for time: they are at work.
      if (next === undefined && idle < IDLE_TURNS + STUCK_MS) {
        await milliseconds(1)
        continue
      }
      const waited = this.#clock.monotonic() - start
      if (next === undefined || waited > PATIENCE_MS) {
        throw millraceError('MILLRACE_DRIVER_NOT_READY', { seconds: waited / 1000 })
      }
      await this.#clock.advance(next - this.#clock.monotonic())
      idle = 0
    }
  }

  async #wakeSleepers(done: () => boolean): Promise<void> {
    const start = this.#clock.monotonic()
    for (let idleMs = 0; !done();) {
      const waited = this.#clock.monotonic() - start
      if (waited > PATIENCE_MS) throw millraceError('MILLRACE_DRIVER_NOT_READY', { seconds: waited / 1000 })
      const next = this.#clock.nextWakeUp
      const patient = this.#callsAtWork() === 0 || idleMs >= PATIENCE_WITH_CALLS_MS
      if (this.#watched.sleeping > 0 && next !== undefined && patient) {
        await this.#clock.advance(next - this.#clock.monotonic())
        idleMs = 0
      } else {
        // It is a function of the user that waits, for something outside.
        await milliseconds(1)
        idleMs++
      }
    }
  }

  /**
   * Waits for user functions beside the loop, as for all others; where none is at work, or they take their time, the clock moves
   * on to the next attempt. True when there is something to do again.
   */
  async #callsGoOn(): Promise<boolean> {
    for (let idle = 0; ; idle++) {
      const tasks = this.instances.flatMap(({ instance }) => instance.tasks)
      const calls = tasks.flatMap(task => task.calls ?? [])
      if (calls.every(({ size }) => size === 0)) return false
      if (tasks.some(task => task.canProcess())) return true
      if (this.#callsAtWork() === 0 || idle >= IDLE_TURNS + PATIENCE_WITH_CALLS_MS) {
        const next = Math.min(...calls.map(({ dueAt }) => dueAt))
        await this.#clock.advance(Math.max(0, next - this.#clock.monotonic()))
        return true
      }
      await (idle < IDLE_TURNS ? nextTurn() : milliseconds(1))
    }
  }

  #callsAtWork(): number {
    const tasks = this.instances.flatMap(({ instance }) => instance.tasks)
    return tasks.reduce((sum, { calls, waiting }) => sum + (calls?.atWork ?? 0) + waiting, 0)
  }
}
