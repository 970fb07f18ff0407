import type { RangeEntry } from '../state/engine-store.ts'
import { storedAt, type AggregateFunction } from './aggregate.ts'
import { compileFinalEmission } from './final-emission.ts'
import { foldOf } from './fold.ts'
import { defined } from './function-result.ts'
import { compileDropLate, type LateOutput } from './late.ts'
import { forwardAt, type OperatorEnv, type Process } from './process.ts'
import { windowed, type Window } from '../record/windowed.ts'
import { called, runStepsThatTell, stepwise, type Steps } from './stepwise.ts'
import { StreamTime, streamTimeOfEmission } from './stream-time.ts'
import type { EmitStrategy, SlidingWindowsSpec } from '../windows/windows-spec.ts'

export interface SlidingAggregateSpec extends LateOutput {
  readonly type: 'slidingAggregate'
  readonly store: string
  readonly function: AggregateFunction
  readonly windows: SlidingWindowsSpec
  readonly emit: EmitStrategy
  readonly sendOldValues: boolean
}

/** A window's aggregate and the time of the last record in it. */
interface Aggregate {
  readonly value: unknown
  readonly timestamp: number
}

/**
 * `count`, `reduce`, `aggregate` over sliding windows `[start, start + difference]`. A window exists for each record: the one
 * that ends with it, its left window, and the one that begins just after it, its right window, if a record falls in there.
 * Records without key or value are dropped, and those that come when all their windows are over.
 *
 * Steps and their order are those of Kafka Streams, since each creates windows that the next record finds.
 */
