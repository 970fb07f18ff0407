import type { StoreEntry, StoredValue } from '@millrace/core'
import { decodeContent } from './buffer-entry.ts'
import { withOwnKey } from './own-key.ts'
import { asBuffer } from '../format/store-codec.ts'
import type { TaskBuffer } from './task-buffer.ts'

export interface MergedEntry extends StoredValue {
  readonly key: unknown
  readonly slot: number
  readonly tie: number
}

/**
 * The store's entries with `from <= key < to` by backend key, in byte order: uncommitted changes laid over what the
 * backend has. Shows the state as of the first step; changes made while it is walked may or may not appear.
 */
export async function* mergedEntries(
  buffer: TaskBuffer,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
  reverse: boolean,
  overlay = buffer.overlay(from, to),
): AsyncGenerator<MergedEntry, void, undefined> {
  if (reverse) overlay.reverse()
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), reverse }
  await using iterator = buffer.backend.iterate(range)
  const before = (a: Uint8Array, b: Uint8Array) => (reverse ? Buffer.compare(b, a) : Buffer.compare(a, b)) < 0
  let next = 0
  for (;;) {
    const chunk: readonly StoreEntry[] = await iterator.nextChunk()
    for (const [key, value] of chunk) {
      while (next < overlay.length && before(overlay[next]!.key, key)) {
        const { entry } = overlay[next++]!
        if (entry.content !== null) yield withOwnKey(entry, buffer.codec)
      }
      if (next < overlay.length && overlay[next]!.key.equals(key)) continue
      yield readEntry(buffer, key, value)
    }
    if (chunk.length === 0) break
  }
  for (; next < overlay.length; next++) {
    const { entry } = overlay[next]!
    if (entry.content !== null) yield withOwnKey(entry, buffer.codec)
  }
}

function readEntry(buffer: TaskBuffer, keyBytes: Uint8Array, valueBytes: Uint8Array): MergedEntry {
  const { codec } = buffer
  const { key, slot, tie } = codec.readKey(asBuffer(keyBytes))
  const { content, timestamp } = codec.readContent(asBuffer(valueBytes))
  return { key, slot, tie, timestamp, value: decodeContent(content, codec.contentSerde) }
}
