import {
  compareBytes,
  type KeyValueStore,
  partitionForKey,
  type SessionStore,
  type StorePlan,
  type ValueAndTimestamp,
  type VersionedKeyValueStore,
  type Windowed,
  type WindowStore,
} from '@millrace/core'
import type { InstanceStore } from '@millrace/runtime'

/** The parts of a store that the tasks of all instances have at the moment. */
export type StoreParts = () => readonly InstanceStore[]

type AnyKeyValueStore = KeyValueStore<unknown, unknown>
type AnyWindowStore = WindowStore<unknown, unknown>
type AnySessionStore = SessionStore<unknown, unknown>

/** One key-value store over all its partitions. A put takes effect at once and is durable with the next commit. */
export function wholeKeyValueStore(plan: StorePlan, parts: StoreParts): AnyKeyValueStore {
  const stores = () => parts().map(({ store }) => store as AnyKeyValueStore)
  const byKey = keyOrder(plan)
  const owner = (key: unknown) => partOf(plan, parts, key) as AnyKeyValueStore
  async function* gather(
    read: (store: AnyKeyValueStore) => AsyncIterable<readonly [unknown, unknown]>,
    reverse: boolean | undefined,
  ) {
    const entries = (await Promise.all(stores().map(store => gathered(read(store))))).flat()
    yield* inOrder(
      entries.sort(([a], [b]) => byKey(a, b)),
      reverse,
    )
  }
  return {
    name: plan.name,
    get: key => firstFound(stores().map(store => () => store.get(key))),
    put: (key, value) => owner(key).put(key, value),
    putIfAbsent: (key, value) => owner(key).putIfAbsent(key, value),
    delete: key => owner(key).delete(key),
    range: range => gather(store => store.range(range), range.reverse),
    all: options => gather(store => store.all(options), options?.reverse),
    prefixScan: (prefix, serde, options) => gather(store => store.prefixScan(prefix, serde, options), options?.reverse),
    approximateCount: async () => {
      let count = 0
      for (const store of stores()) count += await store.approximateCount()
      return count
    },
  }
}

/** One window store over all its partitions; entries come by window start, then by key. */
export function wholeWindowStore(plan: StorePlan, parts: StoreParts): AnyWindowStore {
  const stores = () => parts().map(({ store }) => store as AnyWindowStore)
  const byKey = keyOrder(plan)
  async function* gather(
    read: (store: AnyWindowStore) => AsyncIterable<readonly [unknown, number, unknown]>,
    reverse: boolean | undefined,
  ) {
    const entries = (await Promise.all(stores().map(store => gathered(read(store))))).flat()
    yield* inOrder(
      entries.sort(([keyA, startA], [keyB, startB]) => startA - startB || byKey(keyA, keyB)),
      reverse,
    )
  }
  return {
    name: plan.name,
    put: (key, value, start) => (partOf(plan, parts, key) as AnyWindowStore).put(key, value, start),
    fetch: (key, start) => firstFound(stores().map(store => () => store.fetch(key, start))),
    async *fetchRange(key, from, to, options) {
      for (const store of stores()) yield* store.fetchRange(key, from, to, options)
    },
    fetchKeys: (keys, from, to) => gather(store => store.fetchKeys(keys, from, to), keys.reverse),
    fetchAll: (from, to, options) => gather(store => store.fetchAll(from, to), options?.reverse),
    all: options => gather(store => store.all(), options?.reverse),
  }
}

/** One session store over all its partitions; entries come by end and start, then by key. */
export function wholeSessionStore(plan: StorePlan, parts: StoreParts): AnySessionStore {
  const stores = () => parts().map(({ store }) => store as AnySessionStore)
  const byKey = keyOrder(plan)
  async function* gather(
    read: (store: AnySessionStore) => AsyncIterable<readonly [Windowed<unknown>, unknown]>,
    reverse: boolean | undefined,
  ) {
    const entries = (await Promise.all(stores().map(store => gathered(read(store))))).flat()
    entries.sort(([a], [b]) => a.window.end - b.window.end || a.window.start - b.window.start || byKey(a.key, b.key))
    yield* inOrder(entries, reverse)
  }
  return {
    name: plan.name,
    put: (session, value) => (partOf(plan, parts, session.key) as AnySessionStore).put(session, value),
    fetchSession: (key, window) => firstFound(stores().map(store => () => store.fetchSession(key, window))),
    async *findSessions(key, earliestEnd, latestStart, options) {
      for (const store of stores()) yield* store.findSessions(key, earliestEnd, latestStart, options)
    },
    findKeySessions: (keys, earliestEnd, latestStart) =>
      gather(store => store.findKeySessions(keys, earliestEnd, latestStart), keys.reverse),
    async *fetch(key, options) {
      for (const store of stores()) yield* store.fetch(key, options)
    },
    fetchKeys: keys => gather(store => store.fetchKeys(keys), keys.reverse),
    fetchAll: (from, to, options) => gather(store => store.fetchAll(from, to), options?.reverse),
    all: options => gather(store => store.all(), options?.reverse),
  }
}

