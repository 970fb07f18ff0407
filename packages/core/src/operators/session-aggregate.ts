import { windowed } from '../record/windowed.ts'
import { NO_HEADERS } from '../record/headers.ts'
import type { RangeEntry } from '../state/engine-store.ts'
import { compileFinalEmission } from './final-emission.ts'
import { foldOf } from './fold.ts'
import { defined } from './function-result.ts'
import { compileDropLate, type LateOutput } from './late.ts'
import { forwardAt, type OperatorEnv, type Process } from './process.ts'
import { called, runStepsThatTell, stepwise, type Steps } from './stepwise.ts'
import { StreamTime, streamTimeOfEmission } from './stream-time.ts'
import type { AggregateFunction } from './aggregate.ts'
import type { Awaitable } from './spec.ts'
import type { EmitStrategy, SessionWindowsSpec } from '../windows/windows-spec.ts'

export interface SessionAggregateSpec extends LateOutput {
  readonly type: 'sessionAggregate'
  readonly store: string
  readonly function: AggregateFunction
  /** Makes one aggregate of two, for `aggregate`; `count` and `reduce` need none. */
  readonly merger: ((one: never, other: never, key: never) => Awaitable<unknown>) | undefined
  readonly windows: SessionWindowsSpec
  readonly emit: EmitStrategy
  readonly sendOldValues: boolean
}

/**
 * `count`, `reduce`, `aggregate` over sessions: a record joins the sessions of its key that are no further than the gap from
 * it, and makes one of them all. A session that becomes part of another is deleted. A record whose session would have ended
 * before the operator's stream time, less gap and grace, is dropped. Results are timed by the session's end.
 */
export function compileSessionAggregate(spec: SessionAggregateSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const store = env.rangeStore(spec.store)
  const { sendOldValues } = spec
  const { inactivityGapMs: gap, graceMs } = spec.windows
  const onUpdate = spec.emit === 'on-update'
  const fold = foldOf(spec.function, () => store.zero(), spec.merger)
  const dropLate = compileDropLate(env, spec.late)
  const streamTime = onUpdate ? new StreamTime(context) : streamTimeOfEmission(env, spec.store, graceMs + gap)
  env.readsByKey(spec.store)

  if (store.caching && onUpdate) {
    store.onEmit(
      ({ key, slot, tie }, value, old) => forwardAt(env, slot, windowed(key, tie, slot), value, old),
      sendOldValues,
    )
  }

  /** Results carry no headers, as in Kafka Streams. */
  function forward(key: unknown, start: number, end: number, value: unknown, old: unknown): void | Promise<void> {
    if (!onUpdate || store.caching) return
    const { headers } = context
    context.headers = NO_HEADERS
    const waiting = forwardAt(env, end, windowed(key, start, end), value, old)
    if (waiting === undefined) context.headers = headers
    else return waiting.then(() => void (context.headers = headers))
  }

  function* update(key: unknown, value: unknown): Steps {
    const { timestamp } = context
    yield store.load(key)
    const touching = store
      .range(key, timestamp - gap, Number.MAX_SAFE_INTEGER)
      .filter(({ tie: start }) => start <= timestamp + gap)
    let aggregate = yield* called(env, fold.initial)
    let [start, end] = [timestamp, timestamp]
    for (const session of touching) {
      aggregate = defined(yield* called(env, () => fold.merge(aggregate ?? null, session.value, key)), env)
      start = Math.min(start, session.tie)
      end = Math.max(end, session.slot)
    }
    if (end < streamTime.now - graceMs - gap) {
      yield dropLate(key, value, { streamTimeMs: streamTime.now, windows: [{ start, end }], partly: false })
      return
    }
    if (start !== timestamp || end !== timestamp) {
      for (const { slot, tie, value: its } of touching) {
        const old = sendOldValues && onUpdate ? its : null
        store.put(key, slot, tie, null, timestamp)
        yield forward(key, tie, slot, null, old)
      }
    }
    aggregate = defined(yield* called(env, () => fold.add(aggregate ?? null, value, key)), env)
    store.put(key, end, start, aggregate, timestamp)
    yield forward(key, start, end, aggregate, null)
  }

  const emitClosed = onUpdate
    ? undefined
    : compileFinalEmission(
        spec.store,
        (closeTime, last) =>
          closeTime - 1 < Math.max(0, last) ? undefined : { from: Math.max(0, last), to: closeTime - 1 },
        ({ key, slot, tie, value }: RangeEntry) => forwardAt(env, slot, windowed(key, tie, slot), value, null),
        env,
      )

  // The window of the latest record is open.
  if (!onUpdate) env.onHeldAsked(() => streamTime.now >= 0)
  env.onAdvance(time => {
    streamTime.reach(time)
    return emitClosed === undefined ? false : runStepsThatTell(emitClosed(streamTime.now - graceMs - gap))
  })

  return stepwise(function* process(key, value) {
    if (key === null) return context.drop(name, 'null-key')
    streamTime.reach(context.timestamp)
    yield* update(key, value)
    if (emitClosed !== undefined) yield* emitClosed(streamTime.now - graceMs - gap)
  })
}
