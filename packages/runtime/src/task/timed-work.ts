import { type Clock, isPromise } from '@millrace/core'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import type { ProcessingLimit } from './processing-limit.ts'
import { Punctuations } from './punctuation.ts'
import type { RecordContext } from './record-context.ts'
import type { TaskMeters } from './task-meters.ts'
import type { RecordFailures } from './record-failures.ts'

/** At most about this many entries of a store expire before the next record, task or commit. */
const EXPIRIES_PER_TURN = 4096

export interface TimedWorkOptions {
  readonly clock: Clock
  readonly context: RecordContext
  readonly stores: TaskStores
  readonly limit: ProcessingLimit
  readonly failures: RecordFailures
  readonly meters: Pick<TaskMeters, 'punctuated'>
  /** There is something to commit. Called before it is done. */
  readonly onChange: () => void
}

/** What a task does when its time has come, not because of a record: punctuations, and the expiry of store entries. */
export class TimedWork {
  readonly punctuations: Punctuations
  readonly #with: TimedWorkOptions

  constructor(options: TimedWorkOptions) {
    this.#with = options
    this.punctuations = new Punctuations(options.context.undo)
  }

  /** Runs what is due by stream time, then what is due by the wall clock. True if anything was. */
  async run(): Promise<boolean> {
    const { clock, context, stores, onChange } = this.#with
    const { streamTime } = context
    const now = clock.now()
    let ran = false
    for (const [type, due, time] of [
      ['stream-time', streamTime, streamTime],
      // Intervals are measured with the monotonic clock; the callback gets the time of day.
      ['wall-clock', clock.monotonic(), now],
    ] as const) {
      if (due < 0 || !this.punctuations.isDue(type, due)) continue
      onChange()
      ran = await this.punctuations.run(type, due, (node, callback) => this.#call(node, callback, time))
    }
    if (stores.expires) {
      if (await this.expire('stream-time', streamTime)) ran = true
      if (await this.expire('wall-clock', now)) ran = true
    }
    return ran
  }

  /** Deletes store entries that have expired, up to `EXPIRIES_PER_TURN`. True if any may have been deleted. */
  async expire(by: 'stream-time' | 'wall-clock', now: number): Promise<boolean> {
    const { context, stores, failures, onChange } = this.#with
    if (stores.expiresAt(by) > now) return false
    onChange()
    await failures.alone('expiry', now, () => stores.expire(by, now, EXPIRIES_PER_TURN, run => context.apart(run)))
    return true
  }

  /** In how many milliseconds something is due by the wall clock; 0 or less if it is due now. */
  dueIn(): number {
    const { clock, stores } = this.#with
    return Math.min(this.punctuations.nextWallClock() - clock.monotonic(), stores.expiresAt('wall-clock') - clock.now())
  }

  async #call(node: string, callback: (time: number) => void | PromiseLike<void>, time: number): Promise<void> {
    const { clock, context, limit, failures, meters } = this.#with
    const began = clock.monotonic()
    context.wallTime = clock.now()
    await failures.alone(node, time, async () => {
      const done = callback(time)
      if (isPromise(done)) await context.waitFor(node, done)
      if (context.overdue) throw context.tooLong(node)
    })
    limit.restart()
    meters.punctuated(clock.monotonic() - began)
  }
}
