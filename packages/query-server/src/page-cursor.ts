import { millraceError } from '@millrace/core'
import { base64Bytes } from './request-key.ts'

/** Where the next page begins: in a partition, after a key. Partitions may be anywhere by then. */
export interface PageCursor {
  readonly partition: number
  /** The bytes of the last key that was given; undefined at the beginning of the partition. */
  readonly after: Uint8Array | undefined
}

/** Text for URLs: the partition, and the bytes of the key in base64. */
export function cursorText({ partition, after }: PageCursor): string {
  return after === undefined ? String(partition) : `${partition}.${Buffer.from(after).toString('base64url')}`
}

/** @throws MILLRACE_SERVER_REQUEST */
export function cursorOf(text: string): PageCursor {
  const found = /^(\d{1,9})(?:\.([A-Za-z0-9_-]*))?$/.exec(text)
  if (found === null)
    throw millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'cursor', reason: 'no page has given it' })
  const [, partition, after] = found
  return { partition: Number(partition), after: after === undefined ? undefined : base64Bytes(after) }
}
