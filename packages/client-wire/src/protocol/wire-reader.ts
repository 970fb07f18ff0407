import { WireError } from './wire-error.ts'

/** How many bytes an unsigned varint of 32 bits has at the most. */
const MAX_VARINT_BYTES = 5
const TWO_32 = 0x1_0000_0000

/**
 * Reads the protocol's primitive types from bytes that may be anything. Whatever they are, it reads nothing outside of them,
 * allocates no more than a small multiple of their number, and fails with a `WireError` of reason `malformed`.
 *
 *   string   := length:int16 utf8            -1 stands for null
 *   compact  := length+1:uvarint utf8        0 stands for null
 *   bytes    := length:int32 bytes
 *   array    := count:int32 element*
 *   tagged   := count:uvarint (tag:uvarint size:uvarint bytes)*
 *
 * 64-bit integers are numbers, exact to ±2^53.
 */
export class WireReader {
  readonly bytes: Buffer
  position: number
  readonly end: number

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#take(2))
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.#take(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#take(4))
  }

  int64(): number {
    const p = this.#take(8)
    return this.bytes.readInt32BE(p) * TWO_32 + this.bytes.readUInt32BE(p + 4)
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.#take(8))
  }

  /** 32 hexadecimal digits. */
  uuid(): string {
    const p = this.#take(16)
    return this.bytes.toString('hex', p, p + 16)
  }

  uvarint(): number {
    let value = 0
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.bytes[this.#take(1)]!
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) {
        if (value >= TWO_32) throw malformed(`a varint of ${value}`)
        return value
      }
    }
    throw malformed('a varint that does not end')
  }

  string(): string {
    return notNull(this.nullableString())
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.#text(length)
  }

  compactString(): string {
    return notNull(this.nullableCompactString())
  }

  nullableCompactString(): string | null {
    const length = this.uvarint() - 1
    return length === -1 ? null : this.#text(length)
  }

  /** A view, not a copy. */
  blob(): Buffer {
    return notNull(this.nullableBlob())
  }

  nullableBlob(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.#view(length)
  }

  compactBlob(): Buffer {
    return notNull(this.nullableCompactBlob())
  }

  nullableCompactBlob(): Buffer | null {
    const length = this.uvarint() - 1
    return length === -1 ? null : this.#view(length)
  }

  array<T>(element: () => T): T[] {
    return notNull(this.nullableArray(element))
  }

  nullableArray<T>(element: () => T): T[] | null {
    const count = this.int32()
    return count === -1 ? null : this.#elements(count, element)
  }

  compactArray<T>(element: () => T): T[] {
    return notNull(this.nullableCompactArray(element))
  }

  nullableCompactArray<T>(element: () => T): T[] | null {
    const count = this.uvarint() - 1
    return count === -1 ? null : this.#elements(count, element)
  }

  /** A struct that may be absent: a byte of -1 says so. */
  nullableStruct<T>(struct: () => T): T | null {
    return this.int8() < 0 ? null : struct()
  }

  /** Calls `field` for each tagged field; one that it does not read is passed over. */
  tagged(field?: (tag: number) => void): void {
    const count = this.uvarint()
    for (let i = 0; i < count; i++) {
      const tag = this.uvarint()
      const size = this.uvarint()
      const start = this.#take(size)
      const after = this.position
      if (field === undefined) continue
      this.position = start
      field(tag)
      if (this.position > after) throw malformed(`tagged field ${tag} is longer than its ${size} bytes`)
      this.position = after
    }
  }

  #elements<T>(count: number, element: () => T): T[] {
    // An element has at least one byte: so a count out of the air allocates nothing.
    if (count < 0 || count > this.remaining) throw malformed(`${count} elements in ${this.remaining} bytes`)
    const elements: T[] = []
    for (let i = 0; i < count; i++) elements.push(element())
    return elements
  }

  #text(length: number): string {
    const start = this.#take(length)
    return this.bytes.toString('utf8', start, this.position)
  }

  #view(length: number): Buffer {
    const start = this.#take(length)
    return this.bytes.subarray(start, this.position)
  }

  /** Moves on by `length` and gives the position before. */
  #take(length: number): number {
    const start = this.position
    if (length < 0 || length > this.end - start) throw malformed(`${length} bytes where ${this.end - start} are left`)
    this.position = start + length
    return start
  }
}

function notNull<T>(value: T | null): T {
  if (value === null) throw malformed('null where there must be a value')
  return value
}

function malformed(what: string): WireError {
  return new WireError('malformed', `The answer is malformed: ${what}`)
}
