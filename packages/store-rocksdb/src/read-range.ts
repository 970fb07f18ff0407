import type { StoreEntry, StoreIterator } from '@millrace/core'
import { millraceError, storeIterator } from '@millrace/core'
import type RocksDB from '#rocksdb-native'
import type { EntryStream } from '#rocksdb-native'
import { guarded, type OpenDatabase } from './open-database.ts'

export interface DatabaseRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

const CHUNK_ENTRIES = 256

/**
 * Entries of a range as of now, with the first `prefixBytes` of each key cut off.
 *
 * The binding opens its iterator on another thread, some time after the call; a snapshot from here makes "now" the call.
 */
export function readRange(
  database: OpenDatabase,
  reader: RocksDB,
  { gte, lt, reverse = false, limit = Infinity }: DatabaseRange,
  prefixBytes: number,
): StoreIterator {
  const held = reader === database.db ? database.now.hold() : undefined
  const session = held?.session ?? reader.snapshot()
  // One more than the limit, so that a read which reaches the limit counts as the last one.
  const capacity = Math.min(CHUNK_ENTRIES, limit + 1)
  const stream = session.iterator({ gte, lt }, { reverse, limit, capacity })
  const chunks = chunksOf(stream, prefixBytes)

  const release = async (): Promise<void> => {
    database.open.delete(release)
    await chunks.end()
    await (held === undefined ? session.close() : held.release())
  }
  database.open.add(release)

  return storeIterator({
    release,
    async nextChunk() {
      const chunk = await guarded(database, chunks.next)
      if (database.closed) throw millraceError('MILLRACE_STORE_CLOSED', { operation: 'nextChunk', object: 'state' })
      return chunk
    },
  })
}

interface Chunks {
  /** All that the stream has ready; waits for some, and is empty at the end. */
  readonly next: () => Promise<readonly StoreEntry[]>
  /** Resolves when the native iterator is gone. */
  readonly end: () => Promise<void>
}

function chunksOf(stream: EntryStream, prefixBytes: number): Chunks {
  let failure: Error | undefined
  let ended = false
  let closed = false
  // A reader and the code that ends its iteration may wait at the same time.
  let waiting: (() => void)[] = []
  const changed = (): Promise<void> => new Promise(resolve => waiting.push(resolve))
  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }
  stream.on('readable', wake)
  stream.on('error', error => (failure = error))
  stream.on('end', () => ((ended = true), wake()))
  stream.on('close', () => ((closed = true), wake()))

  return {
    async next() {
      for (;;) {
        const chunk: StoreEntry[] = []
        for (let entry = stream.read(); entry !== null; entry = stream.read()) {
          chunk.push([entry.key.subarray(prefixBytes), entry.value])
        }
        if (chunk.length > 0) return chunk
        if (closed && failure !== undefined) throw failure
        if (ended || closed) return []
        await changed()
      }
    },
    async end() {
      stream.destroy()
      while (!closed) await changed()
    },
  }
}
