import { type KeySpace, millraceError, type Readable, type Snapshot } from '@millrace/core'
import type RocksDB from '#rocksdb-native'
import { approximateCount } from './approximate-count.ts'
import { entryKey, entryRange, PREFIX_BYTES } from './key-layout.ts'
import { checkOpen, guarded, type OpenDatabase, readsDone } from './open-database.ts'
import { readPacked } from './packed-batches.ts'
import { readRange } from './read-range.ts'

export function rocksdbKeySpace(database: OpenDatabase, storeId: number): KeySpace {
  const check = (operation: string): void => checkOpen(database, operation)
  return {
    ...readable(database, database.db, storeId, check),
    async approximateCount() {
      check('approximateCount')
      return guarded(database, () => approximateCount(database.db, storeId))
    },
    snapshot() {
      check('snapshot')
      return snapshotOf(database, storeId)
    },
  }
}

function snapshotOf(database: OpenDatabase, storeId: number): Snapshot {
  const session = database.db.snapshot()
  let disposed = false
  const dispose = async (): Promise<void> => {
    if (disposed) return
    disposed = true
    database.open.delete(dispose)
    await readsDone(database)
    await session.close()
  }
  database.open.add(dispose)

  const check = (operation: string): void => {
    checkOpen(database, operation)
    if (disposed) throw millraceError('MILLRACE_STORE_CLOSED', { operation, object: 'snapshot' })
  }
  return { ...readable(database, session, storeId, check), [Symbol.asyncDispose]: dispose }
}

function readable(
  database: OpenDatabase,
  reader: RocksDB,
  storeId: number,
  check: (operation: string) => void,
): Readable {
  return {
    async get(key) {
      check('get')
      const value = await guarded(database, () => reader.get(entryKey(storeId, key)))
      return value ?? undefined
    },
    async getMany(keys) {
      check('getMany')
      return guarded(database, () => getMany(database, reader, storeId, keys))
    },
    iterate({ from, to, reverse = false, limit = Infinity } = {}) {
      check('iterate')
      return readRange(database, reader, { ...entryRange(storeId, from, to), reverse, limit }, PREFIX_BYTES)
    },
  }
}

async function getMany(
  { packed, reads }: OpenDatabase,
  reader: RocksDB,
  storeId: number,
  keys: readonly Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
  if (keys.length === 0) return []
  if (packed !== undefined) {
    const read = readPacked(packed, reader, storeId, keys)
    reads.add(read)
    try {
      return await read
    } finally {
      reads.delete(read)
    }
  }
  const lookUps = keys.map(key => entryKey(storeId, key))
  const batch = reader.read({ capacity: keys.length, autoDestroy: true })
  const values = lookUps.map(key => batch.get(key))
  batch.tryFlush()
  return (await Promise.all(values)).map(value => value ?? undefined)
}
