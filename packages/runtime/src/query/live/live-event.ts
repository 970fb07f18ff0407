/** An entry of a live query. */
export interface LiveEntry<K, V> {
  /** Of window stores and session stores a `Windowed` key. */
  readonly key: K
  /** Undefined: the store has the key no longer. */
  readonly value: V | undefined
  /** Milliseconds since the epoch, of stores with timestamps and of versioned stores. */
  readonly timestamp?: number
}

/** Which windows or sessions have expired: those that start or end before this time, in milliseconds since the epoch. */
export interface LiveExpiry {
  readonly by: 'start' | 'end'
  readonly before: number
}

/**
 * What a live query says of a partition of the store. After each event, what the reader has of the partition is the state after one commit.
 *
 * - `snapshot`: the entries as of a commit, in as many events as it takes. With `first`, what was known of the partition before is void;
 *   after `last` it is complete
 * - `changes`: what the next commit has changed, or after an interruption what all commits since then have changed. `expired`: windows or sessions
 *   have expired with it
 * - `waiting`: the partition cannot be followed here at the moment, as in a rebalance. What is known of it stays true, but may be old. The next
 *   event of the partition ends this
 */
export type LiveEvent<K, V> =
  | {
      readonly type: 'snapshot'
      readonly partition: number
      readonly entries: readonly LiveEntry<K, V>[]
      /** What has expired is not in it. */
      readonly expired?: LiveExpiry
      readonly first: boolean
      readonly last: boolean
      readonly position: LivePosition
    }
  | {
      readonly type: 'changes'
      readonly partition: number
      readonly entries: readonly LiveEntry<K, V>[]
      readonly expired?: LiveExpiry
      readonly position: LivePosition
    }
  | {
      readonly type: 'waiting'
      readonly partition: number
      readonly reason: string
      readonly message: string
    }

/**
 * The next offset of the store's changelog that is not included; undefined if the store has no changelog. It means the same on each instance, so
 * a live query can go on from it on another one.
 */
export type LivePosition = number | undefined

/** From where a live query goes on. */
export interface LiveResume {
  readonly position: number
  /** Until when the state at the position was known to be the latest, in milliseconds since the epoch. */
  readonly at: number
}
