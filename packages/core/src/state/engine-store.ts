import type { MaybePromise } from './store-types.ts'

/**
 * Stores as the engine's operators see them: typed, timestamped, over the task's write buffer. What user code sees is in
 * `store-types.ts`.
 */

/**
 * A value with the timestamp of its last update. `value` of a mutable type is decoded anew at each reading, so what
 * one reader changes in place no other reader sees. An entry is good until the next `put` of its key.
 */
export interface StoredValue {
  readonly value: unknown
  readonly timestamp: number
}

export interface TableStore {
  /**
   * Whether updates are emitted at the next commit, one for each key, through `onEmit`. Otherwise the operator forwards
   * each update itself.
   */
  readonly caching: boolean
  /** The zero of the store's number type, for `count`: the value of eight zero bytes. */
  zero(): unknown
  get(key: unknown): MaybePromise<StoredValue | undefined>
  /** A null value deletes. The value is encoded now, unless it is immutable. */
  put(key: unknown, value: unknown, timestamp: number): void
  /** With `sendOldValues` the listener gets what the last emission gave, otherwise null. */
  onEmit(listener: (key: unknown, value: unknown, old: unknown) => void | Promise<void>, sendOldValues: boolean): void
}

export interface WindowTableStore {
  readonly caching: boolean
  zero(): unknown
  get(key: unknown, windowStart: number): MaybePromise<StoredValue | undefined>
  put(key: unknown, windowStart: number, value: unknown, timestamp: number): void
  onEmit(
    listener: (key: unknown, windowStart: number, value: unknown, old: unknown) => void | Promise<void>,
    sendOldValues: boolean,
  ): void
}
