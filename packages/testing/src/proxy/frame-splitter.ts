/** A larger frame is no Kafka request: probably TLS, which the proxy does not read. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024
const SIZE_BYTES = 4

/** Cuts the bytes of a connection into frames: 4 bytes of size, big endian, and as many bytes as it says. */
export class FrameSplitter {
  #pieces: Buffer[] = []
  #bytes = 0

  /**
   * Frames that are complete with these bytes, each with its size in front.
   *
   * @throws RangeError when the size of a frame is negative or over 256 MiB
   */
  push(piece: Buffer): readonly Buffer[] {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    const frames: Buffer[] = []
    for (let size = this.#nextSize(); size !== undefined && this.#bytes >= size; size = this.#nextSize()) {
      const all = this.#joined()
      frames.push(all.subarray(0, size))
      this.#pieces = [all.subarray(size)]
      this.#bytes -= size
    }
    return frames
  }

  /** Of the frame that comes next, with its own 4 bytes; `undefined` while these have not arrived. */
  #nextSize(): number | undefined {
    if (this.#bytes < SIZE_BYTES) return undefined
    const first = this.#pieces[0]!
    const size = (first.length >= SIZE_BYTES ? first : this.#joined()).readInt32BE(0)
    if (size < 0 || size > MAX_FRAME_BYTES) throw new RangeError(`A frame of ${size} bytes.`)
    return size + SIZE_BYTES
  }

  #joined(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces, this.#bytes)]
    return this.#pieces[0]!
  }
}
