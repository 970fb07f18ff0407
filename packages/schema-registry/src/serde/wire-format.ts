import type { Headers } from '@millrace/core'

/*
 * Confluent's wire format:
 *
 *     value  := 0 id payload          id is an int32, big-endian
 *     header := 1 guid | 0 id         in `__key_schema_id` or `__value_schema_id`; the value is the payload alone
 *
 * Protobuf has its message indexes behind the id or the GUID.
 */

/** Bytes before the payload. */
export const PREFIX_BYTES = 5

/** The header that names the schema of a key or of a value. */
export const schemaIdHeader = (side: 'key' | 'value'): string => `__${side}_schema_id`

/** The content of the header for a GUID. */
export function guidBytes(guid: string): Buffer {
  return Buffer.concat([Buffer.of(1), Buffer.from(guid.replaceAll('-', ''), 'hex')])
}

/** Which schema the bytes were written with, and where they begin. */
export interface Labelled {
  readonly id: number | string
  readonly start: number
  /** What the header has behind the id or the GUID; undefined if the id is before the data. */
  readonly headerRest?: Buffer
}

/** @returns a reason if there is no label */
export function labelOf(bytes: Buffer, side: 'key' | 'value', headers: Headers | undefined): Labelled | string {
  const header = headers?.findLast(({ key }) => key === schemaIdHeader(side))?.value
  if (header != null && header[0] === 1 && header.length >= 17) {
    return { id: guidText(header), start: 0, headerRest: Buffer.from(header.subarray(17)) }
  }
  if (header != null && header[0] === 0 && header.length >= PREFIX_BYTES) {
    return { id: Buffer.from(header).readInt32BE(1), start: 0, headerRest: Buffer.from(header.subarray(PREFIX_BYTES)) }
  }
  if (bytes.length < PREFIX_BYTES)
    return `there are ${bytes.length} bytes, and the id of the schema alone has ${PREFIX_BYTES}`
  if (bytes[0] !== 0)
    return `the first byte is ${bytes[0]} and not 0: the record was not written with a schema registry`
  return { id: bytes.readInt32BE(1), start: PREFIX_BYTES }
}

function guidText(header: Uint8Array): string {
  return Buffer.from(header.subarray(1, 17))
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
