/**
 * Where things are in a task's database. All numbers are big-endian.
 *
 *   database := meta* entry*
 *   entry    := storeId:u16 key        storeId >= 1; the value is the store's own
 *   meta     := 0:u16 'f'              → format:u32, what this page describes
 *             | 0:u16 's' name:utf8    → storeId:u16
 *             | 0:u16 'o' topic:utf8 0 partition:u32   → offset:u64, the position of that changelog
 *
 * An id is given once and kept, also while the topology has no store of that name, so key spaces never move. Two bytes in
 * front of each key cost less than a column family: those have a write buffer, files and compactions each, and a database
 * only opens when all of them are named, also those of stores that are gone.
 */
export const FORMAT = 1
export const FORMAT_KEY = metaKey('f')
export const PREFIX_BYTES = 2
/** Its successor still is a prefix: the end of its range. */
export const MAX_STORE_ID = 0xfffe

const STORE_TAG = 's'
const OFFSET_TAG = 'o'

export const STORES_RANGE = { gte: metaKey(STORE_TAG), lt: metaKey('t') }
export const OFFSETS_RANGE = { gte: metaKey(OFFSET_TAG), lt: metaKey('p') }

export function entryKey(storeId: number, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + key.length)
  bytes.writeUInt16BE(storeId, 0)
  bytes.set(key, PREFIX_BYTES)
  return bytes
}

/** The keys of one store with `from <= key < to`, as keys of the database. */
export function entryRange(storeId: number, from?: Uint8Array, to?: Uint8Array): { gte: Buffer; lt: Buffer } {
  return { gte: entryKey(storeId, from ?? NO_BYTES), lt: to === undefined ? pastStore(storeId) : entryKey(storeId, to) }
}

export function storeNameKey(name: string): Buffer {
  return metaKey(STORE_TAG, Buffer.from(name))
}

export function storeNameOf(key: Uint8Array): string {
  return textOf(key.subarray(META_BYTES))
}

export function offsetKey(topic: string, partition: number): Buffer {
  const end = Buffer.alloc(5)
  end.writeUInt32BE(partition, 1)
  return metaKey(OFFSET_TAG, Buffer.concat([Buffer.from(topic), end]))
}

export function topicPartitionOf(key: Uint8Array): { topic: string; partition: number } {
  const end = key.length - 5
  return { topic: textOf(key.subarray(META_BYTES, end)), partition: bufferOf(key).readUInt32BE(end + 1) }
}

export function u16(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(number)
  return bytes
}

export function u32(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(number)
  return bytes
}

export function u64(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt(number))
  return bytes
}

export function readU64(bytes: Uint8Array): number {
  return Number(bufferOf(bytes).readBigUInt64BE())
}

const NO_BYTES = new Uint8Array(0)
/** Two bytes of the meta space and the tag. */
const META_BYTES = PREFIX_BYTES + 1

function metaKey(tag: string, rest: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([u16(0), Buffer.from(tag), rest])
}

function pastStore(storeId: number): Buffer {
  return u16(storeId + 1)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function textOf(bytes: Uint8Array): string {
  return bufferOf(bytes).toString()
}
