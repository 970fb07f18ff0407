import {
  ByteSink,
  type KeySpace,
  NO_HEADERS,
  type OrderedTableStore,
  type PrefixTableStore,
  type RangeStore,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyVersionedKeyValueStore,
  type ReadOnlyWindowStore,
  type StoreChanges,
  type TableStore,
  type TaskState,
  type WindowTableStore,
} from '@millrace/core'
import type { BufferContext, ChangelogWriter } from '../../buffer/store-output.ts'
import type { AheadReads, TaskBuffer } from '../../buffer/task-buffer.ts'
import type { StoreExpiry } from '../../expiry/store-expiry.ts'
import type { StoreCodec } from '../../format/store-codec.ts'

/** What a store of a task is made from. */
export interface StoreParts {
  readonly codec: StoreCodec
  /** The task's database that has the store. */
  readonly state: TaskState
  /** The backend can read without a promise. */
  readonly syncReads: boolean
}

/** One store of a task. It is restored first, and then opened for the task. Each kind of store is one file of this folder. */
export interface TaskStore {
  readonly codec: StoreCodec
  /** Returns what to write to the backend for these changelog records. They come in offset order. */
  restore(keys: readonly Uint8Array[], values: readonly (Uint8Array | null)[]): Promise<readonly StoreChanges[]>
  /** The last changes of `restore` have been written. */
  restored(): void
  /** Forgets what was restored. Returns what to write to the backend so that the store is empty. */
  clear(): readonly StoreChanges[]
  open(options: OpenOptions): Promise<OpenStore>
  /**
   * The store as it is in `backend`, for queries: reads leave no trace, neither on the heap nor in the order of use.
   * @param streamTime the time that the store has reached, where the backend need not show it; -1 for none
   */
  view(backend: KeySpace, streamTime: number): Promise<ReadOnlyView>
}

/** A store as queries read it: one of the read-only types, by the kind of the store. */
export type ReadOnlyView =
  | ReadOnlyKeyValueStore<unknown, unknown>
  | ReadOnlyWindowStore<unknown, unknown>
  | ReadOnlySessionStore<unknown, unknown>
  | ReadOnlyVersionedKeyValueStore<unknown, unknown>

export interface OpenOptions {
  readonly context: BufferContext
  /** Undefined without a changelog of the store's own. */
  readonly log: ChangelogWriter | undefined
  /** Shared by all stores of the task. */
  readonly scratch: ByteSink
}

/** A store that a task uses: its write buffer, and views of it. A view that the kind does not have throws. */
export interface OpenStore extends OperatorViews {
  readonly buffer: TaskBuffer
  /** Undefined if entries do not expire one by one. */
  readonly expiry?: StoreExpiry | undefined
  /** The store as user code sees it. */
  userStore(context: BufferContext): unknown
}

/** A store as operators see it. */
interface OperatorViews {
  table(): TableStore
  ordered(): OrderedTableStore
  /** Before the store is used in another way. */
  prefix(lengthOf: (key: Buffer) => number): PrefixTableStore
  /** The same store, as it is read ahead. */
  prefixes(): AheadReads
  window(): WindowTableStore
  range(): RangeStore
}

/** Views for a kind to override those that it has. */
export function noViews(store: string): OperatorViews {
  const refuse = () => {
    throw unfit(store)
  }
  return { table: refuse, ordered: refuse, prefix: refuse, prefixes: refuse, window: refuse, range: refuse }
}

/** The plan asks for a store in a way that it was not planned for. */
export function unfit(store: string): Error {
  return new Error(`the plan does not keep store "${store}" as its operator reads it`)
}

/** The restore of a store whose backend rows are its changelog records. */
export function copied(name: string): Pick<TaskStore, 'restore' | 'restored' | 'clear'> {
  return {
    restore: async (keys, values) => [{ store: name, keys, values }],
    restored: () => undefined,
    clear: () => [emptied(name)],
  }
}

export function emptied(store: string): StoreChanges {
  return { store, keys: [], values: [], deleteRanges: [{}] }
}

/** The context of a buffer that neither logs nor emits. */
export const NO_RECORD: BufferContext = { timestamp: -1, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }

/** For a buffer that is only read. */
export function forReading(backend: KeySpace) {
  return { backend, empty: false, context: NO_RECORD, log: undefined, scratch: new ByteSink() }
}

/** The last key of a key space, or undefined if it is empty. */
export async function lastKeyOf(keySpace: KeySpace): Promise<Uint8Array | undefined> {
  await using iterator = keySpace.iterate({ limit: 1, reverse: true })
  const [last] = await iterator.nextChunk()
  return last?.[0]
}
