import type { StoreChanges, TopicPartitionOffset } from '@millrace/core'
import type RocksDB from '#rocksdb-native'
import type { WriteBatch } from '#rocksdb-native'
import { entryRange, offsetKey, PREFIX_BYTES, u64 } from './key-layout.ts'

/** Up to this length a loop copies faster than `set`, whose call costs more than the bytes. */
const SHORT_KEY = 48

/** The changes of one store, its name looked up. */
export interface ChangesOfStore {
  readonly storeId: number
  readonly changes: StoreChanges
}

/**
 * One batch of all changes with the positions that they stand for. Keys are copied once, each with its store's id in front,
 * into one buffer for the whole batch; values go as they are. The batch is built on another thread, so both must stay as they
 * are until it is done.
 */
export async function writeChanges(
  db: RocksDB,
  stores: readonly ChangesOfStore[],
  offsets: readonly TopicPartitionOffset[],
): Promise<void> {
  const capacity = stores.reduce((count, { changes }) => count + operationsOf(changes), offsets.length)
  if (capacity === 0) return
  const batch = db.write({ capacity, autoDestroy: true })
  try {
    for (const { storeId, changes } of stores) addChanges(batch, storeId, changes)
    for (const { topic, partition, offset } of offsets) batch.tryPut(offsetKey(topic, partition), u64(offset))
  } catch (error) {
    // A batch that is neither flushed nor destroyed would keep the database from closing.
    batch.destroy()
    throw error
  }
  await batch.flush()
}

function operationsOf({ keys, deleteRanges = [] }: StoreChanges): number {
  return keys.length + deleteRanges.length
}

function addChanges(batch: WriteBatch, storeId: number, { deleteRanges = [], keys, values }: StoreChanges): void {
  for (const { from, to } of deleteRanges) {
    const { gte, lt } = entryRange(storeId, from, to)
    // RocksDB refuses a range that ends before it starts.
    if (Buffer.compare(gte, lt) < 0) batch.tryDeleteRange(gte, lt)
  }
  let bytes = 0
  for (let index = 0; index < keys.length; index++) bytes += PREFIX_BYTES + keys[index]!.length
  const slab = Buffer.allocUnsafeSlow(bytes)
  let end = 0
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!
    const start = end
    slab[end++] = storeId >>> 8
    slab[end++] = storeId & 0xff
    if (key.length > SHORT_KEY) slab.set(key, end)
    else for (let at = 0; at < key.length; at++) slab[end + at] = key[at]!
    end += key.length
    const entry = new Uint8Array(slab.buffer, start, end - start)
    const value = values[index] ?? null
    if (value === null) batch.tryDelete(entry)
    else batch.tryPut(entry, value)
  }
}
