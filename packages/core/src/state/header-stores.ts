import { checkCall } from '../arguments/checked-methods.ts'
import { type Check, isPlainObject, mustBe } from '../arguments/check.ts'
import type { Headers } from '../record/headers.ts'
import {
  type KeyValueStoreOptions,
  keyValueStore,
  type SessionStoreOptions,
  sessionStore,
  type StoreBuilder,
  type WindowStoreOptions,
  windowStore,
} from './store-builder.ts'
import type { KeyValueStore, SessionStore, ValueAndTimestamp, WindowStore } from './store-types.ts'

/** A value with the time and the headers that it was put with. */
export interface ValueTimestampHeaders<V> extends ValueAndTimestamp<V> {
  readonly headers: Headers
}

/** What a session holds, with the headers that it was put with. */
export interface AggregationWithHeaders<V> {
  readonly value: V
  readonly headers: Headers
}

/**
 * Returns the builder of a key-value store that keeps headers with each value, such as the trace that it belongs to. In the changelog they are
 * the headers of the record; a deletion is logged with the headers of the current record. Never cached. Kafka Streams:
 * `Stores.timestampedKeyValueStoreWithHeadersBuilder` (KIP-1271).
 */
export function keyValueStoreWithHeaders<K, V>(
  options: Omit<KeyValueStoreOptions<K, V>, 'caching'>,
): StoreBuilder<KeyValueStore<K, ValueTimestampHeaders<V>>> {
  checkOptions('keyValueStoreWithHeaders', options)
  const { name, draft } = keyValueStore<K, V>({ ...options, caching: false })
  return { name, draft: { ...draft, timestamped: true, withHeaders: true } }
}

/** The same by key and window start. Kafka Streams: `Stores.timestampedWindowStoreWithHeadersBuilder`. */
export function windowStoreWithHeaders<K, V>(
  options: Omit<WindowStoreOptions<K, V>, 'caching' | 'retainDuplicates'>,
): StoreBuilder<WindowStore<K, ValueTimestampHeaders<V>>> {
  checkOptions('windowStoreWithHeaders', options)
  const { name, draft } = windowStore<K, V>({ ...options, caching: false, retainDuplicates: false })
  return { name, draft: { ...draft, timestamped: true, withHeaders: true } }
}

/** The same by key and session, without a time. Kafka Streams: `Stores.sessionStoreWithHeadersBuilder`. */
export function sessionStoreWithHeaders<K, V>(
  options: Omit<SessionStoreOptions<K, V>, 'caching'>,
): StoreBuilder<SessionStore<K, AggregationWithHeaders<V>>> {
  checkOptions('sessionStoreWithHeaders', options)
  const { name, draft } = sessionStore<K, V>({ ...options, caching: false })
  return { name, draft: { ...draft, withHeaders: true } }
}

/** The functions for plain stores, to which the options go on, check the rest. */
function checkOptions(called: string, options: unknown): void {
  checkCall(called, [['options', uncached]], [options])
}

const uncached: Check = (given, name) => {
  if (!isPlainObject(given)) return mustBe(name, 'an object such as { name }', given)
  const refused = ['caching', 'retainDuplicates'].find(option => given[option] === true)
  return refused === undefined ? undefined : `a store with headers does not support ${refused}`
}
