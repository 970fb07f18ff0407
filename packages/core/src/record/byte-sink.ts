import { millraceError } from '../errors/millrace-error.ts'
import { shownOption } from '../errors/number-option.ts'
import { allocateBytes } from './byte-arrays.ts'

/**
 * A growing buffer that serdes write into, reused from record to record so that encoding allocates nothing.
 *
 * A writer calls `reserve(n)` for the most it may need, writes to `buffer` from `position` on, and moves `position`.
 * `buffer` may be another one after each `reserve`.
 */
export class ByteSink {
  buffer: Buffer
  position = 0

  constructor(capacity = 4096) {
    this.buffer = allocateBytes(capacity)
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.buffer.length) return
    const grown = allocateBytes(Math.max(needed, this.buffer.length * 2))
    grown.set(this.buffer.subarray(0, this.position))
    this.buffer = grown
  }

  /** Appends a copy of `bytes`. */
  append(bytes: Uint8Array): void {
    // Not instanceof, since test runners have a Uint8Array of their own.
    if (!ArrayBuffer.isView(bytes)) throw noBytes(bytes)
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.position)
    this.position += bytes.length
  }
}

/** Serdes of users give bytes, unless they are wrong. */
function noBytes(given: unknown): Error {
  const reason = `serialize returned ${shownOption(given)}, but it must return a Uint8Array`
  return millraceError('MILLRACE_SERDE_ENCODE', { serde: 'bytes', reason })
}
