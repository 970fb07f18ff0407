import type RocksDB from '#rocksdb-native'

/** What reads as of some moment, until it is released. */
export interface Held {
  readonly session: RocksDB
  release(): Promise<void>
}

interface Taken {
  readonly session: RocksDB
  readers: number
}

/**
 * One snapshot for all reads of a range that overlap without a write in between. Keys that are not in memory are looked up 64 at a time; with a
 * snapshot for each of them there were thousands in a second.
 */
export class SharedSnapshot {
  readonly #db: RocksDB
  #current: Taken | undefined

  constructor(db: RocksDB) {
    this.#db = db
  }

  /** As of now. */
  hold(): Held {
    const taken = (this.#current ??= { session: this.#db.snapshot(), readers: 0 })
    taken.readers++
    return {
      session: taken.session,
      release: async () => {
        if (--taken.readers > 0) return
        if (this.#current === taken) this.#current = undefined
        await taken.session.close()
      },
    }
  }

  /** A write has ended: who begins to read from here on sees it. */
  outdate(): void {
    this.#current = undefined
  }
}
