import type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  SessionStore,
  VersionedKeyValueStore,
  WindowStore,
} from '@millrace/core'

/*
 * Stores without the methods that write. They are objects of their own and not casts, so that a program in JavaScript cannot write
 * either. `store` is called for each read, because a global store is replaced when it is rebuilt.
 */

export function readOnlyKeyValue<K, V>(store: () => KeyValueStore<K, V>): ReadOnlyKeyValueStore<K, V> {
  return {
    name: store().name,
    get: key => store().get(key),
    range: range => store().range(range),
    all: options => store().all(options),
    prefixScan: (prefix, serde, options) => store().prefixScan(prefix, serde, options),
    approximateCount: () => store().approximateCount(),
  }
}

export function readOnlyWindow<K, V>(store: () => WindowStore<K, V>): ReadOnlyWindowStore<K, V> {
  return {
    name: store().name,
    fetch: (key, windowStart) => store().fetch(key, windowStart),
    fetchRange: (key, from, to, options) => store().fetchRange(key, from, to, options),
    fetchKeys: (keys, from, to) => store().fetchKeys(keys, from, to),
    fetchAll: (from, to, options) => store().fetchAll(from, to, options),
    all: options => store().all(options),
  }
}

export function readOnlySession<K, V>(store: () => SessionStore<K, V>): ReadOnlySessionStore<K, V> {
  return {
    name: store().name,
    fetchSession: (key, window) => store().fetchSession(key, window),
    findSessions: (key, earliestEnd, latestStart, options) =>
      store().findSessions(key, earliestEnd, latestStart, options),
    findKeySessions: (keys, earliestEnd, latestStart) => store().findKeySessions(keys, earliestEnd, latestStart),
    fetch: (key, options) => store().fetch(key, options),
    fetchKeys: keys => store().fetchKeys(keys),
    fetchAll: (earliestEnd, latestEnd, options) => store().fetchAll(earliestEnd, latestEnd, options),
    all: options => store().all(options),
  }
}

export function readOnlyVersioned<K, V>(
  store: () => VersionedKeyValueStore<K, V>,
): ReadOnlyVersionedKeyValueStore<K, V> {
  return {
    name: store().name,
    get: (key, asOf) => store().get(key, asOf),
    versions: (key, within) => store().versions(key, within),
  }
}