export function compileSlidingAggregate(spec: SlidingAggregateSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const store = env.rangeStore(spec.store)
  const { timeDifferenceMs: difference, graceMs } = spec.windows
  const onUpdate = spec.emit === 'on-update'
  const sendOldValues = spec.sendOldValues && onUpdate && !store.caching
  const fold = foldOf(spec.function, () => store.zero())
  const dropLate = compileDropLate(env, spec.late)
  const streamTime = onUpdate ? new StreamTime(context) : streamTimeOfEmission(env, spec.store, graceMs)
  /** Of the record at hand: windows that were over, and whether any other took it. */
  let missed: Window[] = []
  let taken = false
  env.readsByKey(spec.store)

  const windowOf = (key: unknown, start: number) => windowed(key, start, start + difference)
  if (store.caching && onUpdate) {
    store.onEmit(({ key, slot }, value, old) => env.forward(windowOf(key, slot), value, old), spec.sendOldValues)
  }

  function keep(key: unknown, start: number, value: unknown, timestamp: number, old: unknown): void | Promise<void> {
    store.put(key, start, 0, value, storedAt(value, timestamp, context))
    if (onUpdate && !store.caching) return forwardAt(env, timestamp, windowOf(key, start), value, old)
  }

  /** Adds the record to a window that has this aggregate so far; without one it begins with the initial aggregate. */
  function* update(key: unknown, value: unknown, start: number, so: Aggregate | undefined): Steps {
    if (start + difference < streamTime.now - graceMs) return void missed.push({ start, end: start + difference })
    taken = true
    const { timestamp } = context
    const before = so === undefined ? ((yield* called(env, fold.initial)) ?? null) : so.value
    // Another decoding or another initial aggregate: the user's function may change what it is given.
    const old = !sendOldValues ? null : so === undefined ? (fold.initial() ?? null) : so.value
    const after = defined(yield* called(env, () => fold.add(before, value, key)), env)
    const latest = before === null || so === undefined ? timestamp : Math.max(timestamp, so.timestamp)
    yield keep(key, start, after, latest, old)
  }

  function* updateWindows(key: unknown, value: unknown): Steps {
    const { timestamp } = context
    const windows = store.range(key, timestamp - 2 * difference, timestamp + 1)
    const starts = new Set(windows.map(({ slot }) => slot))
    let left: Aggregate | undefined
    let right: Aggregate | undefined
    let leftExists = false
    let previous: number | undefined
    for (const window of windows.toReversed()) {
      const { slot: start, timestamp: latest } = window
      const end = start + difference
      if (start === timestamp + 1) continue
      if (end < timestamp) {
        left = window
        previous = latest
        break
      }
      if (end > timestamp) right ??= copyOf(window)
      else leftExists = true
      yield* update(key, value, start, window)
      if (end > timestamp) continue
      // Another record of this very time has made all the windows already.
      if (latest >= timestamp) return
      previous = latest
    }
    if (previous !== undefined && !starts.has(previous + 1) && previous + 1 + difference >= timestamp) {
      yield* update(key, value, previous + 1, undefined)
    }
    if (!leftExists) {
      const holdsPrevious = previous !== undefined && timestamp - difference <= previous
      const so = holdsPrevious && left !== undefined ? { value: left.value, timestamp } : undefined
      yield* update(key, value, timestamp - difference, so)
    }
    yield addRight(key, right, starts)
  }

  /** Windows do not start before the epoch: the earliest records share the window `[0, difference]`. */
  function* updateEarly(key: unknown, value: unknown): Steps {
    const { timestamp } = context
    const windows = store.range(key, 0, timestamp + 1)
    const starts = new Set(windows.map(({ slot }) => slot))
    const combined = windows.find(({ slot }) => slot === 0)
    const previous = combined !== undefined && combined.timestamp < timestamp ? combined.timestamp : undefined
    let right: Aggregate | undefined
    for (const window of windows) {
      if (window.slot === 0 || window.slot > timestamp) continue
      right = copyOf(window)
      yield* update(key, value, window.slot, window)
    }
    if (right === undefined && combined !== undefined && combined.timestamp > timestamp) right = combined
    yield addRight(key, right, starts)
    if (previous !== undefined && !starts.has(previous + 1)) yield* update(key, value, previous + 1, undefined)
    yield* update(key, value, 0, combined)
  }

  /** The window just after the record, where there is something in it: it has been aggregated in a window before. */
  function addRight(key: unknown, right: Aggregate | undefined, starts: ReadonlySet<number>): void | Promise<void> {
    const start = context.timestamp + 1
    if (right === undefined || right.timestamp < start || starts.has(start)) return
    return keep(key, start, right.value, right.timestamp, null)
  }

  const emitClosed = onUpdate
    ? undefined
    : compileFinalEmission(
        spec.store,
        (closeTime, last) => ({
          from: last === -1 ? 0 : Math.max(0, last - difference),
          to: closeTime - difference - 1,
        }),
        ({ key, slot, value, timestamp }: RangeEntry) => forwardAt(env, timestamp, windowOf(key, slot), value, null),
        env,
      )

  // The window of the latest record is open.
  if (!onUpdate) env.onHeldAsked(() => streamTime.now >= 0)
  env.onAdvance(time => {
    streamTime.reach(time)
    return emitClosed === undefined ? false : runStepsThatTell(emitClosed(streamTime.now - graceMs))
  })

  return stepwise(function* process(key, value) {
    if (key === null) return context.drop(name, 'null-key')
    if (value === null) return context.drop(name, 'null-value')
    const { timestamp } = context
    streamTime.reach(timestamp)
    if (timestamp + difference < streamTime.now - graceMs) {
      yield dropLate(key, value, { streamTimeMs: streamTime.now, windows: [], partly: false })
      return
    }
    yield store.load(key)
    missed = []
    taken = false
    if (timestamp < difference) yield* updateEarly(key, value)
    else yield* updateWindows(key, value)
    if (missed.length > 0) yield dropLate(key, value, { streamTimeMs: streamTime.now, windows: missed, partly: taken })
    if (timestamp < difference) return
    if (emitClosed !== undefined) yield* emitClosed(streamTime.now - graceMs)
  })
}

/** As it is now: a put changes the entry. */
function copyOf({ value, timestamp }: Aggregate): Aggregate {
  return { value, timestamp }
}
