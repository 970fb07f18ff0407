import type { RangeEntry } from '../state/engine-store.ts'
import type { OperatorEnv } from './process.ts'
import type { Steps } from './stepwise.ts'
import { setCloseTime } from './stream-time.ts'

/** Slots, both ends inclusive. */
export interface SlotRange {
  readonly from: number
  readonly to: number
}

/**
 * `emitStrategy: 'on-close'`: to be run after each record, and when time moves on without one. When the time before which windows
 * are closed has moved on, the windows that have closed since the last emission are forwarded, at most once in the application's
 * emission interval. Tells whether any were.
 *
 * `slots` says which to look at, given the closing time of the last emission, -1 before the first; undefined when no window
 * can have closed.
 */
export function compileFinalEmission(
  storeName: string,
  slots: (closeTime: number, last: number) => SlotRange | undefined,
  forward: (entry: RangeEntry) => void | Promise<void>,
  env: OperatorEnv,
): (closeTime: number) => Steps<boolean> {
  const store = env.rangeStore(storeName)
  const { context } = env
  let nextEmission = 0
  const setNextEmission = (before: number) => {
    nextEmission = before
  }
  return function* emitClosed(closeTime) {
    const now = env.monotonic()
    if (now < nextEmission) return false
    context.undo?.note(setNextEmission, nextEmission)
    nextEmission = now + env.emitIntervalMs
    const last = env.closeTimes.get(storeName) ?? -1
    if (last !== -1 && last >= closeTime) return false
    const range = slots(closeTime, last)
    if (range === undefined || range.to < 0) return false
    const entries = (yield store.all(range.from, range.to)) as readonly RangeEntry[]
    // A result is of all the records in its window: where it fails, the one that has closed the window is not to blame.
    for (const entry of entries) yield context.apart(() => forward(entry))
    setCloseTime(env.closeTimes, storeName, closeTime, context)
    return entries.length > 0
  }
}
