import {
  type KeyRangeOf,
  millraceError,
  type PartitionFailure,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyVersionedKeyValueStore,
  type ReadOnlyWindowStore,
  type StorePlan,
  type ValueAndTimestamp,
  type WalkOptions,
  checkStoreCall,
  storeMethods,
} from '@millrace/core'
import type { OnlyKey } from '../state/buffer/store-output.ts'
import type { OpenPartition, StoreParts } from './local-queries.ts'
import type { QueryIsolation, ReadOptions } from './query-request.ts'

/** The kinds of stores that can be asked for by name. `QueryableStoreTypes` in Kafka Streams. */
export interface QueryableStores<K, V> {
  'key-value': ReadOnlyKeyValueStore<K, V>
  'timestamped-key-value': ReadOnlyKeyValueStore<K, ValueAndTimestamp<V>>
  window: ReadOnlyWindowStore<K, V>
  'timestamped-window': ReadOnlyWindowStore<K, ValueAndTimestamp<V>>
  session: ReadOnlySessionStore<K, V>
  versioned: ReadOnlyVersionedKeyValueStore<K, V>
}

export type QueryableKind = keyof QueryableStores<unknown, unknown>

export interface StoreQueryOptions extends ReadOptions {
  /**
   * Whether the store may be read if some of its partitions are on other instances. Otherwise such a read fails, because it would give
   * a part of the answer as the whole. @default false
   */
  readonly partial?: boolean
}

/** What the stores of an application are read with. */
export interface StoreSource {
  /** @throws MILLRACE_QUERY_NOT_RUNNING */
  readonly queries: () => StoreParts
  readonly isolation: QueryIsolation
  readonly options: StoreQueryOptions
}

/** The kind of a store as its plan has it. */
export function kindOf({ kind, timestamped }: StorePlan): QueryableKind {
  return timestamped && (kind === 'key-value' || kind === 'window') ? `timestamped-${kind}` : kind
}

/**
 * A store over all its partitions on this instance. Each read is of one moment in each partition.
 *
 * @param asked a timestamped store can be asked for without its timestamps
 * @throws MILLRACE_QUERY_STORE_KIND
 */
export function queryableStore(plan: StorePlan, asked: QueryableKind, source: StoreSource): object {
  const actual = kindOf(plan)
  if (actual !== asked && actual !== `timestamped-${asked}`)
    throw millraceError('MILLRACE_QUERY_STORE_KIND', { store: plan.name, actual, asked })
  const show = actual === asked ? (value: unknown) => value : plainValue
  return checkedReads(plan.name, readsOf(plan, new Parts(plan.name, source), show))
}

function readsOf(plan: StorePlan, parts: Parts<unknown>, show: (value: unknown) => unknown): object {
  switch (plan.kind) {
    case 'key-value':
      return keyValues(plan.name, parts as Parts<KeyValues>, show)
    case 'window':
      return windows(plan.name, parts as Parts<Windows>, show)
    case 'session':
      return sessions(plan.name, parts as Parts<Sessions>)
    case 'versioned':
      return versions(plan.name, parts as Parts<Versioned>)
  }
}

/** Times and ranges are checked, as in processors. */
function checkedReads(name: string, store: object): object {
  const rules = storeMethods(store) ?? {}
  const checked = Object.entries(store).map(([method, read]: [string, unknown]) => {
    const rule = rules[method]
    if (rule === undefined || typeof read !== 'function') return [method, read] as const
    const call = (...given: readonly unknown[]): unknown => {
      checkStoreCall(name, method, rule, given)
      return Reflect.apply(read, store, given)
    }
    return [method, call] as const
  })
  return Object.fromEntries(checked)
}

type KeyValues = ReadOnlyKeyValueStore<unknown, unknown>
type Windows = ReadOnlyWindowStore<unknown, unknown>
type Sessions = ReadOnlySessionStore<unknown, unknown>
type Versioned = ReadOnlyVersionedKeyValueStore<unknown, unknown>

/** The partitions of a store, which are opened for each read. */
class Parts<View> {
  readonly #store: string
  readonly #source: StoreSource

  constructor(store: string, source: StoreSource) {
    this.#store = store
    this.#source = source
  }

  /** The first value that a partition has. */
  async find(key: unknown, read: (view: View) => unknown): Promise<unknown> {
    const open = await this.#open({ key })
    try {
      for (const { view } of open) {
        const found = await read(view.store as View)
        if (found !== undefined) return found
      }
      return undefined
    } finally {
      await close(open)
    }
  }

