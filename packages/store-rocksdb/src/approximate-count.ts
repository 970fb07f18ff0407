import type RocksDB from '#rocksdb-native'
import { entryRange } from './key-layout.ts'

/**
 * RocksDB estimates the number of keys of a whole database and the bytes of a range; a store's part of the bytes is taken as
 * its part of the keys. Overwritten and deleted entries count until they are compacted away.
 */
export async function approximateCount(db: RocksDB, storeId: number): Promise<number> {
  const own = entryRange(storeId)
  const all = { gte: entryRange(0).gte, lt: new Uint8Array([0xff, 0xff]) }
  // Asked for at once: the binding would not notice that the database was closed between one question and the next.
  const [ownBytes, allBytes, keys] = await Promise.all([
    bytesOf(db, own),
    bytesOf(db, all),
    db.getProperty('rocksdb.estimate-num-keys'),
  ])
  return ownBytes === 0 ? 0 : Math.round((Number(keys) * ownBytes) / allBytes)
}

async function bytesOf(db: RocksDB, { gte, lt }: { gte: Uint8Array; lt: Uint8Array }): Promise<number> {
  return db.approximateSize(gte, lt, { includeMemtables: true, includeFiles: true })
}
