import type { KeyRange, Logger, Readable, StoreBackend, StoreCapabilities, StoreEntry, TaskState } from '@millrace/core'
import type { ConformanceCase } from './conformance-case.ts'

/** What a store's conformance suite needs of who runs it. */
export interface StoreHarness {
  readonly backend: StoreBackend
  /** A path where nothing is yet, another one at each call. */
  freshDirectory(): string
}

export type StoreCase = ConformanceCase<StoreHarness, StoreCapabilities>

/** For cases about what outlives the process. */
export function durable(capabilities: StoreCapabilities): string | undefined {
  return capabilities.durable ? undefined : 'keeps nothing when it is closed'
}

export function syncReads(capabilities: StoreCapabilities): string | undefined {
  return capabilities.syncReads ? undefined : 'reads asynchronously only'
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Opens a state, in a fresh directory unless one is given, for as long as `use` runs. */
export async function withState<Result>(
  { backend, freshDirectory }: StoreHarness,
  stores: readonly string[],
  use: (state: TaskState) => Promise<Result>,
  directory = freshDirectory(),
): Promise<Result> {
  const state = await backend.open({ directory, stores, logger: silentLogger })
  try {
    return await use(state)
  } finally {
    await state.close()
  }
}

/** Writes pairs to one store; null deletes. */
export async function writePairs(
  state: TaskState,
  store: string,
  pairs: readonly (readonly [Uint8Array, Uint8Array | null])[],
): Promise<void> {
  await state.write([{ store, keys: pairs.map(([key]) => key), values: pairs.map(([, value]) => value) }], [])
}

export function bytes(...numbers: readonly number[]): Uint8Array {
  return Uint8Array.from(numbers)
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes in a form that asserts compare by value and print well. */
export function hex(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString('hex')
}

export async function entriesOf(readable: Readable, range?: KeyRange): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = []
  for await (const entry of readable.iterate(range)) entries.push(entry)
  return entries
}

export async function keysOf(readable: Readable, range?: KeyRange): Promise<(string | undefined)[]> {
  return (await entriesOf(readable, range)).map(([key]) => hex(key))
}
