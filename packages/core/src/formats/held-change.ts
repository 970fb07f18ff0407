import { readInt32, readInt64, writeInt32, writeInt64 } from '../record/big-endian.ts'
import type { Header, Headers } from '../record/headers.ts'

/*
 * An update that `suppress` holds back, as Kafka Streams 2.5 and later keep it in the changelog, with the header v=3:
 *
 *   held    := context prior old new time:int64
 *   context := timestamp:int64 offset:int64 text partition:int32 count:int32 (text bytes)*count
 *   text    := length:int32 UTF-8
 *   bytes   := length:int32 byte*           length -1 for null
 *   prior, new := bytes
 *   old     := bytes | -2:int32             -2 where it is the same as prior
 *
 * `time` is what the buffer is ordered by. `prior` is what the row was before the first update that is held back, `old` before
 * the last.
 */
export interface HeldChange {
  readonly timestamp: number
  readonly offset: number
  readonly topic: string | null
  readonly partition: number
  readonly headers: Headers
  readonly prior: Uint8Array | null
  readonly old: Uint8Array | null
  readonly value: Uint8Array | null
  readonly time: number
}

const NULL = -1
const SAME_AS_PRIOR = -2
/** The end of a window that has none: the largest int64. */
const NEVER = Buffer.from('7fffffffffffffff', 'hex')

/** What the buffer counts an update for, with its key, in bytes: an estimate, the same as Kafka Streams'. */
export function heldSize(key: Uint8Array, held: HeldChange): number {
  const oldLength = held.old === null || same(held.prior, held.old) ? 0 : held.old.length
  const values = (held.prior?.length ?? 0) + oldLength + (held.value?.length ?? 0)
  const headers = held.headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 0)
  return 8 + key.length + values + 16 + (held.topic?.length ?? 0) + 4 + headers
}

export function encodeHeld(held: HeldChange): Buffer {
  const parts: Uint8Array[] = [
    int64(held.timestamp),
    int64(held.offset),
    ...prefixed(Buffer.from(held.topic ?? '')),
    int32(held.partition),
    int32(held.headers.length),
    ...held.headers.flatMap(({ key, value }) => [...prefixed(Buffer.from(key)), ...prefixed(value)]),
    ...prefixed(held.prior),
    ...(held.old !== null && same(held.prior, held.old) ? [int32(SAME_AS_PRIOR)] : prefixed(held.old)),
    ...prefixed(held.value),
    held.time === Number.POSITIVE_INFINITY ? NEVER : int64(held.time),
  ]
  return Buffer.concat(parts)
}

export function decodeHeld(bytes: Buffer): HeldChange {
  let at = 0
  const number32 = () => readInt32(bytes, (at += 4) - 4)
  const number64 = () => readInt64(bytes, (at += 8) - 8)
  const ofLength = (length: number) => bytes.subarray(at, (at += length))
  const nullable = () => {
    const length = number32()
    return length === NULL ? null : ofLength(length)
  }
  const timestamp = number64()
  const offset = number64()
  const topic = ofLength(number32()).toString()
  const partition = number32()
  const headers: Header[] = []
  for (let left = number32(); left > 0; left--) {
    headers.push({ key: ofLength(number32()).toString(), value: nullable() })
  }
  const prior = nullable()
  const oldLength = number32()
  const old = oldLength === SAME_AS_PRIOR ? prior : oldLength === NULL ? null : ofLength(oldLength)
  const value = nullable()
  return { timestamp, offset, topic, partition, headers, prior, old, value, time: number64() }
}

function same(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : Buffer.compare(one, other) === 0
}

function prefixed(bytes: Uint8Array | null): readonly Uint8Array[] {
  return bytes === null ? [int32(NULL)] : [int32(bytes.length), bytes]
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  writeInt32(bytes, 0, value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  writeInt64(bytes, 0, value)
  return bytes
}
