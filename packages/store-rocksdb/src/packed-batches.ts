import type { StoreChanges, TopicPartitionOffset } from '@millrace/core'
import type RocksDB from '#rocksdb-native'
import type { PackedBatches } from '#packed-batches'
import { copyShort, type ChangesOfStore, rangesOf } from './changes-of-store.ts'
import { offsetKey, PREFIX_BYTES, u64 } from './key-layout.ts'

/** Kinds of writes, as RocksDB's binding numbers them; they stand in the highest bits of a word. */
const PUT = 1 << 30
const DELETE = 2 << 30
const DELETE_RANGE = 3 << 30
const MAX_KEY_BYTES = (1 << 30) - 1

/** All changes and positions in one write, packed into one buffer. Keys and values may change as soon as the call returns. */
export function writePacked(
  addon: PackedBatches,
  db: RocksDB,
  stores: readonly ChangesOfStore[],
  offsets: readonly TopicPartitionOffset[],
): Promise<void> {
  const ranges = stores.map(rangesOf)
  const positions = offsets.map(({ topic, partition, offset }) => [offsetKey(topic, partition), u64(offset)] as const)
  let operations = positions.length
  let size = 0
  for (const [index, { changes }] of stores.entries()) {
    operations += changes.keys.length + ranges[index]!.length
    size += bytesOf(changes)
    for (const { gte, lt } of ranges[index]!) size += gte.length + lt.length
  }
  for (const [key, value] of positions) size += key.length + value.length
  if (operations === 0) return Promise.resolve()

  const batch = new PackedWrite(operations, size)
  for (const [index, { storeId, changes }] of stores.entries()) {
    for (const { gte, lt } of ranges[index]!) batch.add(DELETE_RANGE, gte, lt)
    const { keys, values } = changes
    for (let at = 0; at < keys.length; at++) batch.addEntry(storeId, keys[at]!, values[at] ?? null)
  }
  for (const [key, value] of positions) batch.add(PUT, key, value)
  return addon.write(db._state._handle, db._columnFamily._handle, batch.bytes, batch.table)
}

/** The values of keys of one store, undefined where there is none. Keys may change as soon as the call returns. */
export async function readPacked(
  addon: PackedBatches,
  reader: RocksDB,
  storeId: number,
  keys: readonly Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
  let size = keys.length * PREFIX_BYTES
  for (let at = 0; at < keys.length; at++) size += keys[at]!.length
  const bytes = Buffer.allocUnsafeSlow(size)
  const table = new Uint32Array(keys.length)
  let end = 0
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!
    bytes[end] = storeId >>> 8
    bytes[end + 1] = storeId & 0xff
    copyShort(key, bytes, end + PREFIX_BYTES)
    table[at] = PREFIX_BYTES + key.length
    end += PREFIX_BYTES + key.length
  }
  const { _state, _columnFamily, _snapshot } = reader
  return unpacked(await addon.read(_state._handle, _columnFamily._handle, bytes, table, _snapshot?._handle))
}

/** A copy of each value: a view would keep the values of the whole batch in memory for as long as one of them is kept. */
function unpacked([values, ends]: readonly [values: ArrayBuffer, lengths: ArrayBuffer]): (Uint8Array | undefined)[] {
  const bytes = Buffer.from(values)
  const lengths = new Int32Array(ends)
  const found: (Uint8Array | undefined)[] = []
  let start = 0
  for (let at = 0; at < lengths.length; at++) {
    const length = lengths[at]!
    if (length < 0) {
      found.push(undefined)
      continue
    }
    const value = Buffer.allocUnsafe(length)
    bytes.copy(value, 0, start, start + length)
    found.push(value)
    start += length
  }
  return found
}

function bytesOf({ keys, values }: StoreChanges): number {
  let size = keys.length * PREFIX_BYTES
  for (let at = 0; at < keys.length; at++) size += keys[at]!.length + (values[at]?.length ?? 0)
  return size
}

class PackedWrite {
  readonly bytes: Buffer
  readonly table: Uint32Array
  #end = 0
  #word = 0

  constructor(operations: number, size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.table = new Uint32Array(2 * operations)
  }

  add(kind: number, key: Uint8Array, value: Uint8Array): void {
    this.#describe(kind, key.length, value.length)
    this.#append(key)
    this.#append(value)
  }

  addEntry(storeId: number, key: Uint8Array, value: Uint8Array | null): void {
    this.#describe(value === null ? DELETE : PUT, PREFIX_BYTES + key.length, value?.length ?? 0)
    this.bytes[this.#end++] = storeId >>> 8
    this.bytes[this.#end++] = storeId & 0xff
    this.#append(key)
    if (value !== null) this.#append(value)
  }

  #describe(kind: number, keyLength: number, valueLength: number): void {
    if (keyLength > MAX_KEY_BYTES) throw new RangeError(`a key of ${keyLength} bytes is longer than ${MAX_KEY_BYTES}`)
    this.table[this.#word++] = kind | keyLength
    this.table[this.#word++] = valueLength
  }

  #append(bytes: Uint8Array): void {
    copyShort(bytes, this.bytes, this.#end)
    this.#end += bytes.length
  }
}
