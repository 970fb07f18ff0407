import { defined } from './function-result.ts'
import { forwardAt, type OperatorEnv, type Process } from './process.ts'
import { called, stepwise, type Steps } from './stepwise.ts'
import { StreamTime } from './stream-time.ts'
import type { StreamStreamJoinSpec } from './stream-stream-join.ts'

/** The join of a stream with itself, over one store of its records. */
export interface StreamSelfJoinSpec {
  readonly type: 'streamSelfJoin'
  /** Of a left or outer join, which lets records without a key come so far, though it has no use for them here. */
  readonly passesNullKeys: boolean
  readonly joiner: StreamStreamJoinSpec['joiner']
  readonly store: string
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

/**
 * The join of a stream with itself. Each record meets those before it as the left one, then as the right one, and itself: in
 * the order in which the join of two streams would give them. One that comes later than the store keeps records for does not
 * meet itself (`KStreamKStreamSelfJoin` in Kafka Streams).
 */
export function compileStreamSelfJoin(spec: StreamSelfJoinSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const { beforeMs, afterMs } = spec
  const keptMs = beforeMs + afterMs + spec.graceMs
  const store = env.rangeStore(spec.store)
  env.readsByKey(spec.store)
  const joiner = spec.joiner as (left: unknown, right: unknown, key: unknown) => unknown
  const streamTime = new StreamTime(context)
  function* join(left: unknown, right: unknown, key: unknown): Steps<unknown> {
    return defined(yield* called(env, () => joiner(left, right, key)), env)
  }
  env.onAdvance(time => {
    streamTime.reach(time)
    return false
  })

  return stepwise(function* process(key, value) {
    const { timestamp } = context
    if (key === null) return context.drop(name, 'null-key')
    if (value === null) return context.drop(name, 'null-value')
    streamTime.reach(timestamp)
    let meetsItself = timestamp > streamTime.now - keptMs + 1
    yield store.load(key)
    const near = (before: number, after: number) =>
      store.range(key, Math.max(0, timestamp - before), Math.max(0, timestamp + after))
    for (const { slot, value: other } of near(beforeMs, afterMs)) {
      const joined = yield* join(value, other, key)
      yield forwardAt(env, Math.max(timestamp, slot), key, joined, undefined)
    }
    for (const { slot, value: other } of near(afterMs, beforeMs)) {
      if (slot > timestamp && meetsItself) {
        meetsItself = false
        yield env.forward(key, yield* join(value, value, key))
      }
      const joined = yield* join(other, value, key)
      yield forwardAt(env, Math.max(timestamp, slot), key, joined, undefined)
    }
    if (meetsItself) yield env.forward(key, yield* join(value, value, key))
  })
}
