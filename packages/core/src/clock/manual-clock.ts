import type { Clock } from '../ports/clock.ts'

/**
 * Time that moves only when it is told to. Who sleeps is woken by `advance`, in the order of the wake-up times, and sees
 * the time that it asked for.
 */
export class ManualClock implements Clock {
  #now: number
  /** Ordered by time, then by who came first. */
  readonly #sleepers: Sleeper[] = []

  /** @param startMs milliseconds since the epoch */
  constructor(startMs = 0) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  /** How many are asleep: a test that expects nobody to wait can say so. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  /** When the next sleeper wakes, in milliseconds since the epoch. */
  get nextWakeUp(): number | undefined {
    return this.#sleepers[0]?.at
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
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
    const end = this.#now + ms
    await settled()
    for (let next = this.#sleepers[0]; next !== undefined && next.at <= end; next = this.#sleepers[0]) {
      this.#sleepers.shift()
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await settled()
    }
    this.#now = Math.max(this.#now, end)
  }

  /**
   * Moves time on without letting anybody run: sleepers whose time has come wake after the caller gives up control. For
   * loops that stamp records; `advance` is for everything that waits.
   */
  jump(ms: number): void {
    this.#now += ms
    while (this.#sleepers[0] !== undefined && this.#sleepers[0].at <= this.#now) this.#sleepers.shift()!.wake()
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
