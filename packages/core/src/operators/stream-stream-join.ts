import type { JoinSideKey, JoinSideValue } from '../formats/join-sides.ts'
import type { StoredValue } from '../state/engine-store.ts'
import { defined } from './function-result.ts'
import { compileDropLate, type LateOutput } from './late.ts'
import { forwardAt, type OperatorEnv, type Process, type TaskContext } from './process.ts'
import { called, runSteps, runStepsThatTell, stepwise, type Steps } from './stepwise.ts'
import { StreamTime } from './stream-time.ts'
import type { Awaitable } from './spec.ts'

/** Keeps a stream's records for the other side of a join. */
export interface JoinWindowSpec extends LateOutput {
  readonly type: 'joinWindow'
  readonly store: string
}

/** One side of a join of two streams. Times are milliseconds, and seen from this side. */
export interface StreamStreamJoinSpec {
  readonly type: 'streamStreamJoin'
  readonly side: 'left' | 'right'
  /** The left value comes first, whichever side brings the record. */
  readonly joiner: (left: never, right: never, key: never) => Awaitable<unknown>
  /** Where the records of the other side are kept. */
  readonly otherStore: string
  readonly beforeMs: number
  readonly afterMs: number
  /** Records of this side that find no partner are joined with null. */
  readonly keepsUnmatched: boolean
  /** Where records of either side wait for a partner; undefined where both sides need one. */
  readonly unmatched:
    | { readonly store: string; readonly leftWaitsMs: number; readonly rightWaitsMs: number; readonly graceMs: number }
    | undefined
}

/**
 * Where a stream's records are kept for the other side of a join: after they have met what is there by then. What comes when
 * its window and grace are over is found by no later record.
 */
export function compileJoinWindow(spec: LateOutput & { readonly store: string }, env: OperatorEnv): Process {
  const { context, forward } = env
  const store = env.rangeStore(spec.store)
  const dropLate = compileDropLate(env, spec.late)
  const streamTime = new StreamTime(context)

  function keep(key: unknown, value: unknown): void | Promise<void> {
    const { timestamp } = context
    streamTime.reach(timestamp)
    store.append(key, timestamp, value)
    if (value === null || timestamp >= store.expiredBefore) return
    return dropLate(key, value, { streamTimeMs: streamTime.now, windows: [], partly: true })
  }

  env.onAdvance(time => {
    streamTime.reach(time)
    store.advance(time)
    return false
  })

  return (key, value) => {
    const waiting = forward(key, value)
    if (key === null) return waiting
    return waiting === undefined ? keep(key, value) : waiting.then(() => keep(key, value))
  }
}

/**
 * One side of a join of two streams: its records meet those of the other side that are near enough in time. A record that
 * finds none waits, in a left or outer join, until no partner can come in time any more; then it is joined with null. Stream
 * time, which decides that, is the one of both sides together.
 */
