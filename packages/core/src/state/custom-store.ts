import { aFunction, optionsOf } from '../arguments/check.ts'
import { checkCall } from '../arguments/checked-methods.ts'
import { NAMED_STORE } from '../arguments/options.ts'
import type { Awaitable } from '../operators/spec.ts'
import { type KeyValueStoreOptions, keyValueStore, type StoreBuilder } from './store-builder.ts'
import type { KeyValueStore } from './store-types.ts'

/**
 * The methods of a custom store that the engine calls. It can have any other methods for processors. It is a view of entries
 * by key, such as an index or a tree in memory, and only the entries are durable: they are written and logged with the commit,
 * restored on another machine, and discarded when a transaction is aborted. The store is recreated at each start of a task,
 * then `restore` receives the committed entries.
 */
export interface StateStore<K, V> {
  /** Called before the first record of the task with the committed entries, in any order. It must not put entries. */
  restore(entries: AsyncIterable<readonly [key: K, value: V]>): Awaitable<void>
  /**
   * Called when a commit starts. The commit includes everything that was put before this ends: for stores that write some of
   * their changes late. It may be called more than once per commit.
   */
  flush?(): Awaitable<void>
  /** Called when the commit has succeeded: everything put before the flush is durable. */
  commit?(): void
  /** Called when the task stops. Entries put since the last commit are lost, unless another commit precedes this. */
  close?(): Awaitable<void>
}

/** The context in which a custom store is opened. */
export interface StateStoreContext<K, V> {
  /**
   * The durable entries of the store. A put takes effect at once and is part of the transaction of the current record. Entries
   * can be read back, so that not everything must be kept in memory.
   */
  readonly entries: KeyValueStore<K, V>
  /** The partition of the task that this store belongs to. */
  readonly partition: number
}

export interface CustomStoreOptions<K, V, Store extends StateStore<K, V>> extends Omit<
  KeyValueStoreOptions<K, V>,
  'ttlMs' | 'ttlBy'
> {
  /** Creates the store of one task. It must return a new object each time. */
  readonly open: (context: StateStoreContext<K, V>) => Store
}

/**
 * Returns the builder of a custom store, which is added and accessed like any other store. `key` and `value` are the serdes of
 * its durable entries. In Kafka Streams this is a `StateStore`, but Kafka Streams neither logs nor reverts its changes.
 *
 * @example
 * const places = customStore({ name: 'places', key: string(), value: json<Place>(), open: nearbyIndex })
 */
export function customStore<K, V, Store extends StateStore<K, V>>(
  options: CustomStoreOptions<K, V, Store>,
): StoreBuilder<Store> {
  checkCall('customStore', [['options', optionsOf({ ...NAMED_STORE, open: aFunction })]], [options])
  const { open, ...ofEntries } = options
  const { name, draft } = keyValueStore<K, V>(ofEntries)
  return { name, draft: { ...draft, open: open as unknown as OpenStateStore } }
}

/** As a plan has it, which does not know the types. */
export type OpenStateStore = (context: StateStoreContext<unknown, unknown>) => StateStore<unknown, unknown>