  /** One partition after the other. */
  async *walk<T>(
    only: OnlyKey | undefined,
    read: (view: View) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    const open = await this.#open(only)
    try {
      for (const { view } of open) yield* read(view.store as View)
    } finally {
      await close(open)
    }
  }

  async sum(read: (view: View) => number | Promise<number>): Promise<number> {
    const open = await this.#open(undefined)
    try {
      let sum = 0
      for (const { view } of open) sum += await read(view.store as View)
      return sum
    } finally {
      await close(open)
    }
  }

  async #open(only: OnlyKey | undefined): Promise<readonly OpenPartition[]> {
    const { queries, isolation, options } = this.#source
    const results = await queries().openAll({ isolation, ...options, store: this.#store, only })
    const open = results.filter((result): result is OpenPartition => !('ok' in result))
    const partition = results.findIndex(result => 'ok' in result)
    if (partition < 0 || options.partial === true) return open
    await close(open)
    const failed = results[partition] as PartitionFailure
    const { reason, message } = failed
    throw millraceError('MILLRACE_QUERY_INCOMPLETE', { store: this.#store, partition, reason, message })
  }
}

async function close(open: readonly OpenPartition[]): Promise<void> {
  for (const { view } of open) await view[Symbol.asyncDispose]()
}

function plainValue(stored: unknown): unknown {
  return stored === undefined ? undefined : (stored as ValueAndTimestamp<unknown>).value
}

async function* mapped<T, R>(entries: AsyncIterable<T>, map: (entry: T) => R): AsyncGenerator<R, void, undefined> {
  for await (const entry of entries) yield map(entry)
}

function keyValues(name: string, parts: Parts<KeyValues>, show: (value: unknown) => unknown): KeyValues {
  const walk = (read: (view: KeyValues) => AsyncIterable<readonly [unknown, unknown]>) =>
    parts.walk(undefined, view => mapped(read(view), ([key, value]) => [key, show(value)] as const))
  return {
    name,
    get: key => parts.find(key, async view => show(await view.get(key))),
    range: (range: KeyRangeOf<unknown>) => walk(view => view.range(range)),
    all: (options?: WalkOptions) => walk(view => view.all(options)),
    prefixScan: (prefix, serde, options) => walk(view => view.prefixScan(prefix, serde, options)),
    approximateCount: () => parts.sum(view => view.approximateCount()),
  }
}

function windows(name: string, parts: Parts<Windows>, show: (value: unknown) => unknown): Windows {
  const walk = (read: (view: Windows) => AsyncIterable<readonly [unknown, number, unknown]>) =>
    parts.walk(undefined, view => mapped(read(view), ([key, start, value]) => [key, start, show(value)] as const))
  return {
    name,
    fetch: (key, start) => parts.find(key, async view => show(await view.fetch(key, start))),
    fetchRange: (key, from, to, options) =>
      parts.walk({ key }, view =>
        mapped(view.fetchRange(key, from, to, options), ([start, value]) => [start, show(value)] as const),
      ),
    fetchKeys: (keys, from, to) => walk(view => view.fetchKeys(keys, from, to)),
    fetchAll: (from, to, options) => walk(view => view.fetchAll(from, to, options)),
    all: options => walk(view => view.all(options)),
  }
}

function sessions(name: string, parts: Parts<Sessions>): Sessions {
  return {
    name,
    fetchSession: (key, window) => parts.find(key, view => view.fetchSession(key, window)),
    findSessions: (key, earliestEnd, latestStart, options) =>
      parts.walk({ key }, view => view.findSessions(key, earliestEnd, latestStart, options)),
    findKeySessions: (keys, earliestEnd, latestStart) =>
      parts.walk(undefined, view => view.findKeySessions(keys, earliestEnd, latestStart)),
    fetch: (key, options) => parts.walk({ key }, view => view.fetch(key, options)),
    fetchKeys: keys => parts.walk(undefined, view => view.fetchKeys(keys)),
    fetchAll: (earliestEnd, latestEnd, options) =>
      parts.walk(undefined, view => view.fetchAll(earliestEnd, latestEnd, options)),
    all: options => parts.walk(undefined, view => view.all(options)),
  }
}

function versions(name: string, parts: Parts<Versioned>): Versioned {
  return {
    name,
    get: (key, asOf) => parts.find(key, view => view.get(key, asOf)) as ReturnType<Versioned['get']>,
    versions: (key, within) => parts.walk({ key }, view => view.versions(key, within)),
  }
}
