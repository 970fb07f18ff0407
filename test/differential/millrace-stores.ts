import type { Plan, StorePlan } from '@millrace/core'
import type { TopologyTestDriver } from '@millrace/testing'
import type { RunInput, RunResult, StoreEntry } from './java-peer.ts'

/** The contents of the stores of a run, as `StoreContents.java` gives them. */
export async function storesOf(
  driver: TopologyTestDriver,
  plan: Plan,
  inputs: readonly RunInput[],
  outputs: RunResult['outputs'],
): Promise<RunResult['stores']> {
  const stores: Record<string, readonly StoreEntry[]> = {}
  for (const store of plan.stores) {
    // What waits in a join with grace: its changelog says it.
    if (store.waiting === true) continue
    // Kafka Streams never makes a store that no processor is connected to.
    if (store.processors.length === 0) continue
    if (store.kind === 'session') stores[store.name] = await sessionEntries(driver, store)
    else if (store.kind === 'versioned') stores[store.name] = await versions(driver, store, inputs, outputs)
    else if (store.kind === 'window') stores[store.name] = await windowEntries(driver, store)
    else if (store.timestamped) stores[store.name] = await keyValueEntries(driver, store)
    else stores[store.name] = await plainEntries(driver, store)
  }
  return stores
}

async function plainEntries(driver: TopologyTestDriver, store: StorePlan): Promise<readonly StoreEntry[]> {
  const entries = await driver.storeEntries<unknown, unknown>(store.name)
  return entries.map(([key, value]) => storeEntry(store, key, { value, timestamp: -1 }))
}

async function keyValueEntries(driver: TopologyTestDriver, store: StorePlan): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  for await (const [key, stored] of driver.timestampedKeyValueStore<unknown, unknown>(store.name).all()) {
    entries.push(storeEntry(store, key, stored))
  }
  return entries
}

async function windowEntries(driver: TopologyTestDriver, store: StorePlan): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  const { windowSizeMs = 0 } = store
  // Kafka Streams shows the end of a window that never ends so, rounded as JSON numbers are.
  const endOf = (start: number): number => Math.min(start + windowSizeMs, 2 ** 63)
  if (!store.timestamped) {
    for await (const [key, windowStart, value] of driver.windowStore<unknown, unknown>(store.name).all()) {
      const entry = storeEntry(store, key, { value, timestamp: -1 })
      entries.push({ ...entry, windowStart, windowEnd: endOf(windowStart) })
    }
    return entries
  }
  for await (const [key, windowStart, stored] of driver.timestampedWindowStore<unknown, unknown>(store.name).all()) {
    entries.push({ ...storeEntry(store, key, stored), windowStart, windowEnd: endOf(windowStart) })
  }
  return entries
}

/** It cannot list its keys, so it is asked for those of its changelog and of the inputs, at each of the times of the inputs. */
async function versions(
  driver: TopologyTestDriver,
  store: StorePlan,
  inputs: readonly RunInput[],
  outputs: RunResult['outputs'],
): Promise<readonly StoreEntry[]> {
  const records = inputs.filter(input => 'topic' in input)
  const ofStrings = store.keySerde.name === 'string' ? records : []
  const keys = new Set([...(outputs[`app-${store.name}-changelog`] ?? []), ...ofStrings].map(({ key }) => key))
  const times = [...new Set(records.map(({ timestamp }) => timestamp))].sort((a, b) => a - b)
  const versioned = driver.versionedStore<unknown, unknown>(store.name)
  const entries: StoreEntry[] = []
  for (const raw of keys) {
    if (raw === null) continue
    const key = store.keySerde.deserialize(Buffer.from(raw, 'base64'), store.name)
    const found = new Map<number, unknown>()
    for (const time of [undefined, ...times]) {
      const version = await versioned.get(key, time)
      if (version !== undefined) found.set(version.timestamp, version.value)
    }
    const sorted = [...found].sort(([a], [b]) => a - b)
    entries.push(...sorted.map(([timestamp, value]) => storeEntry(store, key, { value, timestamp })))
  }
  return entries
}

async function sessionEntries(driver: TopologyTestDriver, store: StorePlan): Promise<readonly StoreEntry[]> {
  return (await driver.sessionStoreEntries(store.name)).map(([{ key, window }, value]) => ({
    ...storeEntry(store, key, { value, timestamp: -1 }),
    windowStart: window.start,
    windowEnd: window.end,
  }))
}

function storeEntry(
  { keySerde, valueSerde, name }: StorePlan,
  key: unknown,
  stored: { readonly value: unknown; readonly timestamp: number },
): StoreEntry {
  return {
    key: toBase64(keySerde.serialize(key, name)),
    value: toBase64(valueSerde.serialize(stored.value, name)),
    timestamp: stored.timestamp,
  }
}

export function toBase64(raw: Uint8Array): string
export function toBase64(raw: Uint8Array | null): string | null
export function toBase64(raw: Uint8Array | null): string | null {
  return raw === null ? null : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64')
}
