import type { Change } from '../formats/change.ts'
import { sameBytesOf } from '../serde/key-identity.ts'
import { decorateTopic } from '../topology/internal-topics.ts'
import { pairOf } from './function-result.ts'
import { isPromise, mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueFn } from './spec.ts'
import type { VersionedInput } from './versioned-table.ts'
import type { Serde } from '../serde/serde.ts'

/** The first half of a table's `groupBy`: the old and the new value of each update, under their new keys. */
export interface TableGroupSpec extends VersionedInput {
  readonly type: 'tableGroup'
  readonly selector: ValueFn<readonly [unknown, unknown]>
  /** Of the new keys, in the topic (undecorated) between both halves. */
  readonly keySerde: Serde<unknown>
  readonly topic: string
}

type Pair = readonly [key: unknown, value: unknown]

/**
 * The first half of `KTable.groupBy`: gives the new keys of a row's old and new value, as changes for the aggregation behind
 * the repartition topic. One change where the key stays, otherwise the old value leaves first. A pair whose key or value
 * is null takes no part.
 */
export function compileTableGroup(spec: TableGroupSpec, env: OperatorEnv): Process {
  const selector = spec.selector as (value: unknown, key: unknown) => Pair | PromiseLike<Pair>
  const { context, forward } = env
  const { name } = env.node
  const sameKey = sameBytesOf(spec.keySerde, decorateTopic(context.applicationId, spec.topic))

  function emit(newPair: Pair | null, oldPair: Pair | null): void | Promise<void> {
    if (newPair !== null) pairOf(newPair, env)
    if (oldPair !== null) pairOf(oldPair, env)
    const added = isWhole(newPair) ? newPair : null
    const removed = isWhole(oldPair) ? oldPair : null
    let keyStays = false
    try {
      keyStays = added !== null && removed !== null && sameKey(added[0], removed[0])
    } catch (error) {
      return context.fail(name, error)
    }
    if (added !== null && removed !== null && keyStays) {
      return forward(removed[0], { newValue: added[1], oldValue: removed[1] } satisfies Change)
    }
    const waiting =
      removed === null ? undefined : forward(removed[0], { newValue: null, oldValue: removed[1] } satisfies Change)
    if (added === null) return waiting
    const add = () => forward(added[0], { newValue: added[1], oldValue: null } satisfies Change)
    return waiting === undefined ? add() : waiting.then(add)
  }

  return (key, value, old) => {
    // What an aggregate is made of are the latest versions.
    if (spec.versioned === true && !context.isLatest) return
    let newPair: Pair | PromiseLike<Pair> | null
    let oldPair: Pair | PromiseLike<Pair> | null
    try {
      newPair = value === null ? null : selector(value, key)
      oldPair = old === null || old === undefined ? null : selector(old, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(newPair, env) || isPromise(oldPair)) {
      return settle(Promise.all([newPair, oldPair]), env, ([laterNew, laterOld]) => emit(laterNew, laterOld))
    }
    return emit(newPair, oldPair)
  }
}

function isWhole(pair: Pair | null): pair is Pair {
  return pair !== null && (pair[0] ?? null) !== null && (pair[1] ?? null) !== null
}
