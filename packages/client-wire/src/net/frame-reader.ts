import { WireError } from '../protocol/wire-error.ts'

const LENGTH_BYTES = 4

/**
 * Cuts a stream into frames: `length:int32 bytes`. A frame that came in one piece is a view of that piece. Nothing is
 * allocated for a frame before its bytes are there, so a length that is out of the air costs nothing.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  #pieces: Buffer[] = []
  #buffered = 0
  /** Of the frame that is being received, its length field included; undefined until that is known. */
  #wanted: number | undefined

  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** @throws WireError `malformed` when a frame is negative or larger than allowed */
  push(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#buffered += piece.length
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#buffered < LENGTH_BYTES) return
        this.#wanted = LENGTH_BYTES + this.#frameLength()
      }
      if (this.#buffered < this.#wanted) return
      const whole = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#buffered)
      const frame = whole.subarray(LENGTH_BYTES, this.#wanted)
      const rest = whole.subarray(this.#wanted)
      this.#pieces = rest.length === 0 ? [] : [rest]
      this.#buffered = rest.length
      this.#wanted = undefined
      this.#onFrame(frame)
    }
  }

  #frameLength(): number {
    let first = this.#pieces[0]!
    if (first.length < LENGTH_BYTES) {
      first = Buffer.concat(this.#pieces, this.#buffered)
      this.#pieces = [first]
    }
    const length = first.readInt32BE(0)
    if (length >= 0 && length <= this.#maxFrameBytes) return length
    // 0x15 0x03: a TLS alert; 'HTTP': a web server.
    const hint = first[0] === 0x15 ? '; the broker seems to expect TLS' : ''
    throw new WireError('malformed', `A frame of ${length} bytes, more than ${this.#maxFrameBytes}${hint}`)
  }
}
