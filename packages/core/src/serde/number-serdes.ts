import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from '../record/big-endian.ts'
import { inPlaceSerde } from './in-place-serde.ts'
import type { Serde } from './serde.ts'
import { decodeError, encodeError, shown } from './serde-errors.ts'

/*
 * Kafka's serdes for numbers: big-endian, of constant size. `constantSize` makes `list` leave out the elements' lengths.
 */

// Eight bytes seen as each type: faster than Buffer's methods for 64 bits, and without a DataView for each batch.
const BIGINT = new BigInt64Array(1)
const DOUBLE = new Float64Array(BIGINT.buffer)
const FLOAT = new Float32Array(BIGINT.buffer)
const WORDS = new Int32Array(BIGINT.buffer)
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

function checkSize(serde: string, expected: number, size: number): void {
  if (size !== expected) throw decodeError(serde, `there are ${size} bytes where ${expected} were expected`)
}

function loadWords(bytes: Buffer, position: number): void {
  WORDS[HIGH] = readInt32(bytes, position)
  WORDS[LOW] = readInt32(bytes, position + 4)
}

function storeWords(bytes: Buffer, position: number): void {
  writeInt32(bytes, position, WORDS[HIGH]!)
  writeInt32(bytes, position + 4, WORDS[LOW]!)
}

const SHORT = inPlaceSerde<number>({
  name: 'short',
  immutable: true,
  constantSize: 2,
  read(bytes, start, end) {
    checkSize('short', 2, end - start)
    return readInt16(bytes, start)
  },
  write(value, sink) {
    if (typeof value !== 'number' || (value << 16) >> 16 !== value)
      throw encodeError('short', `${shown(value)} is not an integer of 16 bits`)
    sink.reserve(2)
    writeInt16(sink.buffer, sink.position, value)
    sink.position += 2
  },
})

/** A signed 16-bit integer. */
export function short(): Serde<number> {
  return SHORT
}

const INT = inPlaceSerde<number>({
  name: 'int',
  immutable: true,
  constantSize: 4,
  read(bytes, start, end) {
    checkSize('int', 4, end - start)
    return readInt32(bytes, start)
  },
  write(value, sink) {
    if (typeof value !== 'number' || (value | 0) !== value)
      throw encodeError('int', `${shown(value)} is not an integer of 32 bits`)
    sink.reserve(4)
    writeInt32(sink.buffer, sink.position, value)
    sink.position += 4
  },
})

/** A signed 32-bit integer. */
export function int(): Serde<number> {
  return INT
}

const LONG = inPlaceSerde<bigint>({
  name: 'long',
  immutable: true,
  constantSize: 8,
  read(bytes, start, end) {
    checkSize('long', 8, end - start)
    loadWords(bytes, start)
    return BIGINT[0]!
  },
  write(value, sink) {
    if (typeof value !== 'bigint') throw encodeError('long', `${shown(value)} is not a bigint`)
    BIGINT[0] = value
    if (BIGINT[0] !== value) throw encodeError('long', `${shown(value)} does not fit into 64 bits`)
    sink.reserve(8)
    storeWords(sink.buffer, sink.position)
    sink.position += 8
  },
})

/** A signed 64-bit integer as a bigint. Where the values stay within ±2^53, `safeLong` has the same bytes and is handier. */
export function long(): Serde<bigint> {
  return LONG
}

const SAFE_LONG = inPlaceSerde<number>({
  name: 'safeLong',
  immutable: true,
  constantSize: 8,
  read(bytes, start, end) {
    checkSize('safeLong', 8, end - start)
    const value = readInt64(bytes, start)
    if (!Number.isSafeInteger(value)) {
      throw decodeError('safeLong', `${LONG.read(bytes, start, end)} is outside of ±2^53: use long()`)
    }
    return value
  },
  write(value, sink) {
    if (!Number.isSafeInteger(value)) throw encodeError('safeLong', `${shown(value)} is not an integer within ±2^53`)
    sink.reserve(8)
    writeInt64(sink.buffer, sink.position, value)
    sink.position += 8
  },
})

/** A signed 64-bit integer as a number: the bytes of `long`, and an error where a number would not be exact. */
export function safeLong(): Serde<number> {
  return SAFE_LONG
}

const DOUBLE_SERDE = inPlaceSerde<number>({
  name: 'double',
  immutable: true,
  constantSize: 8,
  read(bytes, start, end) {
    checkSize('double', 8, end - start)
    loadWords(bytes, start)
    return DOUBLE[0]!
  },
  write(value, sink) {
    if (typeof value !== 'number') throw encodeError('double', `${shown(value)} is not a number`)
    if (value === value) DOUBLE[0] = value
    else setWords(0x7ff80000, 0) // the one NaN that Java writes
    sink.reserve(8)
    storeWords(sink.buffer, sink.position)
    sink.position += 8
  },
})

function setWords(high: number, low: number): void {
  WORDS[HIGH] = high
  WORDS[LOW] = low
}

/** A 64-bit floating point number. */
export function double(): Serde<number> {
  return DOUBLE_SERDE
}

const FLOAT_SERDE = inPlaceSerde<number>({
  name: 'float',
  immutable: true,
  constantSize: 4,
  read(bytes, start, end) {
    checkSize('float', 4, end - start)
    WORDS[0] = readInt32(bytes, start)
    return FLOAT[0]!
  },
  write(value, sink) {
    if (typeof value !== 'number') throw encodeError('float', `${shown(value)} is not a number`)
    FLOAT[0] = value
    if (value !== value) WORDS[0] = 0x7fc00000
    else if (!Number.isFinite(FLOAT[0]) && Number.isFinite(value)) {
      throw encodeError('float', `${shown(value)} is too large for 32 bits`)
    }
    sink.reserve(4)
    writeInt32(sink.buffer, sink.position, WORDS[0]!)
    sink.position += 4
  },
})

/** A 32-bit floating point number: what is written is the nearest to the value, as with `Math.fround`. */
export function float(): Serde<number> {
  return FLOAT_SERDE
}

const BOOLEAN = inPlaceSerde<boolean>({
  name: 'boolean',
  immutable: true,
  read(bytes, start, end) {
    checkSize('boolean', 1, end - start)
    const byte = bytes[start]!
    if (byte > 1) throw decodeError('boolean', `the byte is ${byte}, neither 0 nor 1`)
    return byte === 1
  },
  write(value, sink) {
    if (typeof value !== 'boolean') throw encodeError('boolean', `${shown(value)} is not a boolean`)
    sink.reserve(1)
    sink.buffer[sink.position++] = value ? 1 : 0
  },
})

/** True or false, in one byte. */
export function boolean(): Serde<boolean> {
  return BOOLEAN
}
