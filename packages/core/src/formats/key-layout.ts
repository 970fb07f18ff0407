import type { KeyRange } from '../ports/store.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from '../record/big-endian.ts'
import type { Window } from '../record/windowed.ts'
import { compareBytes } from '../state/compare-bytes.ts'

/*
 * Keys of window and session stores, on disk and in changelogs, as Kafka Streams' WindowKeySchema and SessionKeySchema:
 *
 *   windowKey  := key start:int64 sequence:int32     sequence 0, or counting where a store keeps duplicates
 *   sessionKey := key end:int64 start:int64
 *
 * Times are not negative, so that their bytes are in their order. Keys have any length, so between two entries of one key
 * there may be entries of longer keys: a range is what has to be looked at, and the caller leaves out the others with
 * `isWindowKeyOf` / `isSessionKeyOf`, or by the parts of each entry.
 */
const WINDOW_SUFFIX = 12
const SESSION_SUFFIX = 16
const LAST_SEQUENCE = 0x7fffffff

/** A span of time, both ends inclusive, in milliseconds. */
export interface TimeSpan {
  readonly from: number
  readonly to: number
}

/** Serialized keys from one to another, both inclusive; without one it is open. */
export interface KeySpan {
  readonly from?: Uint8Array
  readonly to?: Uint8Array
}

export function windowKey(key: Uint8Array, start: number, sequence = 0): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + WINDOW_SUFFIX)
  bytes.set(key)
  writeInt64(bytes, key.length, start)
  writeInt32(bytes, key.length + 8, sequence)
  return bytes
}

export function windowKeyStart(bytes: Uint8Array): number {
  return readInt64(bytes, bytes.length - WINDOW_SUFFIX)
}

export function windowKeySequence(bytes: Uint8Array): number {
  return readInt32(bytes, bytes.length - 4)
}

/** The record's key within a window key, as a view. */
export function keyOfWindowKey(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - WINDOW_SUFFIX)
}

export function isWindowKeyOf(bytes: Uint8Array, key: Uint8Array): boolean {
  return bytes.length === key.length + WINDOW_SUFFIX && startsWith(bytes, key)
}

/** Where the windows of one key that start within `time` are. */
export function windowKeyRange(key: Uint8Array, time: TimeSpan): KeyRange {
  if (time.to < 0 || time.to < time.from) return NOTHING
  return {
    from: windowKey(key, Math.max(time.from, 0)),
    to: justAfter(windowKey(key, lastInt64(time.to), LAST_SEQUENCE)),
  }
}

/** Where the windows of all keys of a span that start within `time` are. */
export function windowKeySpan(keys: KeySpan, time: TimeSpan): KeyRange {
  if (time.to < 0 || time.to < time.from) return NOTHING
  return spanOf(keys, key => windowKey(key, lastInt64(time.to), LAST_SEQUENCE))
}

export function sessionKey(key: Uint8Array, window: Window): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + SESSION_SUFFIX)
  bytes.set(key)
  writeInt64(bytes, key.length, window.end)
  writeInt64(bytes, key.length + 8, window.start)
  return bytes
}

export function sessionKeyWindow(bytes: Uint8Array): Window {
  const at = bytes.length - SESSION_SUFFIX
  return { start: readInt64(bytes, at + 8), end: readInt64(bytes, at) }
}

/** The record's key within a session key, as a view. */
export function keyOfSessionKey(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - SESSION_SUFFIX)
}

export function isSessionKeyOf(bytes: Uint8Array, key: Uint8Array): boolean {
  return bytes.length === key.length + SESSION_SUFFIX && startsWith(bytes, key)
}

/** Where the sessions of one key that end within `end` are. The caller leaves out those that start too late. */
export function sessionKeyRange(key: Uint8Array, end: TimeSpan): KeyRange {
  if (end.to < 0 || end.to < end.from) return NOTHING
  return {
    from: sessionKey(key, { start: 0, end: Math.max(end.from, 0) }),
    to: justAfter(lastSessionKey(key, end.to)),
  }
}

/** Where the sessions of all keys of a span that end within `end` are. */
export function sessionKeySpan(keys: KeySpan, end: TimeSpan): KeyRange {
  if (end.to < 0 || end.to < end.from) return NOTHING
  return spanOf(keys, key => lastSessionKey(key, end.to))
}

/** A range without an entry. */
const NOTHING: KeyRange = Object.freeze({ from: new Uint8Array(0), to: new Uint8Array(0) })

function lastSessionKey(key: Uint8Array, end: number): Buffer {
  return sessionKey(key, { start: Number.MAX_SAFE_INTEGER, end: lastInt64(end) })
}

/**
 * From `keys.from`, before which no entry of it or of a later key is, to the last entry of `keys.to` or of a beginning of
 * it: `a` is a key before `ab`, but its entry `a‖time` may come after `ab‖time`.
 */
function spanOf(keys: KeySpan, lastEntry: (key: Uint8Array) => Buffer): KeyRange {
  const { from, to } = keys
  if (to === undefined) return from === undefined ? {} : { from }
  let last = lastEntry(to)
  for (let length = 0; length < to.length; length++) {
    const entry = lastEntry(to.subarray(0, length))
    if (compareBytes(entry, last) > 0) last = entry
  }
  return { ...(from && { from }), to: justAfter(last) }
}

/** The smallest key after `key`. */
function justAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

/** `Infinity` and the like as the last time that is exact. */
function lastInt64(time: number): number {
  return Math.min(time, Number.MAX_SAFE_INTEGER)
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}