export function compileStreamStreamJoin(spec: StreamStreamJoinSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const { beforeMs, afterMs, keepsUnmatched } = spec
  const isLeft = spec.side === 'left'
  const others = env.rangeStore(spec.otherStore)
  env.readsByKey(spec.otherStore)
  const joiner = spec.joiner as (left: unknown, right: unknown, key: unknown) => unknown
  const unmatched = spec.unmatched === undefined ? undefined : waitingRecords(spec.unmatched, env)
  function* join(key: unknown, mine: unknown, other: unknown): Steps<unknown> {
    return defined(yield* called(env, () => (isLeft ? joiner(mine, other, key) : joiner(other, mine, key))), env)
  }

  function* joinAlone(key: unknown, value: unknown): Steps {
    yield env.forward(key, yield* join(key, value, null))
  }

  /** What can find no partner any more. Looked for at most once in the emission interval, and not where nothing can be. */
  function* emitUnmatched(): Steps<boolean> {
    const { times, windows } = unmatched!
    const waitsMs = afterMs + windows.graceMs
    // While nothing is known of the store it is looked at, which uses up the interval, unless this side's records do not wait: as
    // in Kafka Streams, where `Long.MAX_VALUE` stands for nothing known, and adding to it what records wait for overflows.
    const known = times.earliest !== Number.POSITIVE_INFINITY || waitsMs <= 0
    if (known && times.earliest + waitsMs >= times.streamTime) return false
    const now = env.monotonic()
    if (now < times.nextEmission) return false
    times.nextEmission = now + env.emitIntervalMs
    const closed = (yield unmatched!.takeClosed()) as readonly ClosedRecords[]
    for (const { key: place, value } of closed) {
      for (const waiting of value) yield context.apart(() => runSteps(joinWaiting(place, waiting)))
      unmatched!.remove(place)
    }
    return closed.length > 0
  }

  function* joinWaiting(place: JoinSideKey, { left, value }: JoinSideValue): Steps {
    const joined = defined(yield* called(env, () => joiner(left ? value : null, left ? null : value, place.key)), env)
    yield forwardAt(env, place.timestamp, place.key, joined, undefined)
  }

  if (unmatched !== undefined) {
    const { times } = unmatched
    env.onHeldAsked(() => unmatched.anyWaits())
    env.onAdvance(time => {
      noteTimes(times, context)
      times.streamTime = Math.max(times.streamTime, time)
      return runStepsThatTell(emitUnmatched())
    })
  }

  return stepwise(function* process(key, value) {
    const { timestamp } = context
    if (unmatched !== undefined) {
      noteTimes(unmatched.times, context)
      if (timestamp > unmatched.times.streamTime) unmatched.times.streamTime = timestamp
    }
    if (key === null && value !== null && keepsUnmatched) return yield* joinAlone(key, value)
    if (key === null) return context.drop(name, 'null-key')
    if (value === null) return context.drop(name, 'null-value')
    if (unmatched !== undefined && timestamp === unmatched.times.streamTime) yield* emitUnmatched()
    yield others.load(key)
    const until = Math.max(0, timestamp + afterMs)
    const matches = others.range(key, Math.max(0, timestamp - beforeMs), until)
    for (const { slot, value: other } of matches) {
      if (unmatched !== undefined) {
        const place = { timestamp: slot, left: !isLeft, key }
        if ((yield unmatched.store.get(place)) !== undefined) unmatched.remove(place)
      }
      const joined = yield* join(key, value, other)
      yield forwardAt(env, Math.max(timestamp, slot), key, joined, undefined)
    }
    if (matches.length > 0 || !keepsUnmatched) return
    if (unmatched === undefined || until < unmatched.times.streamTime) return yield* joinAlone(key, value)
    const place = { timestamp, left: isLeft, key }
    const stored = (yield unmatched.store.get(place)) as StoredValue | undefined
    const before = (stored?.value ?? []) as readonly JoinSideValue[]
    unmatched.times.earliest = Math.min(unmatched.times.earliest, timestamp)
    unmatched.store.put(place, [...before, { left: isLeft, value }], timestamp)
  })
}

interface ClosedRecords {
  readonly key: JoinSideKey
  readonly value: readonly JoinSideValue[]
}

/** What both sides of a join share. */
interface JoinTimes {
  streamTime: number
  /** Where the last look at the waiting records ended, or an earlier one since; Infinity while nothing is known. */
  earliest: number
  nextEmission: number
}

/** As they are before a record. */
function noteTimes(times: JoinTimes, { undo }: TaskContext): void {
  undo?.note(restoreTimes, { times, before: { ...times } })
}

function restoreTimes({ times, before }: { times: JoinTimes; before: JoinTimes }): void {
  Object.assign(times, before)
}

const TIMES = new WeakMap<TaskContext, Map<string, JoinTimes>>()

function timesOf(context: TaskContext, store: string): JoinTimes {
  const ofTask = TIMES.get(context) ?? new Map<string, JoinTimes>()
  TIMES.set(context, ofTask)
  const times = ofTask.get(store) ?? { streamTime: -1, earliest: Number.POSITIVE_INFINITY, nextEmission: 0 }
  ofTask.set(store, times)
  return times
}

/** The records of both sides that wait for a partner. */
function waitingRecords(windows: NonNullable<StreamStreamJoinSpec['unmatched']>, env: OperatorEnv) {
  const { context } = env
  const store = env.orderedStore(windows.store)
  const times = timesOf(context, windows.store)
  return {
    store,
    times,
    windows,
    remove: (place: JoinSideKey) => store.put(place, null, context.timestamp),
    async anyWaits(): Promise<boolean> {
      for await (const _entry of store.entries()) return true
      return false
    },
    /** Those that no partner can come for any more, by time. */
    async takeClosed(): Promise<readonly ClosedRecords[]> {
      const closed: ClosedRecords[] = []
      const open = new Set<boolean>()
      times.earliest = Number.POSITIVE_INFINITY
      for await (const entry of store.entries()) {
        const { key, value } = entry as unknown as ClosedRecords
        times.earliest = key.timestamp
        // Entries come by time, so that no more of either side can be closed.
        if (open.size === 2) break
        const waitsMs = key.left ? windows.leftWaitsMs : windows.rightWaitsMs
        if (key.timestamp + waitsMs + windows.graceMs < times.streamTime) closed.push({ key, value })
        else open.add(key.left)
        // Kafka Streams goes through the records one by one, and ends at the second one of this place already.
        if (open.size === 2 && value.length > 1) break
      }
      return closed
    },
  }
}
