import type { Clock } from '../ports/clock.ts'

/** A longer timer of Node fires after 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  sleep(ms, signal) {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      let timer: ReturnType<typeof setTimeout> | undefined
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const wait = (rest: number): void => {
        const step = Math.min(rest, LONGEST_TIMER_MS)
        timer = setTimeout(() => (rest > step ? wait(rest - step) : done()), step)
      }
      wait(Math.max(0, ms))
      signal?.addEventListener('abort', done)
    })
  },
}