/** One versioned store over all its partitions. */
export function wholeVersionedStore(plan: StorePlan, parts: StoreParts): VersionedKeyValueStore<unknown, unknown> {
  const owner = (key: unknown) => partOf(plan, parts, key) as VersionedKeyValueStore<unknown, unknown>
  return {
    name: plan.name,
    put: (key, value, timestamp) => owner(key).put(key, value, timestamp),
    delete: (key, timestamp) => owner(key).delete(key, timestamp),
    get: (key, asOf) => owner(key).get(key, asOf),
    versions: (key, within) => owner(key).versions(key, within),
  }
}

/** A table's store without the timestamps. What is put gets the timestamp that `nowMs` gives. */
export function plainKeyValueStore(store: AnyKeyValueStore, nowMs: () => number): AnyKeyValueStore {
  const stamped = (value: unknown) => (value === null ? null : { value, timestamp: nowMs() })
  async function* plain(entries: AsyncIterable<readonly [unknown, unknown]>) {
    for await (const [key, value] of entries) yield [key, valueOf(value)] as const
  }
  return {
    name: store.name,
    get: async key => valueOf(await store.get(key)),
    put: (key, value) => store.put(key, stamped(value)),
    putIfAbsent: async (key, value) => valueOf(await store.putIfAbsent(key, stamped(value))),
    delete: async key => valueOf(await store.delete(key)),
    range: range => plain(store.range(range)),
    all: options => plain(store.all(options)),
    prefixScan: (prefix, serde, options) => plain(store.prefixScan(prefix, serde, options)),
    approximateCount: () => store.approximateCount(),
  }
}

/** The store of a windowed table without the timestamps. */
export function plainWindowStore(store: AnyWindowStore, nowMs: () => number): AnyWindowStore {
  async function* plain(entries: AsyncIterable<readonly [unknown, number, unknown]>) {
    for await (const [key, start, value] of entries) yield [key, start, valueOf(value)] as const
  }
  return {
    name: store.name,
    put: (key, value, start) => store.put(key, value === null ? null : { value, timestamp: nowMs() }, start),
    fetch: async (key, start) => valueOf(await store.fetch(key, start)),
    async *fetchRange(key, from, to, options) {
      for await (const [start, value] of store.fetchRange(key, from, to, options)) {
        yield [start, valueOf(value)] as const
      }
    },
    fetchKeys: (keys, from, to) => plain(store.fetchKeys(keys, from, to)),
    fetchAll: (from, to, options) => plain(store.fetchAll(from, to, options)),
    all: options => plain(store.all(options)),
  }
}

export async function gathered<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const entry of entries) list.push(entry)
  return list
}

function inOrder<T>(ascending: T[], reverse: boolean | undefined): readonly T[] {
  return reverse === true ? ascending.reverse() : ascending
}

function valueOf(stored: unknown): unknown {
  return stored === undefined ? undefined : (stored as ValueAndTimestamp<unknown>).value
}

async function firstFound(reads: readonly (() => unknown)[]): Promise<unknown> {
  for (const read of reads) {
    const found = await read()
    if (found !== undefined) return found
  }
  return undefined
}

function keyOrder({ keySerde, name }: StorePlan): (a: unknown, b: unknown) => number {
  return (a, b) => compareBytes(keySerde.serialize(a, name), keySerde.serialize(b, name))
}

/** The part in which the key's records end up. */
function partOf({ keySerde, name }: StorePlan, parts: StoreParts, key: unknown): unknown {
  const all = parts()
  const bytes = keySerde.serialize(key, name)
  const partition = partitionForKey(bytes, 0, bytes.length, all.length)
  return all.find(part => part.partition === partition)?.store
}
