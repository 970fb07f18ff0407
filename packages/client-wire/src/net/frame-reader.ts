import { WireError } from '../protocol/wire-error.ts'

const LENGTH_BYTES = 4

/** A frame of this size or less is put together from its pieces; a larger one is received into a buffer of its own. */
const SMALL_BYTES = 64 * 1024
/** No more than this is taken for a frame before its bytes are there: a length may be out of the air. */
const MAX_AHEAD_BYTES = 32 * 1024 * 1024

/**
 * Cuts a stream into frames: `length:int32 bytes`. A small frame that came in one piece is a view of that piece.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  #pieces: Buffer[] = []
  #buffered = 0
  /** Of the frame that is being received, its length field included; undefined until that is known. */
  #wanted: number | undefined
  /** The large frame that is being received, and how much of it is there. */
  #large: Buffer | undefined
  #filled = 0

  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** @throws WireError `malformed` when a frame is negative or larger than allowed */
  push(piece: Buffer): void {
    let rest = piece
    if (this.#large !== undefined) {
      rest = this.#fill(this.#large, piece)
      if (rest.length === 0) return
    }
    this.#pieces.push(rest)
    this.#buffered += rest.length
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#buffered < LENGTH_BYTES) return
        this.#wanted = LENGTH_BYTES + this.#frameLength()
      }
      const wanted = this.#wanted
      if (this.#buffered < wanted && (wanted <= SMALL_BYTES || wanted > MAX_AHEAD_BYTES)) return
      const whole = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#buffered)
      this.#wanted = undefined
      this.#pieces = []
      this.#buffered = 0
      if (whole.length < wanted) {
        this.#large = Buffer.allocUnsafeSlow(wanted - LENGTH_BYTES)
        this.#filled = whole.copy(this.#large, 0, LENGTH_BYTES)
        return
      }
      const after = whole.subarray(wanted)
      if (after.length > 0) this.#pieces = [after]
      this.#buffered = after.length
      this.#onFrame(whole.subarray(LENGTH_BYTES, wanted))
    }
  }

  /** Gives what lies behind the frame. */
  #fill(frame: Buffer, piece: Buffer): Buffer {
    const copied = piece.copy(frame, this.#filled)
    this.#filled += copied
    if (this.#filled < frame.length) return piece.subarray(copied)
    this.#large = undefined
    this.#onFrame(frame)
    return piece.subarray(copied)
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
