import {
  type KTable,
  millraceError,
  type Plan,
  type ReadOnlySessionStore,
  type ReadOnlyTimestampedKeyValueStore,
  type ReadOnlyTimestampedWindowStore,
  type StoreBuilder,
  type Windowed,
  isGivenObject,
  shownOption,
} from '@millrace/core'
import type { StoreParts } from './local-queries.ts'
import { checkReadOptions, invalid, type QueryIsolation, storeOf } from './query-request.ts'
import { kindOf, type QueryableKind, queryableStore, type StoreQueryOptions } from './queryable-store.ts'

/** The store of a table: of one with windowed keys it is a window store or a session store. */
export type ReadOnlyStoreOfTable<K, V> =
  K extends Windowed<infer Key>
    ? ReadOnlyTimestampedWindowStore<Key, V> | ReadOnlySessionStore<Key, V>
    : ReadOnlyTimestampedKeyValueStore<K, V>

/** What `store()` was called with: a handle and options, or a name, a kind and options. */
export type AskedStore = readonly [
  store: string | StoreBuilder | Pick<KTable<unknown, unknown>, 'storeName'>,
  kindOrOptions?: QueryableKind | StoreQueryOptions,
  options?: StoreQueryOptions,
]

const KINDS: readonly string[] = [
  'key-value',
  'timestamped-key-value',
  'window',
  'timestamped-window',
  'session',
  'versioned',
] satisfies readonly QueryableKind[]

/** @throws MILLRACE_STORE_UNKNOWN, MILLRACE_QUERY_STORE_KIND, MILLRACE_QUERY_INVALID */
export function openStore(
  plan: Plan,
  [store, second, third]: AskedStore,
  queries: (store: string) => StoreParts,
  defaultIsolation: QueryIsolation,
): object {
  const name = nameOf(store)
  const found = storeOf(plan, name)
  const actual = kindOf(found)
  const byName = typeof store === 'string'
  if (byName && !(typeof second === 'string' && KINDS.includes(second)))
    throw invalid(name, `the kind must be one of ${KINDS.join(', ')}; this store is "${actual}"`)
  if (found.open !== undefined && !byName)
    throw millraceError('MILLRACE_QUERY_STORE_KIND', { store: name, actual: 'custom', asked: 'custom' })
  const isTable = !byName && !('draft' in store)
  if (isTable && actual === 'versioned')
    throw millraceError('MILLRACE_QUERY_STORE_KIND', { store: name, actual, asked: 'timestamped-key-value' })
  const given = byName ? third : (second as StoreQueryOptions | undefined)
  const options = given === undefined ? {} : given
  checkReadOptions(name, options, ['partial'])
  if (options.partial !== undefined && typeof options.partial !== 'boolean')
    throw invalid(name, `partial must be true or false, but it is ${shownOption(options.partial)}`)
  const { isolation = defaultIsolation } = options
  const source = { queries: () => queries(name), isolation, options }
  return queryableStore(found, byName ? (second as QueryableKind) : actual, source)
}

function nameOf(store: AskedStore[0]): string {
  if (typeof store === 'string') return store
  const given: unknown = store
  if (!isGivenObject(given))
    throw invalid('', `a store must be its name, its builder or its table, but it is ${shownOption(given)}`)
  if ('draft' in store) return store.name
  if (store.storeName !== undefined) return store.storeName
  throw invalid('(without a name)', "the table has no store with a name: give it one with { store: 'name' }")
}
