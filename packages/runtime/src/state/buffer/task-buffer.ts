import type { KeySpace, MaybePromise, StoreChanges, StoredValue } from '@millrace/core'
import type { Pause } from '../pause.ts'
import type { BufferEntry } from './buffer-entry.ts'
import type { PrefixIndex } from './prefix-index.ts'
import type { SegmentSpan } from './segments.ts'
import type { StoreCodec } from '../format/store-codec.ts'
import type { EmitListener, OnlyKey, Row } from './store-output.ts'

/** What is read ahead: the keys of a store, or what its keys begin with. */
export interface AheadReads {
  /** Reads that the heap could not answer since it was last set to 0. */
  misses: number
  /** Whether reads can miss at all. */
  readonly canMiss: boolean
  /** What tells one key from another. */
  mapKeyOf(key: unknown): unknown
  /** Whether a read of this key would have to go to the backend, so that it is worth prefetching. */
  lacks(key: unknown, slot: number): boolean
  /** Brings keys that the buffer lacks onto the heap, together. */
  prefetch(keys: readonly unknown[], slots: readonly number[]): Promise<void>
}

/** What a task needs of a store's write buffer, whichever way it is read. */
export interface TaskBuffer extends AheadReads {
  readonly codec: StoreCodec
  readonly caching: boolean
  readonly backend: KeySpace
  /** Bytes of all entries, by estimate. */
  readonly bytes: number
  readonly hasChanges: boolean
  /** The backend's key. */
  encodeKey(key: unknown, slot: number, tie?: number): Buffer
  /** Makes the commit's data: encodes what changed, and for a caching store logs and emits it. */
  flush(pause?: Pause): Promise<void>
  /** Of a cache: logs and emits what changed, as `flush` does, without making the commit's data. */
  emit(): Promise<void>
  /**
   * Logs what the backend has of all that changed, so that the changelog says again what it said at the last commit. Not during a
   * backend write.
   */
  relog(): Promise<void>
  /** What the last `flush` encoded, for the backend. */
  changes(): StoreChanges
  /** The flushed changes are committed: they are clean now. */
  committed(): void
  /**
   * Drops what is clean until no more than `limit` bytes are held.
   * @param written the backend has all that was committed; otherwise it may still be writing the last commit, and that stays. @default true
   */
  evict(limit: number, written?: boolean): void
  /** After a restore: the highest window start or session end that was restored. */
  startAt(streamTime: number): void
  /** The time that the store has reached: the highest window start, session end or version; -1 if it does not count time. */
  readonly streamTime: number
  /** What the next commit will change in the backend. A key comes at most once; the order is not defined. */
  dirtyRows(only?: OnlyKey): readonly Row[]
  /**
   * Of a key-value store: the row of a key that is on the heap, whether the backend has it or not. Undefined where the backend has to be
   * asked. @default it always has to
   */
  heldRow?(only: OnlyKey): Row | undefined
  /** What an iterator lays over the backend, by backend key in byte order. */
  overlay(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): { readonly key: Buffer; readonly entry: BufferEntry }[]
}

/** The write buffer of a store that is also read by what its keys begin with, once it is indexed so. */
export interface PrefixBuffer extends KeyedBuffer {
  /** Before anything is in it. @param lengthOf gives how long the prefix of a key is */
  indexPrefixes(lengthOf: (key: Buffer) => number): PrefixIndex
  readonly prefixes: PrefixIndex | undefined
}

/** The write buffer of a store that is read by key, or by key and start of a window. */
export interface KeyedBuffer extends TaskBuffer {
  get(key: unknown, slot?: number): MaybePromise<StoredValue | undefined>
  /** A null value deletes. */
  put(key: unknown, slot: number, value: unknown, timestamp: number): void
  onEmit(listener: EmitListener, sendOldValues: boolean): void
  /** As the backend counts, with the changes that it has not seen. */
  approximateCount(): Promise<number>
}

/** The write buffer of a store of windows. */
export interface SlotBuffer extends TaskBuffer {
  get(key: unknown, slot: number): MaybePromise<StoredValue | undefined>
  /** A null value deletes. */
  put(key: unknown, slot: number, value: unknown, timestamp: number): void
  onEmit(listener: EmitListener, sendOldValues: boolean): void
  /** Windows that start before it are expired and not shown. */
  readonly expiredBefore: number
  /** Windows that start before it are hidden from the operator too. */
  readonly forgottenBefore: number
  segmentsBetween(from: number, to: number): readonly SegmentSpan[]
}
