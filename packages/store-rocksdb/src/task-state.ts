import { millraceError, type TaskState } from '@millrace/core'
import { rocksdbKeySpace } from './key-space.ts'
import { readOffsets } from './meta-space.ts'
import { checkOpen, closeDatabase, guarded, type OpenDatabase } from './open-database.ts'
import { writeChanges } from './write-changes.ts'

export function rocksdbTaskState(
  database: OpenDatabase,
  ids: ReadonlyMap<string, number>,
  onClose: () => void,
): TaskState {
  /** Batches are applied by a pool of threads; each waits for the one before, so that they keep the order of the calls. */
  let written: Promise<void> = Promise.resolve()
  let closing: Promise<void> | undefined

  const idOf = (name: string): number => {
    const id = ids.get(name)
    if (id === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store: name })
    return id
  }

  return {
    store: name => rocksdbKeySpace(database, idOf(name)),
    async write(changes, offsets) {
      checkOpen(database, 'write')
      const stores = changes.map(change => ({ storeId: idOf(change.store), changes: change }))
      const write = written.then(async () => {
        try {
          await guarded(database, () => writeChanges(database, stores, offsets))
        } finally {
          database.now.outdate()
        }
      })
      written = write.catch(() => {})
      return write
    },
    async offsets() {
      checkOpen(database, 'offsets')
      return readOffsets(database)
    },
    async sync() {
      checkOpen(database, 'sync')
      await guarded(database, () => database.db.flush())
    },
    close() {
      closing ??= closeDatabase(database, written).finally(onClose)
      return closing
    },
  }
}
