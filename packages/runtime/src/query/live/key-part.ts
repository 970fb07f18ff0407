import type { StorePlan } from '@millrace/core'
import { SEGMENT_BYTES, SESSION_SUFFIX_BYTES, WINDOW_SUFFIX_BYTES } from '../../state/format/store-codec.ts'

/** Which keys a live query follows, by their bytes. It is data, so that it can be sent to a thread. */
export type KeyPart =
  | { readonly type: 'key'; readonly key: Uint8Array }
  | { readonly type: 'prefix'; readonly prefix: Uint8Array }
  | { readonly type: 'range'; readonly from?: Uint8Array; readonly to?: Uint8Array }

/** Bytes behind the user's key in a row. */
const SUFFIX_BYTES = { window: WINDOW_SUFFIX_BYTES, session: SESSION_SUFFIX_BYTES, versioned: 0 } as const

/** The user's key in a row of a store; undefined if live queries do not show such rows: the history of a versioned store. */
export function keyOfRow(kind: StorePlan['kind'], row: Uint8Array): Uint8Array | undefined {
  if (kind === 'key-value') return row
  if (kind === 'versioned' && !isLatestRow(row)) return undefined
  return row.subarray(SEGMENT_BYTES, row.length - SUFFIX_BYTES[kind])
}

/** Rows of the latest versions lie in segment 0. */
function isLatestRow(row: Uint8Array): boolean {
  for (let at = 0; at < SEGMENT_BYTES; at++) if (row[at] !== 0) return false
  return true
}

export function isInPart(part: KeyPart, key: Uint8Array): boolean {
  switch (part.type) {
    case 'key':
      return Buffer.compare(part.key, key) === 0
    case 'prefix': {
      const { prefix } = part
      return key.length >= prefix.length && Buffer.compare(prefix, key.subarray(0, prefix.length)) === 0
    }
    case 'range':
      return (
        (part.from === undefined || Buffer.compare(part.from, key) <= 0) &&
        (part.to === undefined || Buffer.compare(part.to, key) >= 0)
      )
  }
}
