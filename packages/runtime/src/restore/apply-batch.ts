import type { FetchedBatch } from '@millrace/core'
import type { TaskStores } from '../state/task-stores/task-stores.ts'

/** So much is gathered for one backend write: records, and bytes of them. */
const RECORDS_PER_WRITE = 20_000
const BYTES_PER_WRITE = 1 << 20

export interface Applied {
  /** Where to go on in the changelog. */
  readonly position: number
  readonly records: number
}

/** Writes the records of a changelog into its store, from an offset on and not beyond another, with the position reached. */
export async function applyBatch(
  { stores, store }: { readonly stores: TaskStores; readonly store: string },
  batch: FetchedBatch,
  from: number,
  to = Infinity,
): Promise<Applied> {
  const { topic, partition } = batch
  const codec = stores.codecs.get(store)!
  let records = 0
  let bytes = 0
  let keys: Buffer[] = []
  let values: (Buffer | null)[] = []
  const write = async (offset: number) => {
    await stores.restore(store, { keys, values }, { topic, partition, offset })
    records += keys.length
    keys = []
    values = []
    bytes = 0
  }
  const cursor = batch.cursor()
  const headers = () => cursor.headers()
  while (cursor.advance()) {
    if (cursor.offset >= to) break
    if (cursor.offset < from || cursor.keyStart < 0) continue
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, timestamp } = cursor
    keys.push(codec.restoredKey(keyBytes.subarray(keyStart, keyEnd), timestamp))
    values.push(
      valueStart < 0 ? null : codec.restoredValue(valueBytes.subarray(valueStart, valueEnd), timestamp, headers),
    )
    bytes += keyEnd - keyStart + Math.max(0, valueEnd - valueStart)
    if (keys.length >= RECORDS_PER_WRITE || bytes >= BYTES_PER_WRITE) await write(cursor.offset + 1)
  }
  const position = Math.max(from, Math.min(batch.nextOffset, to))
  await write(position)
  return { position, records }
}
