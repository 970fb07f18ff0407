import type { RecordOrigin } from '../formats/seen-record.ts'
import type { RangeEntry } from '../state/engine-store.ts'
import { compileDropLate, type LateOutput } from './late.ts'
import type { OperatorEnv, Process, TaskContext } from './process.ts'
import type { ValueFn } from './spec.ts'
import { called, stepwise } from './stepwise.ts'
import { setCloseTime, StreamTime } from './stream-time.ts'

/** Leaves out records that repeat another one. All times are in milliseconds. */
export interface DeduplicateSpec extends LateOutput {
  readonly type: 'deduplicate'
  /** Holds, by key and id and at the time of the record, where each record was read that has passed. */
  readonly store: string
  /** Null or undefined for a record that repeats nothing. */
  readonly by: ValueFn<unknown>
  readonly withinMs: number
  readonly graceMs: number
}

/**
 * `KStream.deduplicate`: of records with one key and one id that are no further apart in time than `withinMs`, the first to
 * arrive passes. What is older than stream time, the highest timestamp that has reached this operator, by more than the grace
 * is left out as late: what it may repeat is no longer kept.
 *
 * Under at_least_once a record may be processed again on a state that knows it already. It must pass again then, for nobody
 * knows whether it has been written; so each record that passes is kept with where it was read. But several records may come
 * of the one that was read, as of a join: a repetition among those is told by what this task itself has let pass.
 *
 * Stream time is committed with the input offsets. Kept in memory only, it would start again after a restart, and a record that
 * had been late would pass although the one that it repeats has been forgotten.
 */
export function compileDeduplicate(spec: DeduplicateSpec, env: OperatorEnv): Process {
  const { context, closeTimes, forward } = env
  const { name } = env.node
  const { withinMs, graceMs } = spec
  const store = env.rangeStore(spec.store)
  const by = spec.by as (value: unknown, key: unknown) => unknown
  const dropLate = compileDropLate(env, spec.late)
  const passedHere = new WeakSet<RangeEntry>()
  const streamTime = new StreamTime(context)
  streamTime.now = closeTimes.get(spec.store) ?? -1

  function reach(time: number): void {
    if (time <= streamTime.now) return
    streamTime.reach(time)
    setCloseTime(closeTimes, spec.store, time, context)
  }
  env.onAdvance(time => {
    reach(time)
    return false
  })

  return stepwise(function* process(key, value) {
    const { timestamp } = context
    reach(timestamp)
    const id = key === null ? null : yield* called(env, () => by(value, key))
    if (id === null || id === undefined) {
      yield forward(key, value)
      return
    }
    const place = { key, id }
    yield store.load(place)
    const passed = store.range(place, timestamp - withinMs, timestamp + withinMs)
    const same = passed.find(entry => entry.slot === timestamp && isOf(context, entry))
    if (same !== undefined && !passedHere.has(same)) {
      passedHere.add(same)
      yield forward(key, value)
      return
    }
    if (timestamp < streamTime.now - graceMs) {
      yield dropLate(key, value, { streamTimeMs: streamTime.now, windows: [], partly: false })
      return
    }
    if (passed.length > 0) return context.count(name, 'duplicate-records', 1)
    const { topic, partition, offset } = context
    store.put(place, timestamp, 0, { topic: topic ?? '', partition, offset }, timestamp)
    const entry = store.get(place, timestamp)
    if (entry !== undefined) passedHere.add(entry)
    yield forward(key, value)
  })
}

/** Whether the entry is of the record at hand. What came from a timer or a cache is like no other. */
function isOf(context: TaskContext, entry: RangeEntry): boolean {
  const { topic, partition, offset } = entry.value as RecordOrigin
  return offset >= 0 && offset === context.offset && partition === context.partition && topic === context.topic
}
