import { type Headers, NO_HEADERS, type Serde, type StoredValue } from '@millrace/core'

/**
 * One key of a store in the write buffer. Entries that a commit has yet to carry are `dirty`; the others are a cache
 * of what the backend has. `content` is the value itself where its type is immutable, and its bytes otherwise: a caller that reads
 * `value` then gets a decoding of his own, so that changing it in place leaks nowhere.
 */
export class BufferEntry implements StoredValue {
  readonly key: unknown
  /** The window's start or the session's end; 0 in key-value stores. */
  readonly slot: number
  /** The session's start, or the sequence number of a duplicate; 0 in other stores. */
  readonly tie: number
  /** Decoder of `content`; null where it is the value already. */
  readonly serde: Serde<unknown> | null
  /** Null: the key has no value. */
  content: unknown
  timestamp: number
  headers: Headers = NO_HEADERS
  // Of the record that brought the update.
  topic: string | null = null
  partition = -1
  offset = -1
  dirty = false
  /** A cache has emitted and logged it since the last put. A commit may flush more than once. */
  flushed = false
  /** What was emitted last, as content; `undefined` while only the backend knows. */
  emitted: unknown
  /** Where entries expire: when its row in the index comes up, -1 while none is known. */
  dueRow = -1
  /**
   * Of a dirty one, the number of the change that gives it its place among those, see `ChangedEntries`; of a clean one, a negative number of
   * the commit that has made it clean, or 0.
   */
  changed = 0
  /** Bytes that the entry counts for in the budget. */
  size = 0

  constructor(key: unknown, slot: number, serde: Serde<unknown> | null, content: unknown, timestamp: number, tie = 0) {
    this.key = key
    this.slot = slot
    this.tie = tie
    this.serde = serde
    this.content = content
    this.timestamp = timestamp
    this.emitted = undefined
  }

  /** An update of a cache: keeps where it comes from, for the time when it is emitted. */
  keepOrigin(context: Origin): void {
    this.flushed = false
    this.headers = context.headers
    this.topic = context.topic
    this.partition = context.partition
    this.offset = context.offset
  }

  giveOrigin(context: Origin): void {
    context.headers = this.headers
    context.topic = this.topic
    context.partition = this.partition
    context.offset = this.offset
  }

  get value(): unknown {
    return decodeContent(this.content, this.serde)
  }

  get encoded(): Uint8Array | undefined {
    return this.serde === null || this.content === null ? undefined : (this.content as Uint8Array)
  }

  /** As it is now, to be given to `restoreEntry` when a change is taken back. */
  before(): EntryBefore {
    const { content, timestamp, headers, topic, partition, offset, dirty, flushed, emitted, dueRow, size, changed } =
      this
    const fields = {
      content,
      timestamp,
      headers,
      topic,
      partition,
      offset,
      dirty,
      flushed,
      emitted,
      dueRow,
      size,
      changed,
    }
    return { entry: this, fields }
  }
}

/** An entry and what it was before a change. */
export interface EntryBefore {
  readonly entry: BufferEntry
  readonly fields: Pick<
    BufferEntry,
    | 'content'
    | 'timestamp'
    | 'headers'
    | 'topic'
    | 'partition'
    | 'offset'
    | 'dirty'
    | 'flushed'
    | 'emitted'
    | 'dueRow'
    | 'size'
    | 'changed'
  >
}

export function restoreEntry({ entry, fields }: EntryBefore): void {
  Object.assign(entry, fields)
}

/** While the backend is not being written. */
export const NOTHING_WRITTEN = Infinity

/** Whether the backend has an entry. `beingWritten` is the mark of those that it may be writing. */
export function isSettled({ dirty, changed }: BufferEntry, beingWritten: number): boolean {
  return !dirty && changed !== beingWritten
}

/** The value that an entry's content stands for. */
export function decodeContent(content: unknown, serde: Serde<unknown> | null): unknown {
  return serde === null || content === null ? content : serde.deserialize(content as Uint8Array, '')
}

/** What an entry costs besides its bytes: object, map slot, list slot. An estimate for the budget. */
export const ENTRY_OVERHEAD = 160

/**
 * Bytes up to which a cache keeps on the heap what has expired in the store behind it, and shows it: what comes too late for
 * that store then meets what was there before, as in the caches of Kafka Streams, which have this size.
 */
export const CACHE_KEEPS = 10 << 20

/** What a key or a content counts for in the budget. */
export function sizeOf(content: unknown): number {
  if (typeof content === 'string') return content.length
  return content instanceof Uint8Array ? content.length : 8
}

interface Origin {
  headers: Headers
  topic: string | null
  partition: number
  offset: number
}
