import type { StoreChanges } from '@millrace/core'
import type { ReadOnlyView } from './kinds/task-store.ts'
import type { StoreView } from './store-view.ts'

/** Rows that one commit has written to the backend; a null value deletes. Their bytes are good until the call returns. */
export interface CommittedRows {
  readonly keys: readonly Uint8Array[]
  readonly values: readonly (Uint8Array | null)[]
  /** The next offset of the store's changelog after them; undefined without a changelog. */
  readonly position: number | undefined
}

/** Somebody who is told what is committed to a store. */
export interface StoreFollower {
  committed(rows: CommittedRows): void
  /** The stores are being closed. Nothing more is told. */
  ended(): void
}

/** A store as of one commit, whose later commits the follower is told, each once. */
export interface FollowedStore extends AsyncDisposable {
  readonly view: StoreView
  /** The next offset of the changelog that the view does not include; undefined without a changelog. */
  readonly position: number | undefined
  /** The topic of the changelog. */
  readonly changelog: string | undefined
  /** Shows rows with the store's own code. Rows that delete are not in it. */
  show(rows: readonly { readonly key: Buffer; readonly value: Buffer }[]): Promise<ReadOnlyView>
  /** Reads the key of a row. */
  readKey(key: Buffer): unknown
  /** Nothing more is told to the follower. The view stays open. */
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
  tell(changes: readonly StoreChanges[], position: (store: string) => number | undefined): void {
    if (this.#following.size === 0) return
    for (const { store, keys, values } of changes) {
      const followers = this.#following.get(store)
      if (followers === undefined) continue
      const rows = { keys, values, position: position(store) }
      for (const follower of [...followers]) follower.committed(rows)
    }
  }

  end(): void {
    const all = [...this.#following.values()].flatMap(followers => [...followers])
    this.#following.clear()
    for (const follower of all) follower.ended()
  }
}
