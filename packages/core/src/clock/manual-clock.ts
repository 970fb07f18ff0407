import { aFiniteNumber } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * Time that moves only when it is told to. `advance` wakes sleepers in the order of their wake-up times, and each sees the time
 * that it asked for. The time of day can be set apart from the time that passes, as on a real machine.
 */
export class ManualClock implements Clock {
  #monotonic = 0
  /** The time of day when `monotonic` was 0. */
  #origin: number
  /** Ordered by time, then by who came first. */
  readonly #sleepers: Sleeper[] = []

  /** @param startMs milliseconds since the epoch */
  constructor(startMs = 0) {
    checkArguments('ManualClock', [['startMs', aFiniteNumber]], [startMs])
    this.#origin = startMs
  }

  now(): number {
    return this.#origin + this.#monotonic
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** Sets the time of day forward or back, as a step of NTP does. No time passes, and nobody is woken. */
  stepWallClock(byMs: number): void {
    checkArguments('stepWallClock', [['byMs', aFiniteNumber]], [byMs])
    this.#origin += byMs
  }

  /** How many are asleep: a test that expects nobody to wait can say so. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  /** When the next sleeper wakes, as `monotonic` counts. */
  get nextWakeUp(): number | undefined {
    return this.#sleepers[0]?.at
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const sleeper: Sleeper = {
        at: this.#monotonic + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      const onAbort = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1)
        sleeper.wake()
      }
      signal?.addEventListener('abort', onAbort)
      this.#insert(sleeper)
    })
  }

  /**
   * Moves time on by `ms`, stopping at each wake-up on the way. What a sleeper does when it wakes has run, up to its next
   * wait, before time moves further.
   */
  async advance(ms: number): Promise<void> {
    checkArguments('advance', [['ms', aFiniteNumber]], [ms])
    const end = this.#monotonic + ms
    await settled()
    for (let next = this.#sleepers[0]; next !== undefined && next.at <= end; next = this.#sleepers[0]) {
      this.#sleepers.shift()
      this.#monotonic = Math.max(this.#monotonic, next.at)
      next.wake()
      await settled()
    }
    this.#monotonic = Math.max(this.#monotonic, end)
  }

  /**
   * Moves time on without letting anybody run: sleepers whose time has come wake after the caller gives up control. For
   * loops that stamp records; `advance` is for everything that waits.
   */
  jump(ms: number): void {
    this.#monotonic += ms
    while (this.#sleepers[0] !== undefined && this.#sleepers[0].at <= this.#monotonic) this.#sleepers.shift()!.wake()
  }

  #insert(sleeper: Sleeper): void {
    let index = this.#sleepers.length
    while (index > 0 && this.#sleepers[index - 1]!.at > sleeper.at) index--
    this.#sleepers.splice(index, 0, sleeper)
  }
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** A turn of the event loop: all promise reactions that can run have run by then. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
