import { windowed } from '../record/windowed.ts'
import { endOfWindow } from '../windows/end-of-window.ts'
import type { RangeEntry } from '../state/engine-store.ts'
import { compileUpdate, storedAt, type AggregateFunction } from './aggregate.ts'
import { compileFinalEmission, type SlotRange } from './final-emission.ts'
import { compileDropLate, type LateOutput } from './late.ts'
import { forwardAt, type OperatorEnv, type Process } from './process.ts'
import type { CustomWindowsSpec, EmitStrategy, FixedWindowsSpec, TimeWindowsSpec } from '../windows/windows-spec.ts'
import { runSteps, runStepsThatTell } from './stepwise.ts'
import { StreamTime, streamTimeOfEmission } from './stream-time.ts'

export interface WindowAggregateSpec extends LateOutput {
  readonly type: 'windowAggregate'
  readonly store: string
  readonly function: AggregateFunction
  readonly windows: FixedWindowsSpec
  readonly emit: EmitStrategy
  readonly sendOldValues: boolean
}

/** Starts of the windows that hold `timestamp`, ascending. Those of a fixed length are aligned to the epoch; none starts before it. */
function windowStartsFor(timestamp: number, windows: FixedWindowsSpec): readonly number[] {
  if (windows.type === 'unlimited') return timestamp >= windows.startMs ? [windows.startMs] : []
  if (windows.type === 'custom') return timestamp < 0 ? [] : windows.windowsFor(timestamp).map(({ start }) => start)
  const { sizeMs, advanceMs } = windows
  const first = Math.floor(Math.max(0, timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs
  if (first + advanceMs > timestamp && timestamp >= 0) return [first]
  const starts: number[] = []
  for (let start = first; start <= timestamp; start += advanceMs) starts.push(start)
  return starts
}

/**
 * `count`, `reduce`, `aggregate` over time windows. A window takes records until the operator's stream time, the highest
 * timestamp that has reached it, passes its end by the grace period; what comes later is dropped, once for each window.
 * Unlike the unwindowed aggregation, a record without a value takes part (as in Kafka Streams).
 */
export function compileWindowAggregate(spec: WindowAggregateSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const store = env.windowStore(spec.store)
  const { sendOldValues } = spec
  const windows = withFailures(spec.windows, env)
  const { graceMs } = windows
  const endOf = windows.type === 'custom' ? (start: number) => endOfWindow(windows, start) : addTo(windows.sizeMs)
  const onUpdate = spec.emit === 'on-update'
  const streamTime = onUpdate ? new StreamTime(context) : streamTimeOfEmission(env, spec.store, graceMs)

  const windowOf = (key: unknown, start: number) => windowed(key, start, endOf(start))
  if (store.caching && onUpdate) {
    store.onEmit((key, start, value, old) => env.forward(windowOf(key, start), value, old), sendOldValues)
  }
  // Ahead of the records, so that a failure is nobody's yet.
  env.readsByWindow(spec.store, timestamp => windowStartsFor(timestamp, spec.windows))

  const update = compileUpdate(
    spec.function,
    { zero: () => store.zero(), needsOld: sendOldValues && onUpdate && !store.caching },
    env,
    (key, start, aggregate, timestamp, old) => {
      store.put(key, start, aggregate, storedAt(aggregate, timestamp, context))
      if (onUpdate && !store.caching) return forwardAt(env, timestamp, windowOf(key, start), aggregate, old)
    },
  )

  const dropLate = compileDropLate(env, spec.late)

  /** Windows that are over come first, since they come by time. */
  function firstOpen(starts: readonly number[]): number {
    const closeTime = streamTime.now - graceMs
    let first = 0
    while (first < starts.length && endOf(starts[first]!) <= closeTime) first++
    return first
  }

  function updateFrom(index: number, starts: readonly number[], key: unknown, value: unknown): void | Promise<void> {
    for (let at = index; at < starts.length; at++) {
      const start = starts[at]!
      const stored = store.get(key, start)
      const waiting =
        stored instanceof Promise
          ? stored.then(entry => update(key, start, value, entry))
          : update(key, start, value, stored)
      if (waiting !== undefined) return waiting.then(() => updateFrom(at + 1, starts, key, value))
    }
  }

  const process: Process = (key, value) => {
    if (key === null) return context.drop(name, 'null-key')
    const { timestamp } = context
    streamTime.reach(timestamp)
    const starts = windowStartsFor(timestamp, windows)
    const open = firstOpen(starts)
    if (open === 0) return updateFrom(0, starts, key, value)
    const missed = starts.slice(0, open).map(start => ({ start, end: endOf(start) }))
    const late = { streamTimeMs: streamTime.now, windows: missed, partly: open < starts.length }
    const waiting = dropLate(key, value, late)
    return waiting === undefined
      ? updateFrom(open, starts, key, value)
      : waiting.then(() => updateFrom(open, starts, key, value))
  }
  if (onUpdate || windows.type === 'unlimited') {
    env.onAdvance(time => {
      streamTime.reach(time)
      return false
    })
    return process
  }

  const forward = ({ key, slot, value, timestamp }: RangeEntry) =>
    forwardAt(env, timestamp, windowOf(key, slot), value, null)
  const emitClosed = compileFinalEmission(spec.store, closedStarts(windows), forward, env)
  // The window of the latest record is open.
  env.onHeldAsked(() => streamTime.now >= 0)
  env.onAdvance(time => {
    streamTime.reach(time)
    return runStepsThatTell(emitClosed(streamTime.now - graceMs))
  })
  return (key, value) => {
    if (key === null) return process(key, value)
    const emit = () => runSteps(emitClosed(streamTime.now - graceMs))
    const waiting = process(key, value)
    return waiting === undefined ? emit() : waiting.then(emit)
  }
}

/** Custom windows come from a function of the user: where it fails, it fails on the record at hand. */
function withFailures(windows: FixedWindowsSpec, { context, node }: OperatorEnv): FixedWindowsSpec {
  if (windows.type !== 'custom') return windows
  const windowsFor: CustomWindowsSpec['windowsFor'] = timestamp => {
    try {
      return windows.windowsFor(timestamp)
    } catch (error) {
      return context.fail(node.name, error)
    }
  }
  return { ...windows, windowsFor }
}

function addTo(sizeMs: number): (start: number) => number {
  return start => start + sizeMs
}

/** Gives the starts of the windows that have closed since the last emission; undefined when there can be none. */
function closedStarts(
  windows: TimeWindowsSpec | CustomWindowsSpec,
): (closeTime: number, last: number) => SlotRange | undefined {
  return windows.type === 'custom'
    ? (closeTime, last) => closedCustomStarts(windows, closeTime, last)
    : (closeTime, last) => closedTimeStarts(windows, closeTime, last)
}

function closedTimeStarts(windows: TimeWindowsSpec, closeTime: number, last: number): SlotRange | undefined {
  const to = closeTime - windows.sizeMs
  if (last === -1 || to < 0) return { from: 0, to }
  const from = Math.max(0, last - windows.sizeMs) + 1
  const [before, now] = [windowStartsFor(from - 1, windows), windowStartsFor(to, windows)]
  const same = before.length === now.length && before.every((start, index) => start === now[index])
  return same ? undefined : { from, to }
}

/** Since a window that starts later does not end earlier, those that have closed are all that start before the first open one. */
function closedCustomStarts(windows: CustomWindowsSpec, closeTime: number, last: number): SlotRange | undefined {
  const firstOpen = (time: number) => (time < 0 ? 0 : (windows.windowsFor(time)[0]?.start ?? time + 1))
  const range = { from: last === -1 ? 0 : firstOpen(last), to: firstOpen(closeTime) - 1 }
  return range.from > range.to ? undefined : range
}
