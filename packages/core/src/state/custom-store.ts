import type { Awaitable } from '../operators/spec.ts'
import { type KeyValueStoreOptions, keyValueStore, type StoreBuilder } from './store-builder.ts'
import type { KeyValueStore } from './store-types.ts'

/**
 * The methods of a custom store that the engine calls. It can have any other methods for processors. It is a view
 * of entries by key, such as an index or a tree on the heap, and the entries are what lasts: they are written and logged with
 * the commit, restored on another machine, and dropped when a transaction is aborted. The store is recreated each time that a
 * task starts, and then given what was committed.
 */
export interface StateStore<K, V> {
  /**
   * Before the first record of the task: takes in what was committed, which may come in any order. Nothing may be put.
   */
  restore(entries: AsyncIterable<readonly [key: K, value: V]>): Awaitable<void>
  /**
   * A commit begins, which will carry what was put until this has ended: for stores that write some of their changes late. May
   * be called more than once for a commit.
   */
  flush?(): Awaitable<void>
  /** The commit has succeeded: what was put until the flush lasts. */
  commit?(): void
  /** The task leaves. What was put since the last commit has been in vain, where this was not preceded by another one. */
  close?(): Awaitable<void>
}

/** The context in which a custom store is opened. */
export interface StateStoreContext<K, V> {
  /**
   * What lasts of the store. Puts take effect at once, and are part of the transaction of the record at hand. They may be read
   * back, so that not everything has to be kept on the heap.
   */
  readonly entries: KeyValueStore<K, V>
  /** The partition of the task that this store belongs to. */
  readonly partition: number
}

export interface CustomStoreOptions<K, V, Store extends StateStore<K, V>> extends Omit<
  KeyValueStoreOptions<K, V>,
  'ttlMs' | 'ttlBy'
> {
  /** Creates the store of one task. */
  readonly open: (context: StateStoreContext<K, V>) => Store
}

/**
 * A custom store, added with `addStateStore` and asked for by its name or this builder as others are. `key` and `value` are
 * of the entries that last. Kafka Streams: a `StateStore`, whose changes Kafka Streams itself neither logs nor takes back.
 *
 * @example
 * const places = customStore({ name: 'places', key: string(), value: json<Place>(), open: nearbyIndex })
 */
export function customStore<K, V, Store extends StateStore<K, V>>(
  options: CustomStoreOptions<K, V, Store>,
): StoreBuilder<Store> {
  const { open, ...ofEntries } = options
  const { name, draft } = keyValueStore<K, V>(ofEntries)
  return { name, draft: { ...draft, open: open as unknown as OpenStateStore } }
}

/** As a plan has it, which does not know the types. */
export type OpenStateStore = (context: StateStoreContext<unknown, unknown>) => StateStore<unknown, unknown>
