import type { Snapshot, StoreChanges } from '@millrace/core'

/** Rows that one commit has written to the backend; a null value deletes. Their bytes are good until the call returns. */
export interface CommittedRows {
  readonly keys: readonly Uint8Array[]
  readonly values: readonly (Uint8Array | null)[]
  /** The next offset of the store's changelog after them; undefined without a changelog. */
  readonly position: number | undefined
  /** The time that the store has reached with them, by which windows and sessions expire; -1 of other stores. */
  readonly time: number
}

/** Somebody who is told what is committed to a store. */
export interface StoreFollower {
  committed(rows: CommittedRows): void
  /** The stores are being closed. Nothing more is told. */
  ended(): void
}

/** A store as of one commit, whose later commits the follower is told, each once. Its rows are those of the backend. */
export interface FollowedStore {
  readonly snapshot: Snapshot
  /** The next offset of the changelog that the snapshot does not include; undefined without a changelog. */
  readonly position: number | undefined
  /** The time that the store has reached, as in `CommittedRows`. */
  readonly time: number
  /** Whether the store caches here, which the application may have set otherwise than its plan. */
  readonly caching: boolean
  /** The topic of the changelog. */
  readonly changelog: string | undefined
  /** Nothing more is told to the follower. The snapshot stays open. */
  stop(): void
}

/** Who follows which store of a task. */
export class StoreFollowers {
  readonly #following = new Map<string, Set<StoreFollower>>()

  /** @returns what ends it */
  add(store: string, follower: StoreFollower): () => void {
    const followers = this.#following.get(store) ?? new Set()
    this.#following.set(store, followers.add(follower))
    return () => {
      followers.delete(follower)
      if (followers.size === 0 && this.#following.get(store) === followers) this.#following.delete(store)
    }
  }

  /** The backend has these changes. */
  tell(changes: readonly StoreChanges[], reached: (store: string) => Pick<CommittedRows, 'position' | 'time'>): void {
    if (this.#following.size === 0) return
    for (const { store, keys, values } of changes) {
      const followers = this.#following.get(store)
      if (followers === undefined) continue
      const rows = { keys, values, ...reached(store) }
      for (const follower of [...followers]) follower.committed(rows)
    }
  }

  end(): void {
    const all = [...this.#following.values()].flatMap(followers => [...followers])
    this.#following.clear()
    for (const follower of all) follower.ended()
  }
}
