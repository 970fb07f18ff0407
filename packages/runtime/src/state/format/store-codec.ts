import {
  type ByteSink,
  comparesAsValue,
  type Headers,
  NO_HEADERS,
  readInt64,
  type Serde,
  type StorePlan,
  type Windowed,
  windowed,
  writeInt64,
} from '@millrace/core'
import { storedSerde } from './stored-serde.ts'
import { named } from './store-encoding.ts'
import { addHeaders, withHeaders } from './value-with-headers.ts'

/**
 * How a store's entries lie in the backend and in its changelog.
 *
 *     key-value   backend    key                                        -> [timestamp int64] value
 *                 changelog  key                                        -> value; the timestamp is the record's
 *     window      backend    segment uint48, key, start int64, seq int32 -> [timestamp int64] value
 *                 changelog  key, start int64, seq int32                -> value; the timestamp is the record's
 *     with headers the backend's value ends with them, see `value-with-headers.ts`; in the changelog they are the record's
 *     versioned   see `versioned-rows.ts`; what is restored has its timestamp behind the key
 *     session     backend    segment uint48, key, end int64, start int64 -> value
 *                 changelog  key, end int64, start int64                -> value
 *
 * The changelog's bytes are Kafka Streams' own; the backend's are ours. The segment comes first so that a whole one can be
 * dropped as a range when its windows have expired, and within it the windows of a key lie together. So the
 * changelog's key is a suffix of the backend's, and its value a suffix of the backend's value.
 */
export interface StoreCodec {
  readonly plan: StorePlan
  /** Decoder of values that have to be kept as bytes; null where the values are immutable and kept as they are. */
  readonly contentSerde: Serde<unknown> | null
  /** Two keys have the same bytes exactly when they are the same key of a Map. */
  readonly primitiveKeys: boolean
  /** Bytes of a backend key before the changelog's key begins. */
  readonly keyPrefix: number
  /** Bytes of a backend key after the user's key. */
  readonly keySuffix: number
  /** Bytes of a backend value before the changelog's value begins. */
  readonly valuePrefix: number
  /** `tie` is the sequence number in window stores, the start in session stores. @default 0 */
  writeKey(sink: ByteSink, key: unknown, slot: number, tie?: number): void
  /** `content` as in `BufferEntry`. */
  writeValue(sink: ByteSink, content: unknown, timestamp: number): void
  readKey(bytes: Buffer): DecodedKey
  /** A backend value as content and timestamp, -1 where the store keeps none. */
  readContent(bytes: Buffer): DecodedContent
  /** A key as it is kept: one that user code can change is copied, so that it stays the key that was put. */
  keptKey(key: unknown): unknown
  /** What a value given by an operator is kept as. */
  contentOf(value: unknown): unknown
  /** The backend's key for a changelog record's, which lies in `bytes`. What it returns may share them. */
  restoredKey(bytes: Buffer, start: number, end: number, timestamp: number): Uint8Array
  /**
   * The backend's value for a changelog record's. What it returns lies in `bytes` or, if it begins with a timestamp, in the sink.
   * @param headers of the changelog record, asked for only where the store keeps them
   */
  restoredValue(
    sink: ByteSink,
    bytes: Buffer,
    start: number,
    end: number,
    timestamp: number,
    headers?: () => Headers,
  ): Uint8Array
}

export interface DecodedKey {
  readonly key: unknown
  readonly slot: number
  readonly tie: number
}

export interface DecodedContent {
  readonly content: unknown
  readonly timestamp: number
}

/** What a row has before its user's key, and behind it. */
export const SEGMENT_BYTES = 6
export const WINDOW_SUFFIX_BYTES = 12
export const SESSION_SUFFIX_BYTES = 16

/** Milliseconds that one segment of a window store covers, as in Kafka Streams. */
export function segmentIntervalMs(plan: Pick<StorePlan, 'retentionMs'>): number {
  return Math.max(Math.floor((plan.retentionMs ?? 0) / 2), 60_000)
}

/** Whether a value lies in the backend behind its timestamp: also where only the engine asks for it, to see what has expired. */
function keepsTime({ timestamped, ttlMs }: StorePlan): boolean {
  return timestamped || ttlMs !== undefined
}

