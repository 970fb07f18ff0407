import type { KeyRange, KeySpace } from '@millrace/core'
import { BufferEntry } from './buffer-entry.ts'
import { asBuffer, type StoreCodec } from '../format/store-codec.ts'

/** All that the heap has of one key. */
export interface KeyEntries {
  readonly key: unknown
  /** Nothing of the key is in the backend that is not here, of slots from `loadedFrom` on. */
  loaded: boolean
  loadedFrom: number
  loading: Promise<void> | undefined
  /** Ascending by slot and tie. Those without content are deletions. */
  readonly entries: BufferEntry[]
}

/** The first index whose entry is not before slot and tie. */
export function placeOf(entries: readonly BufferEntry[], slot: number, tie: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]!
    if (entry.slot < slot || (entry.slot === slot && entry.tie < tie)) low = middle + 1
    else high = middle
  }
  return low
}

export function entryAt(entries: readonly BufferEntry[], slot: number, tie: number): BufferEntry | undefined {
  const entry = entries[placeOf(entries, slot, tie)]
  return entry?.slot === slot && entry.tie === tie ? entry : undefined
}

/** What the backend has, in byte order. */
export async function readEntries(
  backend: KeySpace,
  codec: StoreCodec,
  range: KeyRange,
): Promise<readonly BufferEntry[]> {
  const entries: BufferEntry[] = []
  await using iterator = backend.iterate(range)
  for (let chunk = await iterator.nextChunk(); chunk.length > 0; chunk = await iterator.nextChunk()) {
    for (const [keyBytes, valueBytes] of chunk) {
      const { key, slot, tie } = codec.readKey(asBuffer(keyBytes))
      // A copy: the entry stays for longer than the chunk it came in.
      const { content, timestamp } = codec.readContent(Buffer.from(valueBytes))
      entries.push(new BufferEntry(key, slot, codec.contentSerde, content, timestamp, tie))
    }
  }
  return entries
}
