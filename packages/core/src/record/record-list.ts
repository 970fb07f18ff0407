import type { FetchedBatch, RecordCursor } from '../ports/client.ts'
import { NO_HEADERS, type Headers } from './headers.ts'

/** A record as an object, as client libraries give it. */
export interface ListedRecord {
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** A function is called only when somebody asks. @default none */
  readonly headers?: Headers | (() => Headers)
}

const NO_BYTES = Buffer.alloc(0)

/** Walks over records that are objects already. */
export class RecordListCursor implements RecordCursor {
  offset = -1
  timestamp = -1
  keyBytes: Buffer = NO_BYTES
  keyStart = -1
  keyEnd = -1
  valueBytes: Buffer = NO_BYTES
  valueStart = -1
  valueEnd = -1
  readonly #records: readonly ListedRecord[]
  #next = 0

  constructor(records: readonly ListedRecord[]) {
    this.#records = records
  }

  advance(): boolean {
    const record = this.#records[this.#next]
    if (record === undefined) return false
    this.#next++
    const { key, value } = record
    this.offset = record.offset
    this.timestamp = record.timestamp
    this.keyBytes = key ?? NO_BYTES
    this.keyStart = key === null ? -1 : 0
    this.keyEnd = key === null ? -1 : key.length
    this.valueBytes = value ?? NO_BYTES
    this.valueStart = value === null ? -1 : 0
    this.valueEnd = value === null ? -1 : value.length
    return true
  }

  headers(): Headers {
    const headers = this.#records[this.#next - 1]?.headers
    return headers === undefined ? NO_HEADERS : typeof headers === 'function' ? headers() : headers
  }
}

export interface RecordListBatchOptions {
  readonly topic: string
  readonly partition: number
  /** In offset order. */
  readonly records: readonly ListedRecord[]
  /** Where to go on; past control records, if the library tells. @default the offset after the last record */
  readonly nextOffset?: number
  readonly highWatermark: number
}

/** A `FetchedBatch` over records that are objects already. Without records, `nextOffset` must be given. */
export function recordListBatch(options: RecordListBatchOptions): FetchedBatch {
  const { topic, partition, records, highWatermark } = options
  let byteLength = 0
  for (const { key, value } of records) byteLength += (key?.length ?? 0) + (value?.length ?? 0)
  return {
    topic,
    partition,
    nextOffset: options.nextOffset ?? (records.at(-1)?.offset ?? -1) + 1,
    highWatermark,
    recordCount: records.length,
    byteLength,
    cursor: () => new RecordListCursor(records),
  }
}
