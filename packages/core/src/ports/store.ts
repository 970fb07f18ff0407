import type { TopicPartitionOffset } from './client.ts'
import type { Logger } from './logger.ts'

/**
 * The port for durable state: one ordered map of bytes for each task, in which every store of the task has its own
 * key space. Keys are ordered as unsigned bytes.
 *
 * A write is atomic over all stores of the task and carries the changelog offsets that it stands for, so that what is on
 * disk always is the state at exactly those offsets.
 */
export interface StoreBackend {
  /** The name in errors and logs, such as `rocksdb` or `memory`. */
  readonly name: string
  readonly capabilities: StoreCapabilities
  /**
   * Opens or creates the state in `directory`, which belongs to the backend.
   * @throws MILLRACE_STORE_CORRUPT when what is there cannot be read; MILLRACE_STORE_LOCKED when another process has it.
   */
  open(options: OpenOptions): Promise<TaskState>
}

export interface StoreCapabilities {
  /** Whether written data survives the end of the process. */
  readonly durable: boolean
  /** `getSync` works: a miss in the write buffer costs no promise. */
  readonly syncReads: boolean
}

export interface OpenOptions {
  readonly directory: string
  /** The stores of the task, by name. One that is new gets an empty key space, one that is gone keeps its bytes. */
  readonly stores: readonly string[]
  readonly logger: Logger
  /** How many threads of the process have such a backend each: they share the memory that it may use. @default 1 */
  readonly threads?: number
}

export interface TaskState {
  /** @throws MILLRACE_STORE_UNKNOWN when the name was not given at `open`. */
  store(name: string): KeySpace
  /**
   * All of `changes` or nothing, in their order; with `offsets` as the new positions of the changelogs named there. The
   * bytes given must not be changed before the promise resolves; afterwards they are the caller's again.
   */
  write(changes: readonly StoreChanges[], offsets: readonly TopicPartitionOffset[]): Promise<void>
  /** Returns the changelog positions of the last write; empty before the first write. */
  offsets(): Promise<readonly TopicPartitionOffset[]>
  /** Makes all writes survive a crash of the machine. The runtime does not call it: the changelog has what such a crash loses. */
  sync(): Promise<void>
  /** Ends open iterators and snapshots, then closes. Further reads throw MILLRACE_STORE_CLOSED. */
  close(): Promise<void>
}

export interface StoreChanges {
  readonly store: string
  /** Deletes all keys in these ranges first; `[{}]` empties the store. Cheap: window stores drop old segments so. @default none */
  readonly deleteRanges?: readonly { readonly from?: Uint8Array; readonly to?: Uint8Array }[]
  readonly keys: readonly Uint8Array[]
  /** One for each key; null deletes. */
  readonly values: readonly (Uint8Array | null)[]
}

/** What can be read of one store. */
export interface Readable {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Only where `capabilities.syncReads`. */
  getSync?(key: Uint8Array): Uint8Array | undefined
  /** Returns one result per key, in the order of the keys. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** Entries with `from <= key < to` in byte order, as of the call. Ends itself when it is left early (`for await`, `using`). */
  iterate(range?: KeyRange): StoreIterator
}

export interface KeySpace extends Readable {
  /** Returns the estimated number of entries. */
  approximateCount(): Promise<number>
  /** What is there now, unchanged by later writes, until it is disposed. */
  snapshot(): Snapshot
}

export interface Snapshot extends Readable, AsyncDisposable {}

export interface KeyRange {
  /** Inclusive. @default the first key */
  readonly from?: Uint8Array
  /** Exclusive. @default past the last key */
  readonly to?: Uint8Array
  /** @default false */
  readonly reverse?: boolean
  /** @default unlimited */
  readonly limit?: number
}

export interface StoreIterator extends AsyncIterable<StoreEntry>, AsyncDisposable {
  /** The next entries, a few hundred at a time; an empty list at the end. Cheaper than one by one. */
  nextChunk(): Promise<readonly StoreEntry[]>
}

export type StoreEntry = readonly [key: Uint8Array, value: Uint8Array]
