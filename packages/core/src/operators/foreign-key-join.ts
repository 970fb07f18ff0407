import { ByteSink } from '../record/byte-sink.ts'
import { murmur3 } from '../record/murmur3.ts'
import type { Serde } from '../serde/serde.ts'
import {
  combinedKey,
  combinedKeyPrefix,
  combinedKeyPrefixLength,
  type Instruction,
  type Subscription,
  type SubscriptionResponse,
} from '../formats/subscription.ts'
import type { StoredValue, StoreRow } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { decorateTopic } from '../topology/internal-topics.ts'
import { defined } from './function-result.ts'
import { forwardAt, mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { SpecOf } from './spec.ts'
import { announceReads, compileValueGetter, type ValueGetterSpec } from './value-getter.ts'
import type { TableJoiner } from './table-table-join.ts'
import type { VersionedInput } from './versioned-table.ts'

/** The steps of a join by foreign key, see `foreign-key-join.ts`. `topic` is the undecorated one of the subscriptions. */
export type ForeignKeySpec =
  | (VersionedInput & {
      readonly type: 'foreignKeySend'
      readonly join: 'inner' | 'left'
      readonly foreignKey: ForeignKeyFn
      readonly foreignKeySerde: Serde<unknown>
      readonly valueSerde: Serde<unknown>
      readonly topic: string
    })
  | {
      readonly type: 'foreignKeyReceive'
      readonly store: string
      readonly foreignKeySerde: Serde<unknown>
      readonly primaryKeySerde: Serde<unknown>
      readonly topic: string
    }
  | { readonly type: 'foreignKeyLookUp'; readonly foreign: ValueGetterSpec }
  | (VersionedInput & {
      readonly type: 'foreignKeyUpdate'
      readonly store: string
      readonly foreignKeySerde: Serde<unknown>
      readonly topic: string
    })
  | {
      readonly type: 'foreignKeyResolve'
      readonly join: 'inner' | 'left'
      readonly joiner: TableJoiner
      readonly primary: ValueGetterSpec
      readonly valueSerde: Serde<unknown>
      readonly topic: string
    }

/** The foreign key in a row; null where it names none. */
export type ForeignKeyFn = (value: never, key: never) => unknown

/*
 * A join of tables by foreign key, over two topics. Each row of the left table subscribes to the row that its foreign key
 * names (send), where that row lives the subscription is kept (receive) and answered (look-up), and answered again whenever
 * that row changes (update); where the left row lives the answer is joined with it (resolve), unless the row has changed
 * meanwhile, which its hash tells.
 */

/** On the left table's side: what has to be told about each update. */
export function compileForeignKeySend(spec: SpecOf<'foreignKeySend'>, env: OperatorEnv): Process {
  const { context, forward } = env
  const { name } = env.node
  const foreignKeyOf = spec.foreignKey as (value: unknown, key: unknown) => unknown
  const topic = decorateTopic(context.applicationId, spec.topic)
  const hash = hasher(spec.valueSerde, topic)
  const primaryPartition = Number(context.taskId.slice(context.taskId.lastIndexOf('_') + 1))
  const extract = (value: unknown, key: unknown) =>
    value === null ? null : defined(foreignKeyOf(value, key), env, 'a key, or null for none')
  const bytesOf = (foreignKey: unknown) => spec.foreignKeySerde.serialize(foreignKey, `${topic}-fk`)
  const changed = (one: unknown, other: unknown) =>
    one === null || other === null ? one !== other : Buffer.compare(bytesOf(one), bytesOf(other)) !== 0

  function leftJoin(key: unknown, value: unknown, old: unknown): Told[] {
    if (value === null && old === null) return []
    const before = extract(old, key)
    const now = extract(value, key)
    const told: Told[] = []
    if (before !== null && changed(now, before)) told.push([before, 'delete-silently'])
    // Also for a deletion, which subscribes to nothing, because the answer is what deletes the result.
    told.push([now, 'answer-always'])
    return told
  }

  function innerJoin(key: unknown, value: unknown, old: unknown): Told[] {
    const before = extract(old, key)
    if (value === null) return before === null ? [] : [[before, 'delete-and-answer']]
    const now = extract(value, key)
    if (now === null) {
      context.drop(name, 'null-key')
      return before === null ? [] : [[before, 'delete-and-answer']]
    }
    if (before === null || !changed(now, before)) return [[now, 'answer-if-there']]
    return [
      [before, 'delete-silently'],
      [now, 'answer-always'],
    ]
  }

  const instruct = spec.join === 'left' ? leftJoin : innerJoin
  return (key, value, old) => {
    if (spec.versioned === true && !context.isLatest) return context.drop(name, 'out-of-order')
    let told: Told[]
    let rowHash: Buffer | null
    try {
      told = instruct(key, value, old ?? null)
      rowHash = told.length === 0 ? null : hash(value)
    } catch (error) {
      return context.fail(name, error)
    }
    return inTurn(told, ([foreignKey, instruction]) =>
      forward(foreignKey, { hash: rowHash, instruction, primaryKey: key, primaryPartition } satisfies Subscription),
    )
  }
}

type Told = readonly [foreignKey: unknown, instruction: Instruction]

/** On the other table's side: keeps who subscribes to what. */
export function compileForeignKeyReceive(spec: SpecOf<'foreignKeyReceive'>, env: OperatorEnv): Process {
  const { context, forward } = env
  const { name } = env.node
  const store = env.tableStore(spec.store)
  const topic = decorateTopic(context.applicationId, spec.topic)
  const writeForeignKey = writerTo(spec.foreignKeySerde, `${topic}-fk`)
  const writePrimaryKey = writerTo(spec.primaryKeySerde, `${topic}-pk`)
  return (key, value) => {
    const { instruction, primaryKey } = value as Subscription
    if (key === null) {
      return instruction === 'answer-always' ? forward(key, value) : context.drop(name, 'null-key')
    }
    const bytes = combinedKey(
      sink => writeForeignKey(key, sink),
      sink => writePrimaryKey(primaryKey, sink),
    )
    const ends = instruction === 'delete-silently' || instruction === 'delete-and-answer'
    store.put(bytes, ends ? null : value, context.timestamp)
    return forward(key, value)
  }
}

/** Answers a subscription with the current row of the other table. */
export function compileForeignKeyLookUp(spec: SpecOf<'foreignKeyLookUp'>, env: OperatorEnv): Process {
  const { context } = env
  const lookUp = compileValueGetter(spec.foreign, env)
  announceReads(spec.foreign, env)

  function answer(subscription: Subscription, found: StoredValue | undefined): void | Promise<void> {
    const { hash, instruction, primaryKey, primaryPartition } = subscription
    if (instruction === 'delete-silently' || (instruction === 'answer-if-there' && found === undefined)) return
    const foreignValue = instruction === 'delete-and-answer' || found === undefined ? null : found.value
    const timestamp = found === undefined ? context.timestamp : Math.max(context.timestamp, found.timestamp)
    const response: SubscriptionResponse = { hash, foreignValue, primaryPartition }
    return forwardAt(env, timestamp, primaryKey, response, null)
  }

  return (key, value) => {
    const subscription = value as Subscription
    if (key === null) return answer(subscription, undefined)
    let found: MaybePromise<StoredValue | undefined>
    try {
      found = lookUp(key)
    } catch (error) {
      return context.fail(env.node.name, error)
    }
    if (found instanceof Promise) return settle(found, env, later => answer(subscription, later))
    return answer(subscription, found)
  }
}

/** Answers all subscriptions to a row of the other table that has changed, in the order of their primary keys' bytes. */
export function compileForeignKeyUpdate(spec: SpecOf<'foreignKeyUpdate'>, env: OperatorEnv): Process {
  const { context, forward } = env
  const store = env.prefixStore(spec.store, combinedKeyPrefixLength)
  const topic = decorateTopic(context.applicationId, spec.topic)
  const prefixOf = (key: unknown) => combinedKeyPrefix(spec.foreignKeySerde.serialize(key, `${topic}-fk`))
  env.readsByPrefix(spec.store, prefixOf)

  return (key, foreignValue) => {
    if (key === null) return context.drop(env.node.name, 'null-key')
    if (spec.versioned === true && !context.isLatest) return context.drop(env.node.name, 'out-of-order')
    const subscriptions = store.withPrefix(prefixOf(key))
    if (Symbol.asyncIterator in subscriptions) return answerAll(subscriptions, foreignValue)
    return inTurn(subscriptions, row => answer(row, foreignValue))
  }

  function answer({ value }: StoreRow, foreignValue: unknown): void | Promise<void> {
    const { hash, primaryKey, primaryPartition } = value as Subscription
    return forward(primaryKey, { hash, foreignValue, primaryPartition } satisfies SubscriptionResponse)
  }

  async function answerAll(subscriptions: AsyncIterable<StoreRow>, foreignValue: unknown): Promise<void> {
    for await (const row of subscriptions) await answer(row, foreignValue)
  }
}

/** Back on the left table's side: joins the answer with the row that asked, if it is still the same. */
export function compileForeignKeyResolve(spec: SpecOf<'foreignKeyResolve'>, env: OperatorEnv): Process {
  const { context, forward } = env
  const { name } = env.node
  const joiner = spec.joiner as (value: unknown, foreignValue: unknown, key: unknown) => unknown
  const lookUp = compileValueGetter(spec.primary, env)
  const hash = hasher(spec.valueSerde, decorateTopic(context.applicationId, spec.topic))
  /** Then a value has the same bytes in the store, whose topic is another. */
  const writesInPlace = spec.valueSerde.write !== undefined
  announceReads(spec.primary, env)

  function resolve(key: unknown, response: SubscriptionResponse, row: StoredValue | undefined): void | Promise<void> {
    const { foreignValue } = response
    let joined: unknown
    try {
      // Once, since each reading decodes. Nobody but the joiner sees it.
      const value = row === undefined ? null : row.value
      if (!isCurrent(row, value, response.hash)) return context.drop(name, 'stale')
      const deleted = foreignValue === null && (spec.join === 'inner' || row === undefined)
      joined = deleted ? null : joiner(value, foreignValue, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(joined, env)) return settle(joined, env, later => forward(key, defined(later, env)))
    return forward(key, defined(joined, env))
  }

  /** Whether the row is the one that has asked. */
  function isCurrent(row: StoredValue | undefined, value: unknown, asked: Buffer | null): boolean {
    if (value === null || asked === null) return value === asked
    // Mostly the table has the bytes that were hashed, and they need not be made again.
    const { encoded } = row!
    if (encoded !== undefined && writesInPlace && murmur3(encoded).equals(asked)) return true
    return hash(value)!.equals(asked)
  }

  return (key, value) => {
    let row: MaybePromise<StoredValue | undefined>
    try {
      row = lookUp(key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (row instanceof Promise) return settle(row, env, later => resolve(key, value as SubscriptionResponse, later))
    return resolve(key, value as SubscriptionResponse, row)
  }
}

function hasher(serde: Serde<unknown>, topic: string): (value: unknown) => Buffer | null {
  const write = writerTo(serde, `${topic}-vh`)
  const sink = new ByteSink(256)
  return value => {
    if (value === null) return null
    sink.position = 0
    write(value, sink)
    return murmur3(sink.buffer, sink.position)
  }
}

function writerTo(serde: Serde<unknown>, topic: string): (value: unknown, sink: ByteSink) => void {
  return serde.write === undefined
    ? (value, sink) => sink.append(serde.serialize(value, topic))
    : (value, sink) => serde.write!(value, sink)
}

function inTurn<T>(items: readonly T[], run: (item: T) => void | Promise<void>, first = 0): void | Promise<void> {
  for (let index = first; index < items.length; index++) {
    const waiting = run(items[index]!)
    if (waiting !== undefined) return waiting.then(() => inTurn(items, run, index + 1))
  }
}
