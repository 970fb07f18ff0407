import { type KeySpace, type Readable, storeIterator } from '@millrace/core'
import { overlaidReads } from '../buffer/overlaid-reads.ts'
import type { OnlyKey } from '../buffer/store-output.ts'
import type { TaskBuffer } from '../buffer/task-buffer.ts'
import type { ReadOnlyView, TaskStore } from './kinds/task-store.ts'

/** A store as it is at one moment. It holds a snapshot of the backend until it is disposed. */
export interface StoreView extends AsyncDisposable {
  readonly store: ReadOnlyView
}

/**
 * Opens a store for reading alone.
 *
 * @param buffer its uncommitted changes are shown. The backend must not be writing what it holds: undefined for committed reads
 * @param how `only`: nothing but this key is read; `reads`: `now` takes no snapshot for the read of one row; `time`: that the store has
 * reached, -1 if it is not known
 */
export async function openView(
  kind: TaskStore,
  space: KeySpace,
  buffer: TaskBuffer | undefined,
  how: { readonly only: OnlyKey | undefined; readonly reads: 'snapshot' | 'now'; readonly time: number },
): Promise<StoreView> {
  const { only, reads: when, time } = how
  // One read of one row needs no snapshot: it is of one moment by itself.
  const isPoint = when === 'now' && only !== undefined && kind.codec.plan.kind === 'key-value'
  const snapshot = isPoint ? undefined : space.snapshot()
  try {
    const committed: Readable = snapshot ?? space
    const reads = buffer === undefined ? committed : overlaidReads(committed, buffer.dirtyRows(only))
    const count = () =>
      buffer !== undefined && canCount(buffer) ? buffer.approximateCount() : space.approximateCount()
    const store = await kind.view(readingOnly(reads, count), time)
    return { store, [Symbol.asyncDispose]: async () => await snapshot?.[Symbol.asyncDispose]() }
  } catch (error) {
    await snapshot?.[Symbol.asyncDispose]()
    throw error
  }
}

/** Rows that no backend need have, as the store's kind shows them. */
export async function rowsView(
  kind: TaskStore,
  rows: readonly { readonly key: Buffer; readonly value: Buffer }[],
): Promise<ReadOnlyView> {
  return await kind.view(
    readingOnly(overlaidReads(NO_ROWS, rows), async () => rows.length),
    -1,
  )
}

const NO_ROWS: Readable = {
  get: async () => undefined,
  getMany: async keys => keys.map(() => undefined),
  iterate: () => storeIterator({ nextChunk: async () => [], release: () => undefined }),
}

function canCount(buffer: TaskBuffer): buffer is TaskBuffer & { approximateCount(): Promise<number> } {
  return 'approximateCount' in buffer
}

function readingOnly(reads: Readable, approximateCount: () => Promise<number>): KeySpace {
  return {
    get: key => reads.get(key),
    getMany: keys => reads.getMany(keys),
    iterate: range => reads.iterate(range),
    approximateCount,
    snapshot: () => {
      throw new Error('a view of a store has no snapshots')
    },
  }
}
