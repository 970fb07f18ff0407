import {
  checkedConfigNumber,
  type MillraceError,
  type OpenOptions,
  type StoreBackend,
  type TaskState,
  checkArguments,
  checkedInside,
  optionsOf,
} from '@millrace/core'
import { checkFormat, storeIds } from './meta-space.ts'
import { closeDatabase, openDatabase } from './open-database.ts'
import { rocksdbTaskState } from './task-state.ts'
import { writeBufferShare } from './write-buffer-share.ts'

export interface RocksdbOptions {
  /**
   * The approximate size of the write buffers of all tasks of the process, in bytes. The share of a task is set when its store
   * is opened. In addition, every open task has a block cache of at most 32 MiB, whose size the binding does not let us
   * change.
   * @default 256 MiB
   */
  readonly memoryBytes?: number
}

const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024

/**
 * Returns a backend that keeps the state of each task in its own RocksDB database.
 *
 * A write goes to the log of RocksDB, which the operating system flushes to disk later. It survives the end of the process at
 * once. After a crash of the machine the latest writes may be missing, state and position together, and are restored from the
 * changelog. A store with `logging: false` has lost them.
 */
export function rocksdb(options: RocksdbOptions = {}): StoreBackend {
  checkArguments('rocksdb', [['options', optionsOf({ memoryBytes: checkedInside })]], [options])
  const { memoryBytes = DEFAULT_MEMORY_BYTES } = options
  checkedConfigNumber('memoryBytes of rocksdb()', memoryBytes, { from: 1, of: 'bytes' })
  let openDatabases = 0
  /** Databases that were corrupt when they were read: opening them again may well succeed, and reading them fail again. */
  const corrupted = new Map<string, MillraceError>()

  async function open({ directory, stores, threads = 1 }: OpenOptions): Promise<TaskState> {
    const corruption = corrupted.get(directory)
    if (corruption !== undefined) {
      corrupted.delete(directory)
      throw corruption
    }
    const database = await openDatabase(directory, writeBufferShare(memoryBytes / threads, openDatabases))
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
