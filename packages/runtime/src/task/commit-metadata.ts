import { readInt64, writeInt64 } from '@millrace/core'

/**
 * What rides in the metadata of a committed offset, as Kafka Streams writes it, so that a partition's time, and up to where
 * closed windows were emitted, survive a restart or a move to another instance:
 *
 *     base64( version int8 = 2, partitionTime int64, [count int32, (length int32, store utf8, closeTime int64)*count] )
 *
 * The list is left out where it is empty; version 1 has none.
 */
export function encodeCommitMetadata(partitionTime: number, closeTimes: ReadonlyMap<string, number>): string {
  const time = Buffer.alloc(TIME_BYTES)
  time[0] = 2
  writeInt64(time, 1, partitionTime)
  const parts: Buffer[] = [time]
  if (closeTimes.size > 0) parts.push(int32(closeTimes.size))
  for (const [store, closeTime] of closeTimes) {
    const name = Buffer.from(store)
    const value = Buffer.alloc(8)
    writeInt64(value, 0, closeTime)
    parts.push(int32(name.length), name, value)
  }
  return Buffer.concat(parts).toString('base64')
}

/** The partition's time, or -1 where there is none that can be read. */
export function decodePartitionTime(metadata: string | undefined): number {
  const bytes = bytesOf(metadata)
  return bytes === undefined ? -1 : readInt64(bytes, 1)
}

/** By store, up to where its closed windows were emitted; empty where there is nothing that can be read. */
export function decodeCloseTimes(metadata: string | undefined): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  const bytes = bytesOf(metadata)
  if (bytes === undefined || bytes.length < TIME_BYTES + 4) return times
  let at = TIME_BYTES + 4
  for (let left = bytes.readInt32BE(TIME_BYTES); left > 0 && at + 4 <= bytes.length; left--) {
    const end = at + 4 + bytes.readInt32BE(at)
    if (end + 8 > bytes.length) break
    times.set(bytes.toString('utf8', at + 4, end), readInt64(bytes, end))
    at = end + 8
  }
  return times
}

const TIME_BYTES = 9

function bytesOf(metadata: string | undefined): Buffer | undefined {
  if (metadata === undefined || metadata === '') return undefined
  const bytes = Buffer.from(metadata, 'base64')
  return bytes.length < TIME_BYTES || (bytes[0] !== 1 && bytes[0] !== 2) ? undefined : bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
