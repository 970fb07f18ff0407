import { compareLongBytes } from '../record/byte-arrays.ts'

/** Up to this length a loop beats the call into native code. */
const LOOP_BYTES = 64

/** Which comes first in the order of stores, unsigned byte by byte: negative for `a`, positive for `b`, 0 when equal. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = a.length < b.length ? a.length : b.length
  if (length > LOOP_BYTES) return compareLongBytes(a, b)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
