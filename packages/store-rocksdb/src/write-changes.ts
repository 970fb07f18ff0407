import type { TopicPartitionOffset } from '@millrace/core'
import type { WriteBatch } from '#rocksdb-native'
import { type ChangesOfStore, copyShort, rangesOf } from './changes-of-store.ts'
import { offsetKey, PREFIX_BYTES, u64 } from './key-layout.ts'
import type { OpenDatabase } from './open-database.ts'
import { writePacked } from './packed-batches.ts'

/**
 * One batch of all changes with the positions that they stand for. It is built on another thread: where there is no addon, values must stay
 * as they are until it is done.
 */
export async function writeChanges(
  { db, packed }: OpenDatabase,
  stores: readonly ChangesOfStore[],
  offsets: readonly TopicPartitionOffset[],
): Promise<void> {
  if (packed !== undefined) return writePacked(packed, db, stores, offsets)
  const capacity = stores.reduce((count, { changes }) => count + operationsOf(changes), offsets.length)
  if (capacity === 0) return
  const batch = db.write({ capacity, autoDestroy: true })
  try {
    for (const store of stores) addChanges(batch, store)
    for (const { topic, partition, offset } of offsets) batch.tryPut(offsetKey(topic, partition), u64(offset))
  } catch (error) {
    // A batch that is neither flushed nor destroyed would keep the database from closing.
    batch.destroy()
    throw error
  }
  await batch.flush()
}

function operationsOf({ keys, deleteRanges = [] }: ChangesOfStore['changes']): number {
  return keys.length + deleteRanges.length
}

/** Keys are copied once, each with its store's id in front, into one buffer for the whole batch; values go as they are. */
function addChanges(batch: WriteBatch, store: ChangesOfStore): void {
  const {
    storeId,
    changes: { keys, values },
  } = store
  for (const { gte, lt } of rangesOf(store)) batch.tryDeleteRange(gte, lt)
  let bytes = 0
  for (let index = 0; index < keys.length; index++) bytes += PREFIX_BYTES + keys[index]!.length
  const slab = Buffer.allocUnsafeSlow(bytes)
  let end = 0
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!
    const start = end
    slab[end++] = storeId >>> 8
    slab[end++] = storeId & 0xff
    copyShort(key, slab, end)
    end += key.length
    const entry = new Uint8Array(slab.buffer, start, end - start)
    const value = values[index] ?? null
    if (value === null) batch.tryDelete(entry)
    else batch.tryPut(entry, value)
  }
}
