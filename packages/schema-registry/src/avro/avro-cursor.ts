import { readUtf8 } from '@millrace/core'

/** A reason why bytes or a value do not fit a schema, with the place, such as `items[].price`. */
export class AvroMisfit extends Error {
  override readonly name = 'AvroMisfit'
  readonly reason: string
  readonly path: string

  constructor(reason: string, path = '') {
    super(path === '' ? reason : `at ${path}: ${reason}`)
    this.reason = reason
    this.path = path
  }

  /** The same within a field, an item or a branch. */
  within(step: string): AvroMisfit {
    const separator = this.path === '' || this.path.startsWith('[') ? '' : '.'
    return new AvroMisfit(this.reason, `${step}${separator}${this.path}`)
  }
}

const DOUBLE = new Float64Array(1)
const DOUBLE_BYTES = new Uint8Array(DOUBLE.buffer)
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The bytes of one datum, read from front to back. All integers are zigzag varints, as the specification says. */
export class AvroCursor {
  bytes: Buffer = Buffer.alloc(0)
  position = 0
  end = 0

  start(bytes: Buffer, position: number, end: number): void {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  byte(): number {
    if (this.position >= this.end) throw truncated()
    return this.bytes[this.position++]!
  }

  /** Skips `count` bytes and returns where they begin. */
  take(count: number): number {
    const start = this.position
    if (count < 0 || count > this.end - start) throw truncated()
    this.position = start + count
    return start
  }

  int(): number {
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1)
    }
    throw new AvroMisfit('an int has more than five bytes')
  }

  /** A long that is a safe integer; others are refused, since a double would round them. */
  safeLong(): number {
    const start = this.position
    let raw = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1)
    }
    // Times in milliseconds have up to seven bytes, which a double holds.
    let high = 0
    for (let factor = 1; factor < 1 << 21; factor *= 128) {
      const byte = this.byte()
      high += (byte & 0x7f) * factor
      if (byte >= 0x80) continue
      const half = high * (1 << 27) + (raw >>> 1)
      return (raw & 1) === 0 ? half : -half - 1
    }
    this.position = start
    const value = this.bigLong()
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    throw new AvroMisfit(`the long ${value} is not a safe integer; with longs: 'bigint' it is read`)
  }

  bigLong(): bigint {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        const raw = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
        return (raw >> 1n) ^ -(raw & 1n)
      }
    }
    throw new AvroMisfit('a long has more than ten bytes')
  }

  /** The length of bytes, a string or a block. */
  length(): number {
    const length = this.safeLong()
    if (length < 0) throw new AvroMisfit(`a length is ${length}`)
    return length
  }

  float(): number {
    return this.bytes.readFloatLE(this.take(4))
  }

  double(): number {
    const start = this.take(8)
    const { bytes } = this
    // readDoubleLE would check the bounds again.
    for (let index = 0; index < 8; index++) DOUBLE_BYTES[index] = bytes[start + index]!
    return IS_LITTLE_ENDIAN ? DOUBLE[0]! : bytes.readDoubleLE(start)
  }

  text(): string {
    const length = this.length()
    const start = this.take(length)
    return readUtf8(this.bytes, start, start + length)
  }

  /** A copy: a view would keep the whole batch in memory. */
  copy(length: number): Buffer {
    const start = this.take(length)
    return Buffer.from(this.bytes.subarray(start, start + length))
  }

  /** The number of items in the next block of an array or a map; 0 at the end. */
  block(): number {
    let count = this.safeLong()
    if (count < 0) {
      count = -count
      this.length()
    }
    if (count > MAX_BLOCK) throw new AvroMisfit(`a block has ${count} items`)
    return count
  }

  /** Calls `each` for all items of an array or a map, which come in blocks. */
  blocks(each: () => void): void {
    for (let count = this.block(); count !== 0; count = this.block()) {
      for (let index = 0; index < count; index++) each()
    }
  }
}

/** Items of no bytes, such as nulls, would otherwise let a few bytes fill the memory. */
const MAX_BLOCK = 1 << 24

function truncated(): AvroMisfit {
  return new AvroMisfit('the bytes end within the value')
}
