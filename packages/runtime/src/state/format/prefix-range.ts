/** Backend keys, `to` exclusive; without a bound everything on that side. */
export interface ByteRange {
  readonly from: Buffer | undefined
  readonly to: Buffer | undefined
}

/** All keys that begin with `prefix`. */
export function prefixRange(prefix: Uint8Array): ByteRange {
  const from = Buffer.from(prefix)
  // What comes after all of them: the prefix with its last byte that can be raised raised.
  let length = from.length
  while (length > 0 && from[length - 1] === 0xff) length--
  if (length === 0) return { from, to: undefined }
  const to = Buffer.from(from.subarray(0, length))
  to[length - 1]! += 1
  return { from, to }
}
