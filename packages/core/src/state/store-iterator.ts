import type { StoreEntry, StoreIterator } from '../ports/store.ts'

export interface ChunkSource {
  /** The next entries; an empty list at the end. Never called twice at once, nor after `release`. */
  readonly nextChunk: () => Promise<readonly StoreEntry[]>
  /** Gives back what the iteration holds. Called once. */
  readonly release: () => Promise<void> | void
}

/**
 * The iterator of the store port over chunks: for `for await`, which releases when it is left early, for `await using`, and
 * by chunks. At its end it releases itself.
 */
export function storeIterator(source: ChunkSource): StoreIterator {
  let finished = false

  const finish = async (): Promise<void> => {
    if (finished) return
    finished = true
    await source.release()
  }

  const nextChunk = async (): Promise<readonly StoreEntry[]> => {
    if (finished) return []
    const chunk = await source.nextChunk()
    if (chunk.length === 0) await finish()
    return chunk
  }

  async function* entries(): AsyncGenerator<StoreEntry, void, undefined> {
    try {
      for (let chunk = await nextChunk(); chunk.length > 0; chunk = await nextChunk()) yield* chunk
    } finally {
      await finish()
    }
  }

  return { nextChunk, [Symbol.asyncIterator]: entries, [Symbol.asyncDispose]: finish }
}
