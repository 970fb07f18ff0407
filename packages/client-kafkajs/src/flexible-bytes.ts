/**
 * Reading and writing of Kafka's flexible request versions (KIP-482), which kafkajs cannot encode:
 *
 *     compact string   = uvarint(length + 1) utf8; 0 is null
 *     compact array    = uvarint(count + 1) items
 *     tagged fields    = uvarint(count) (uvarint(tag) uvarint(size) bytes)*
 */
export class FlexibleWriter {
  readonly #parts: Buffer[] = []

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  bool(value: boolean): this {
    return this.#push(Buffer.from([value ? 1 : 0]))
  }

  int32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return this.#push(bytes)
  }

  int64(value: bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return this.#push(bytes)
  }

  string(value: string): this {
    const bytes = Buffer.from(value)
    return this.#uvarint(bytes.length + 1).#push(bytes)
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.#uvarint(items.length + 1)
    for (const item of items) write(item)
    return this
  }

  noTags(): this {
    return this.#uvarint(0)
  }

  #uvarint(value: number): this {
    const bytes: number[] = []
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
    bytes.push(rest)
    return this.#push(Buffer.from(bytes))
  }

  #push(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }
}

/** @throws RangeError where the bytes end too early or a length cannot be right */
export class FlexibleReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  nullableString(): string | null {
    const length = this.#uvarint()
    if (length === 0) return null
    const start = this.#take(length - 1)
    return this.#bytes.toString('utf8', start, start + length - 1)
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  array<T>(read: () => T): T[] {
    const count = this.#uvarint() - 1
    // Each item takes a byte at least: a larger count is no count.
    if (count > this.#bytes.length - this.#at) throw new RangeError(`an array of ${count} items does not fit`)
    const items: T[] = []
    for (let index = 0; index < count; index++) items.push(read())
    return items
  }

  skipTags(): void {
    for (let left = this.#uvarint(); left > 0; left--) {
      this.#uvarint()
      this.#take(this.#uvarint())
    }
  }

  #uvarint(): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.#bytes[this.#take(1)]!
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    throw new RangeError('a length takes more than five bytes')
  }

  #take(count: number): number {
    const start = this.#at
    if (start + count > this.#bytes.length) throw new RangeError(`${count} bytes at ${start} are past the end`)
    this.#at = start + count
    return start
  }
}
