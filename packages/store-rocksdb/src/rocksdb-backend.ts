import {
  checkedConfigNumber,
  type MillraceError,
  type OpenOptions,
  type StoreBackend,
  type TaskState,
} from '@millrace/core'
import { checkFormat, storeIds } from './meta-space.ts'
import { closeDatabase, openDatabase } from './open-database.ts'
import { rocksdbTaskState } from './task-state.ts'
import { writeBufferShare } from './write-buffer-share.ts'

export interface RocksdbOptions {
  /**
   * What the write buffers of all tasks of the process may take, in bytes, about: each task's part is set when it is opened.
   * Every open task has a block cache of at most 32 MiB besides, whose size the binding does not let us choose.
   * @default 256 MiB
   */
  readonly memoryBytes?: number
}

const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024

/**
 * Keeps the state of each task in a RocksDB database of its own.
 *
 * A write goes to RocksDB's log, which the operating system brings to the disk in its own time. It survives the end of the
 * process at once. After a crash of the machine the newest writes may be gone, state and position together, and are restored
 * from the changelog; `sync()` rules that out.
 */
export function rocksdb({ memoryBytes = DEFAULT_MEMORY_BYTES }: RocksdbOptions = {}): StoreBackend {
  checkedConfigNumber('memoryBytes of rocksdb()', memoryBytes, { from: 1, of: 'bytes' })
  let openDatabases = 0
  /** Databases that were corrupt when they were read: opening them again may well succeed, and reading them fail again. */
  const corrupted = new Map<string, MillraceError>()

  async function open({ directory, stores }: OpenOptions): Promise<TaskState> {
    const corruption = corrupted.get(directory)
    if (corruption !== undefined) {
      corrupted.delete(directory)
      throw corruption
    }
    const database = await openDatabase(directory, writeBufferShare(memoryBytes, openDatabases))
    try {
      await checkFormat(database)
      const ids = await storeIds(database, stores)
      openDatabases++
      return rocksdbTaskState(database, ids, () => {
        openDatabases--
        if (database.corruption !== undefined) corrupted.set(directory, database.corruption)
      })
    } catch (error) {
      await closeDatabase(database)
      throw error
    }
  }

  return { name: 'rocksdb', capabilities: { durable: true, syncReads: false }, open }
}
