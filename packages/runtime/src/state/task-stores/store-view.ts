import { type KeySpace, type Readable, storeIterator } from '@millrace/core'
import { overlaidReads } from '../buffer/overlaid-reads.ts'
import type { OnlyKey, Row } from '../buffer/store-output.ts'
import type { TaskBuffer } from '../buffer/task-buffer.ts'
import type { ReadOnlyView, TaskStore } from './kinds/task-store.ts'

/** A store as it is at one moment. It holds a snapshot of the backend until it is disposed. */
export interface StoreView extends AsyncDisposable {
  readonly store: ReadOnlyView
}

export interface ViewOptions {
  /** Nothing but this key is read. */
  readonly only: OnlyKey | undefined
  /** `now` takes no snapshot for the read of one row. */
  readonly reads: 'snapshot' | 'now'
  /** That the store has reached, -1 if it is not known. */
  readonly time: number
}

/**
 * Opens a store for reading alone.
 *
 * @param buffer its uncommitted changes are shown. The backend must not be writing what it holds: undefined for committed reads
 */
export async function openView(
  kind: TaskStore,
  space: KeySpace,
  buffer: TaskBuffer | undefined,
  how: ViewOptions,
): Promise<StoreView> {
  const { only, time } = how
  const snapshot = isOneRow(kind, how) ? undefined : space.snapshot()
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

/** One read of one row needs no snapshot: it is of one moment by itself. */
function isOneRow(kind: TaskStore, { only, reads }: Pick<ViewOptions, 'only' | 'reads'>): boolean {
  return reads === 'now' && only !== undefined && kind.codec.plan.kind === 'key-value'
}

/** The only row that is read, if it is on the heap: neither the backend nor what it is writing at the moment counts. */
export async function heldView(
  kind: TaskStore,
  buffer: TaskBuffer,
  how: Pick<ViewOptions, 'only' | 'reads'>,
): Promise<StoreView | undefined> {
  const row = isOneRow(kind, how) ? buffer.heldRow?.(how.only!) : undefined
  if (row === undefined) return undefined
  return { store: await rowsView(kind, [row]), [Symbol.asyncDispose]: async () => {} }
}

/** Rows that no backend need have, as the store's kind shows them. */
export async function rowsView(kind: TaskStore, rows: readonly Row[]): Promise<ReadOnlyView> {
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
