import { type BuildOptions, bytes, type Plan, type StorePlan } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { interpret } from './interpreter.ts'
import type { RunInput, RunOptions, RunOutput, RunResult, StoreEntry } from './java-peer.ts'
import type { TopologySpec } from './spec.ts'

const BYTES = { key: bytes(), value: bytes() }

/** What `JavaPeer.run` does, with Millrace: the same inputs, options and results. */
export function runMillrace(
  topology: TopologySpec,
  inputs: readonly RunInput[],
  options: Pick<RunOptions, 'caching'> & BuildOptions = {},
): Promise<RunResult> {
  const { caching, ...build } = options
  return runPlan(interpret(topology, build), inputs, caching === undefined ? {} : { caching })
}

/** The same for a plan that was not made from data. */
export async function runPlan(
  plan: Plan,
  inputs: readonly RunInput[],
  options: Pick<RunOptions, 'caching'> = {},
): Promise<RunResult> {
  await using driver = await TopologyTestDriver.create(plan, {
    applicationId: 'app',
    initialWallClockMs: 0,
    ...(options.caching === true ? {} : { caching: 'off' }),
  })
  // All before the first record: a topic that only a pattern knows of would make the group rebalance in the middle.
  for (const input of inputs) if ('topic' in input) driver.createInputTopic(input.topic, BYTES)
  await driver.settle()
  for (const input of inputs) {
    if ('advanceWallClockMs' in input) await driver.advanceWallClock(input.advanceWallClockMs)
    else await pipe(driver, input)
  }
  const outputs = driver.producedTopicNames().map(topic => [topic, outputsOf(driver, topic)] as const)
  return { outputs: Object.fromEntries(outputs), stores: await storesOf(driver, plan) }
}

async function pipe(
  driver: TopologyTestDriver,
  input: Exclude<RunInput, { advanceWallClockMs: number }>,
): Promise<void> {
  const headers = (input.headers ?? []).map(([key, value]) => ({ key, value: fromBase64(value) }))
  const topic = driver.createInputTopic(input.topic, BYTES)
  await topic.pipeInput(fromBase64(input.key), fromBase64(input.value), { timestamp: input.timestamp, headers })
}

function outputsOf(driver: TopologyTestDriver, topic: string): readonly RunOutput[] {
  const records = driver.createOutputTopic(topic, BYTES).readRecordsToList()
  return records.map(({ key, value, timestamp, headers }) => ({
    key: toBase64(key),
    value: toBase64(value),
    timestamp,
    headers: headers.map(header => [header.key, toBase64(header.value)]),
  }))
}

async function storesOf(driver: TopologyTestDriver, plan: Plan): Promise<RunResult['stores']> {
  const stores: Record<string, readonly StoreEntry[]> = {}
  for (const store of plan.stores) {
    // What suppress holds, and who subscribes to a foreign key: their changelogs say it.
    if (store.suppression === true || isSubscriptions(store)) continue
    // Kafka Streams never makes a store that no processor is connected to.
    if (store.processors.length === 0) continue
    if (store.kind === 'session') stores[store.name] = await sessionEntries(driver, store)
    else if (store.kind === 'window') stores[store.name] = await windowEntries(driver, store)
    else if (store.timestamped) stores[store.name] = await keyValueEntries(driver, store)
    // The one store of unmatched records of a join: its changelog says what it holds.
    else if (!isUnmatched(store)) stores[store.name] = await plainEntries(driver, store)
  }
  return stores
}

function isSubscriptions({ valueSerde }: StorePlan): boolean {
  return valueSerde.name.startsWith('subscription(')
}

function isUnmatched({ name }: StorePlan): boolean {
  return name.includes('-shared-join-store') || name.startsWith('KSTREAM-OUTERSHARED-')
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

function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}

function toBase64(raw: Uint8Array): string
function toBase64(raw: Uint8Array | null): string | null
function toBase64(raw: Uint8Array | null): string | null {
  return raw === null ? null : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64')
}
