import type { StoreChanges } from '@millrace/core'
import { entryRange } from './key-layout.ts'

/** Up to this length a loop copies faster than `set`, whose call costs more than the bytes. */
const SHORT = 48

/** The changes of one store, its name looked up. */
export interface ChangesOfStore {
  readonly storeId: number
  readonly changes: StoreChanges
}

/** The ranges to delete, as keys of the database. RocksDB refuses a range that ends before it starts, so those are left out. */
export function rangesOf({ storeId, changes }: ChangesOfStore): { readonly gte: Buffer; readonly lt: Buffer }[] {
  return (changes.deleteRanges ?? [])
    .map(({ from, to }) => entryRange(storeId, from, to))
    .filter(({ gte, lt }) => Buffer.compare(gte, lt) < 0)
}

/** Copies what is mostly short. */
export function copyShort(from: Uint8Array, to: Uint8Array, at: number): void {
  if (from.length > SHORT) to.set(from, at)
  else for (let index = 0; index < from.length; index++) to[at + index] = from[index]!
}
