/** Bytes that are appended to, up to a limit. */
export class GrowingBuffer {
  bytes: Buffer
  length = 0
  readonly #maxBytes: number

  constructor(expectedBytes: number, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.bytes = Buffer.allocUnsafe(Math.max(16, Math.min(expectedBytes, maxBytes)))
  }

  /** Makes room for `more` bytes behind `length`; `bytes` is another buffer afterwards where it had to grow. */
  reserve(more: number): void {
    const wanted = this.length + more
    if (wanted <= this.bytes.length) return
    if (wanted > this.#maxBytes) throw new Error(`it gives more than the ${this.#maxBytes} bytes allowed`)
    const grown = Buffer.allocUnsafe(Math.min(Math.max(wanted, 2 * this.bytes.length), this.#maxBytes))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  append(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    this.bytes.set(source.subarray(start, end), this.length)
    this.length += end - start
  }

  /** Appends what begins `distance` bytes before the end; where it is longer than that, it repeats. */
  repeat(distance: number, length: number): void {
    if (distance <= 0 || distance > this.length) throw new Error('a copy begins before the first byte')
    this.reserve(length)
    const { bytes } = this
    let to = this.length
    let from = to - distance
    if (distance >= length) {
      bytes.copyWithin(to, from, from + length)
    } else {
      for (const end = to + length; to < end; to++, from++) bytes[to] = bytes[from]!
    }
    this.length += length
  }

  filled(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}
