/** The part of rocksdb-native 3 that is used here; the package ships no types. */
declare module '#rocksdb-native' {
  interface Options {
    readonly columnFamily?: unknown
    readonly writeBufferSize?: number
    readonly maxWriteBufferNumber?: number
    readonly blockCache?: boolean
    readonly maxBackgroundJobs?: number
  }

  interface IteratorRange {
    readonly gte?: Uint8Array
    readonly lt?: Uint8Array
  }

  interface IteratorOptions {
    readonly reverse?: boolean
    readonly limit?: number
    /** Entries read from the database at once. */
    readonly capacity?: number
    readonly highWaterMark?: number
  }

  interface BatchOptions {
    readonly capacity?: number
    readonly autoDestroy?: boolean
  }

  interface ReadBatch {
    get(key: Uint8Array): Promise<Buffer | null>
    tryFlush(): void
  }

  interface WriteBatch {
    tryPut(key: Uint8Array, value: Uint8Array): void
    tryDelete(key: Uint8Array): void
    tryDeleteRange(start: Uint8Array, end: Uint8Array): void
    destroy(): void
    flush(): Promise<void>
  }

  interface EntryStream {
    read(): { readonly key: Buffer; readonly value: Buffer } | null
    on(event: 'readable' | 'end' | 'close', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
    destroy(): void
  }

  /** Of native code. */
  interface Handle {
    readonly _handle: ArrayBuffer
  }

  export default class RocksDB {
    // What the addon passes on to RocksDB's functions.
    readonly _state: Handle
    readonly _columnFamily: Handle
    readonly _snapshot: Handle | null
    constructor(path: string, options?: Options)
    ready(): Promise<void>
    close(): Promise<void>
    /** A session that reads what is there now. */
    snapshot(): RocksDB
    get(key: Uint8Array): Promise<Buffer | null>
    read(options?: BatchOptions): ReadBatch
    write(options?: BatchOptions): WriteBatch
    iterator(range: IteratorRange, options?: IteratorOptions): EntryStream
    /** Writes the memtables to files and syncs those. */
    flush(): Promise<void>
    approximateSize(
      start: Uint8Array,
      end: Uint8Array,
      options?: { readonly includeMemtables?: boolean; readonly includeFiles?: boolean },
    ): Promise<number>
    getProperty(name: string): Promise<string | number | undefined>
  }
}
