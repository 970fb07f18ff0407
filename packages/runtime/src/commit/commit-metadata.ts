import { readInt64, writeInt64 } from '@millrace/core'

/**
 * What rides in the metadata of a committed offset, as Kafka Streams writes it, so that a partition's time survives a
 * restart or a move to another instance:
 *
 *     base64( version int8 = 2, partitionTime int64 )
 *
 * Kafka Streams may append processor metadata, which is left alone here; version 1 has the same beginning.
 */
export function encodePartitionTime(partitionTime: number): string {
  const bytes = Buffer.alloc(9)
  bytes[0] = 2
  writeInt64(bytes, 1, partitionTime)
  return bytes.toString('base64')
}

/** The partition's time, or -1 where there is none that can be read. */
export function decodePartitionTime(metadata: string | undefined): number {
  if (metadata === undefined || metadata === '') return -1
  const bytes = Buffer.from(metadata, 'base64')
  if (bytes.length < 9 || (bytes[0] !== 1 && bytes[0] !== 2)) return -1
  return readInt64(bytes, 1)
}