/** `topic` is what the serdes are told: the changelog's name, or the store's where there is none. */
export function storeCodec(plan: StorePlan, topic: string): StoreCodec {
  const segmented = plan.kind === 'window' || plan.kind === 'session'
  const session = plan.kind === 'session'
  const suffixBytes = session ? SESSION_SUFFIX_BYTES : WINDOW_SUFFIX_BYTES
  const interval = segmentIntervalMs(plan)
  const putKey = named(writerOf(plan.keySerde, topic), plan, 'key')
  const valueSerde = plan.withHeaders === true ? withHeaders(plan.valueSerde) : plan.valueSerde
  const putValue = named(writerOf(valueSerde, topic), plan, 'value')
  const serialize = named((value, to: string) => valueSerde.serialize(value, to), plan, 'value')
  const storedValue = storedSerde(valueSerde, plan.name, 'value')
  const getKey = readerOf(storedSerde(plan.keySerde, plan.name, 'key'), topic)
  const getValue = readerOf(storedValue, topic)
  const immutable = valueSerde.immutable === true
  const keptKey = keyKeeper(plan.keySerde, topic)
  const stamped = keepsTime(plan)
  const valuePrefix = stamped ? 8 : 0
  return {
    plan,
    contentSerde: immutable ? null : storedValue,
    primitiveKeys: comparesAsValue(plan.keySerde),
    keyPrefix: segmented ? SEGMENT_BYTES : 0,
    keySuffix: segmented ? suffixBytes : 0,
    valuePrefix,
    writeKey(sink, key, slot, tie = 0) {
      if (!segmented) return putKey(key, sink)
      sink.reserve(SEGMENT_BYTES)
      sink.buffer.writeUIntBE(Math.floor(slot / interval), sink.position, SEGMENT_BYTES)
      sink.position += SEGMENT_BYTES
      putKey(key, sink)
      sink.reserve(suffixBytes)
      writeInt64(sink.buffer, sink.position, slot)
      if (session) writeInt64(sink.buffer, sink.position + 8, tie)
      else sink.buffer.writeInt32BE(tie, sink.position + 8)
      sink.position += suffixBytes
    },
    writeValue(sink, content, timestamp) {
      if (stamped) {
        sink.reserve(8)
        writeInt64(sink.buffer, sink.position, timestamp)
        sink.position += 8
      }
      if (immutable) putValue(content, sink)
      else sink.append(content as Uint8Array)
    },
    readKey(bytes) {
      if (!segmented) return { key: getKey(bytes, 0, bytes.length), slot: 0, tie: 0 }
      const end = bytes.length - suffixBytes
      const tie = session ? readInt64(bytes, end + 8) : bytes.readInt32BE(end + 8)
      return { key: getKey(bytes, SEGMENT_BYTES, end), slot: readInt64(bytes, end), tie }
    },
    readContent(bytes) {
      return {
        content: immutable ? getValue(bytes, valuePrefix, bytes.length) : bytes.subarray(valuePrefix),
        timestamp: stamped ? readInt64(bytes, 0) : -1,
      }
    },
    keptKey,
    contentOf(value) {
      if (immutable || value === null) return value
      return serialize(value, topic)
    },
    restoredKey(bytes, start, end, timestamp) {
      if (plan.kind === 'versioned') {
        const key = Buffer.allocUnsafe(end - start + 8)
        bytes.copy(key, 0, start, end)
        writeInt64(key, end - start, timestamp)
        return key
      }
      if (!segmented) return viewOf(bytes, start, end)
      const key = Buffer.allocUnsafe(SEGMENT_BYTES + end - start)
      key.writeUIntBE(Math.floor(readInt64(bytes, end - suffixBytes) / interval), 0, SEGMENT_BYTES)
      bytes.copy(key, SEGMENT_BYTES, start, end)
      return key
    },
    restoredValue(sink, bytes, start, end, timestamp, headers = () => NO_HEADERS) {
      if (plan.withHeaders === true) {
        const value = addHeaders(bytes.subarray(start, end), headers())
        return stamped ? stampedValue(sink, timestamp, value, 0, value.length) : value
      }
      return stamped ? stampedValue(sink, timestamp, bytes, start, end) : viewOf(bytes, start, end)
    },
  }
}

function stampedValue(sink: ByteSink, timestamp: number, bytes: Buffer, start: number, end: number): Uint8Array {
  const first = sink.position
  sink.reserve(8 + end - start)
  writeInt64(sink.buffer, first, timestamp)
  bytes.copy(sink.buffer, first + 8, start, end)
  sink.position = first + 8 + end - start
  return viewOf(sink.buffer, first, sink.position)
}

/** A plain view costs half of what `Buffer.subarray` does. */
function viewOf({ buffer, byteOffset }: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + start, end - start)
}

function keyKeeper(serde: Serde<unknown>, topic: string): (key: unknown) => unknown {
  if (serde.immutable === true || comparesAsValue(serde)) return key => key
  const { inner } = serde
  if (inner !== undefined) {
    // The window's own numbers stay: a serde may not write them all.
    const keepInner = keyKeeper(inner, topic)
    return key => {
      const { key: innerKey, window } = key as Windowed<unknown>
      return windowed(keepInner(innerKey), window.start, window.end)
    }
  }
  // A copy of the bytes too: what a serde reads may share them with what it was given.
  return key => serde.deserialize(Buffer.from(serde.serialize(key, topic)), topic)
}

/** The backend's keys of one segment, as a range. */
export function segmentRange(fromSegment: number, toSegment: number): { readonly from: Buffer; readonly to: Buffer } {
  const from = Buffer.allocUnsafe(SEGMENT_BYTES)
  const to = Buffer.allocUnsafe(SEGMENT_BYTES)
  from.writeUIntBE(fromSegment, 0, SEGMENT_BYTES)
  to.writeUIntBE(toSegment, 0, SEGMENT_BYTES)
  return { from, to }
}

/** The fastest way in which a serde writes. */
export function writerOf(serde: Serde<unknown>, topic: string): (value: unknown, sink: ByteSink) => void {
  return serde.write ?? ((value, sink) => sink.append(serde.serialize(value, topic)))
}

/** The fastest way in which a serde reads. */
export function readerOf(serde: Serde<unknown>, topic: string): (bytes: Buffer, start: number, end: number) => unknown {
  return serde.read ?? ((bytes, start, end) => serde.deserialize(bytes.subarray(start, end), topic))
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
