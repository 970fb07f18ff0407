/** A blob of at least this many bytes is passed on by reference; below, a copy is cheaper than another chunk. */
const REFERENCE_BYTES = 2048
const FIRST_BYTES = 512
const TWO_32 = 0x1_0000_0000

/**
 * Writes the protocol's primitive types (see `WireReader`) into chunks for a socket. Record batches are not copied: they
 * become chunks of their own.
 */
export class WireWriter {
  readonly #done: Buffer[] = []
  #doneBytes = 0
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #start = 0
  #position = 0

  get byteLength(): number {
    return this.#doneBytes + this.#position - this.#start
  }

  /** What was written, in order. */
  chunks(): readonly Buffer[] {
    this.#cut()
    return this.#done
  }

  /** One buffer of all. */
  concat(): Buffer {
    return Buffer.concat(this.chunks())
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    const p = this.#take(1)
    this.#bytes.writeInt8(value, p)
  }

  int16(value: number): void {
    const p = this.#take(2)
    this.#bytes.writeInt16BE(value, p)
  }

  uint16(value: number): void {
    const p = this.#take(2)
    this.#bytes.writeUInt16BE(value, p)
  }

  int32(value: number): void {
    const p = this.#take(4)
    this.#bytes.writeInt32BE(value, p)
  }

  int64(value: number): void {
    const p = this.#take(8)
    this.#bytes.writeInt32BE(Math.floor(value / TWO_32), p)
    this.#bytes.writeUInt32BE(((value % TWO_32) + TWO_32) % TWO_32, p + 4)
  }

  float64(value: number): void {
    const p = this.#take(8)
    this.#bytes.writeDoubleBE(value, p)
  }

  /** 32 hexadecimal digits. */
  uuid(value: string): void {
    const p = this.#take(16)
    this.#bytes.write(value, p, 16, 'hex')
  }

  uvarint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#byte((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    this.#byte(rest)
  }

  string(value: string): void {
    const length = Buffer.byteLength(value)
    this.int16(length)
    this.#text(value, length)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const length = Buffer.byteLength(value)
    this.uvarint(length + 1)
    this.#text(value, length)
  }

  nullableCompactString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.compactString(value)
  }

  blob(value: Uint8Array): void {
    this.int32(value.length)
    this.raw(value)
  }

  nullableBlob(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.blob(value)
  }

  compactBlob(value: Uint8Array): void {
    this.uvarint(value.length + 1)
    this.raw(value)
  }

  nullableCompactBlob(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactBlob(value)
  }

  array<T>(values: readonly T[], element: (value: T) => void): void {
    this.int32(values.length)
    for (const value of values) element(value)
  }

  nullableArray<T>(values: readonly T[] | null, element: (value: T) => void): void {
    if (values === null) this.int32(-1)
    else this.array(values, element)
  }

  compactArray<T>(values: readonly T[], element: (value: T) => void): void {
    this.uvarint(values.length + 1)
    for (const value of values) element(value)
  }

  nullableCompactArray<T>(values: readonly T[] | null, element: (value: T) => void): void {
    if (values === null) this.uvarint(0)
    else this.compactArray(values, element)
  }

  nullableStruct<T>(value: T | null, struct: (value: T) => void): void {
    this.int8(value === null ? -1 : 1)
    if (value !== null) struct(value)
  }

  /** The fields that are to be written, in the order of their tags. */
  tagged(fields: readonly (readonly [tag: number, write: (writer: WireWriter) => void])[]): void {
    this.uvarint(fields.length)
    for (const [tag, write] of fields) {
      const field = new WireWriter()
      write(field)
      this.uvarint(tag)
      this.uvarint(field.byteLength)
      for (const chunk of field.chunks()) this.raw(chunk)
    }
  }

  /** Bytes as they are. Large ones must not change before they are sent. */
  raw(value: Uint8Array): void {
    if (value.length >= REFERENCE_BYTES) {
      this.#cut()
      this.#done.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      this.#doneBytes += value.length
      return
    }
    const p = this.#take(value.length)
    this.#bytes.set(value, p)
  }

  #text(value: string, length: number): void {
    const p = this.#take(length)
    this.#bytes.write(value, p, length, 'utf8')
  }

  #byte(value: number): void {
    const p = this.#take(1)
    this.#bytes[p] = value
  }

  #cut(): void {
    if (this.#position === this.#start) return
    this.#done.push(this.#bytes.subarray(this.#start, this.#position))
    this.#doneBytes += this.#position - this.#start
    this.#start = this.#position
  }

  #take(length: number): number {
    const start = this.#position
    if (start + length > this.#bytes.length) {
      this.#cut()
      this.#bytes = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, length))
      this.#start = 0
      this.#position = length
      return 0
    }
    this.#position = start + length
    return start
  }
}
