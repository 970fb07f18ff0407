import { type Headers, recordBatchBytesOfOne } from '@millrace/core'

/** A copy of a record for the dead-letter topic; null stands for a key or value that is not there. */
export interface Letter {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Of the record itself. */
  readonly headers: Headers
  /** About the failure. */
  readonly failure: Headers
}

/** What marks a letter that is not whole: a line for each part, with the number of its bytes. */
export const CUT_HEADER = '__streams.errors.cut'

/** What is left of each header about the failure, where all of them do not fit. */
const FAILURE_HEADER_BYTES = 256
/** Room for the header that marks the letter. */
const MARK_BYTES = 256

/**
 * Cuts a letter until a batch of it has no more than `limit` bytes, and says so in a header: first the stack trace goes, then the
 * value is cut, then headers of the record go, then the key is cut. Gives the letter itself where it fits.
 */
export function cutLetter(letter: Letter, limit: number): Letter {
  if (sizeOf(letter) <= limit) return letter
  const room = limit - MARK_BYTES
  const lost: string[] = []
  let { key, value, headers } = letter
  const failure = letter.failure
    .filter(header => !header.key.endsWith('.stacktrace'))
    .map(header => ({
      key: header.key,
      value: header.value === null ? null : header.value.subarray(0, FAILURE_HEADER_BYTES),
    }))
  lost.push('stack trace left out')
  const over = () => sizeOf({ key, value, headers, failure }) - room
  if (value !== null && over() > 0) {
    const kept = Math.max(0, value.length - over())
    lost.push(`value: ${kept} of ${value.length} bytes`)
    value = value.subarray(0, kept)
  }
  if (over() > 0 && headers.length > 0) {
    lost.push(`${headers.length} headers left out`)
    headers = []
  }
  if (key !== null && over() > 0) {
    const kept = Math.max(0, key.length - over())
    lost.push(`key: ${kept} of ${key.length} bytes`)
    key = key.subarray(0, kept)
  }
  return { key, value, headers, failure: [...failure, { key: CUT_HEADER, value: Buffer.from(lost.join('\n')) }] }
}

function sizeOf({ key, value, headers, failure }: Letter): number {
  const [keyStart, keyEnd] = key === null ? [-1, -1] : [0, key.length]
  const [valueStart, valueEnd] = value === null ? [-1, -1] : [0, value.length]
  return recordBatchBytesOfOne(keyStart, keyEnd, valueStart, valueEnd, [...headers, ...failure])
}
