import type { KeyRangeOf } from '@millrace/core'
import type { SegmentSpan } from '../buffer/segments.ts'
import type { TaskBuffer } from '../buffer/task-buffer.ts'
import type { ByteRange } from '../format/prefix-range.ts'

/** The largest sequence number of a duplicate. */
const LAST_SEQUENCE = 0x7fffffff

/** The first key after this one in byte order. */
export function successor(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)])
}

/** The entries of one key in a segment, with `from <= slot <= to`. */
export function keyRange(buffer: TaskBuffer, key: unknown, segment: SegmentSpan, from: number, to: number): ByteRange {
  return {
    from: buffer.encodeKey(key, Math.max(from, segment.start)),
    to: successor(lastKey(buffer, key, Math.min(to, segment.end - 1))),
  }
}

/** Holds the entries of a range of keys in a segment, and may hold others. */
export function keysRange(buffer: TaskBuffer, keys: KeyRangeOf<unknown>, segment: SegmentSpan): ByteRange {
  const { codec } = buffer
  const from =
    keys.from === undefined
      ? segment.range.from
      : withoutSuffix(buffer.encodeKey(keys.from, segment.start), codec.keySuffix)
  if (keys.to === undefined) return { from, to: segment.range.to }
  const last = lastKey(buffer, keys.to, segment.end - 1)
  const suffix = last.subarray(last.length - codec.keySuffix)
  const key = withoutSuffix(last, codec.keySuffix)
  // A key that `to` begins with comes before `to`, but its entry may come after that of `to`.
  let highest = last
  for (let length = codec.keyPrefix; length < key.length; length++) {
    const entry = Buffer.concat([key.subarray(0, length), suffix])
    if (entry.compare(highest) > 0) highest = entry
  }
  return { from, to: successor(highest) }
}

/** Whether a key is in a range, by the bytes of both. */
export function inKeyRange(buffer: TaskBuffer, keys: KeyRangeOf<unknown>): (key: unknown) => boolean {
  const { keyPrefix, keySuffix } = buffer.codec
  const bytesOf = (key: unknown) => withoutSuffix(buffer.encodeKey(key, 0), keySuffix).subarray(keyPrefix)
  const from = keys.from === undefined ? undefined : bytesOf(keys.from)
  const to = keys.to === undefined ? undefined : bytesOf(keys.to)
  if (from === undefined && to === undefined) return () => true
  return key => {
    const bytes = bytesOf(key)
    return (from === undefined || bytes.compare(from) >= 0) && (to === undefined || bytes.compare(to) <= 0)
  }
}

function lastKey(buffer: TaskBuffer, key: unknown, slot: number): Buffer {
  return buffer.encodeKey(key, slot, buffer.codec.plan.kind === 'session' ? Number.MAX_SAFE_INTEGER : LAST_SEQUENCE)
}

function withoutSuffix(key: Buffer, suffix: number): Buffer {
  return key.subarray(0, key.length - suffix)
}
