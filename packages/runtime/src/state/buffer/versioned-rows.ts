import { readInt64, writeInt64 } from '@millrace/core'
import { SEGMENT_BYTES, segmentIntervalMs, segmentRange } from '../format/store-codec.ts'
import type { Version } from './version-timeline.ts'

/*
 * How a versioned store lies in the backend. Its changelog is Kafka Streams': key -> value, at the version's timestamp.
 *
 *   latest   0 uint48, key                             -> timestamp int64, mark int8, value
 *   history  segment uint48, key, timestamp int64      -> validTo int64, mark int8, [value]
 *   time     ff ff ff ff ff ff                         -> stream time int64
 *
 * The segment of a version is that of the time at which it ceased to be valid, counted from 1, so that a whole one can be
 * dropped as a range when nobody may ask for it any more. A deletion that nothing came after ceases when it begins, and is
 * never among the latest. Bit 0 of the mark is `Version.marked`, bit 1 says that there is a value.
 */
const TIME_BYTES = 8
const HEAD_BYTES = TIME_BYTES + 1
const MARKED = 1
const HAS_VALUE = 2
const LATEST_SEGMENT = 0

/** Where the store's stream time is kept: behind all other keys. */
export const TIME_ROW = Buffer.alloc(SEGMENT_BYTES, 0xff)

export interface DecodedRow {
  readonly timestamp: number
  readonly validTo: number
  readonly marked: boolean
  /** A view; null for a deletion. */
  readonly value: Buffer | null
}

/** Where versions are that cease to be valid at a time. */
export function historySegment(time: number, intervalMs: number): number {
  return Math.floor(time / intervalMs) + 1
}

export function versionedIntervalMs(historyRetentionMs: number): number {
  return segmentIntervalMs({ retentionMs: historyRetentionMs })
}

export function latestKey(key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafeSlow(SEGMENT_BYTES + key.length)
  bytes.writeUIntBE(LATEST_SEGMENT, 0, SEGMENT_BYTES)
  bytes.set(key, SEGMENT_BYTES)
  return bytes
}

export function historyKey(key: Uint8Array, segment: number, timestamp: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(SEGMENT_BYTES + key.length + TIME_BYTES)
  bytes.writeUIntBE(segment, 0, SEGMENT_BYTES)
  bytes.set(key, SEGMENT_BYTES)
  writeInt64(bytes, SEGMENT_BYTES + key.length, timestamp)
  return bytes
}

/** Where the history of a key in one segment is; rows of longer keys may lie between. */
export function historyRange(key: Uint8Array, segment: number): { readonly from: Buffer; readonly to: Buffer } {
  const last = historyKey(key, segment, Number.MAX_SAFE_INTEGER)
  return { from: historyKey(key, segment, 0), to: Buffer.concat([last, Buffer.alloc(1)]) }
}

/** Rows of all segments before `live`. */
export function expiredHistory(live: number): { readonly from: Buffer; readonly to: Buffer } {
  return segmentRange(LATEST_SEGMENT + 1, live)
}

export function isHistoryOf(row: Uint8Array, key: Uint8Array): boolean {
  if (row.length !== SEGMENT_BYTES + key.length + TIME_BYTES) return false
  for (let at = 0; at < key.length; at++) if (row[SEGMENT_BYTES + at] !== key[at]) return false
  return true
}

/** Whether a version is the one in the row of the latest. */
export function isLatest({ content, validTo }: Version): boolean {
  return content !== null && validTo === Number.POSITIVE_INFINITY
}

/** When a version's row may go: once this has passed the history retention. */
export function endOf({ timestamp, validTo }: Version): number {
  return validTo === Number.POSITIVE_INFINITY ? timestamp : validTo
}

/** The row's value; `value` is the version's, as bytes. */
export function encodeRow(version: Version, value: Uint8Array | null): Buffer {
  const bytes = Buffer.allocUnsafeSlow(HEAD_BYTES + (value?.length ?? 0))
  writeInt64(bytes, 0, isLatest(version) ? version.timestamp : endOf(version))
  bytes[TIME_BYTES] = (version.marked ? MARKED : 0) | (value === null ? 0 : HAS_VALUE)
  if (value !== null) bytes.set(value, HEAD_BYTES)
  return bytes
}

export function decodeLatest(row: Buffer): DecodedRow {
  const { time, marked, value } = decode(row)
  return { timestamp: time, validTo: Number.POSITIVE_INFINITY, marked, value }
}

/** `row` is one of history. `validTo` of a deletion that nothing came after is its own timestamp. */
export function decodeHistory(row: Buffer, content: Buffer): DecodedRow {
  const timestamp = readInt64(row, row.length - TIME_BYTES)
  const { time: validTo, marked, value } = decode(content)
  return { timestamp, validTo, marked, value }
}

export function encodeTime(time: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(TIME_BYTES)
  writeInt64(bytes, 0, time)
  return bytes
}

export function decodeTime(bytes: Uint8Array): number {
  return readInt64(bytes, 0)
}

function decode(content: Buffer) {
  const mark = content[TIME_BYTES] ?? 0
  const value = (mark & HAS_VALUE) === 0 ? null : content.subarray(HEAD_BYTES)
  return { time: readInt64(content, 0), marked: (mark & MARKED) !== 0, value }
}
