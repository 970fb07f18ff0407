import type { ByteSink } from '../record/byte-sink.ts'
import type { Headers } from '../record/headers.ts'

/**
 * How a type becomes bytes and comes back. The only thing a user must give where bytes are read or written.
 *
 * `null` never reaches a serde: a record without key or value has no bytes, and the engine keeps it so (`voidSerde` is
 * the exception that needs none). Both functions throw `MILLRACE_SERDE_ENCODE` / `MILLRACE_SERDE_DECODE`, or anything
 * else, and then the `onBadRecord` policy of the application decides.
 */
export interface Serde<T> {
  /** Shown in plans and errors, as `string` or `json(Order)`. */
  readonly name: string
  serialize(value: T, topic: string, headers?: Headers): Uint8Array
  deserialize(bytes: Uint8Array, topic: string, headers?: Headers): T
  /**
   * The hot path of `deserialize`: reads `bytes[start, end)` without a view. Must give what
   * `deserialize(bytes.subarray(start, end))` gives. Leave out where topic or headers matter.
   */
  readonly read?: (bytes: Buffer, start: number, end: number) => T
  /** The hot path of `serialize`: appends the same bytes to `sink`. Leave out where topic or headers matter. */
  write?(value: T, sink: ByteSink): void
  /**
   * In place of `serialize` for records of topics that an application writes, where the serde puts something into their headers.
   * Stores have no headers for it, and call `serialize`.
   */
  serializeRecord?(value: T, topic: string): RecordPart
  /** Headers that only this serde writes. Those of an input record are not passed on to records that the serde writes. */
  readonly headerKeys?: readonly string[]
  /**
   * Fetches what encoding and decoding need. The runtime awaits it for each topic, changelog and store before a task starts. A serde
   * that meets something unknown later throws `notReady`.
   *
   * @param use stores and outputs are written, and what they hold is read too
   * @throws when the fetch fails; with kind `retriable` the task is started again
   */
  prepare?(topic: string, use: 'read' | 'write'): Promise<void>
  /**
   * Values are primitives, so that a store may hand out the value it keeps instead of a fresh decoding.
   * @default false
   */
  readonly immutable?: boolean
  /**
   * Decoding cannot fail and encoding gives the bytes back, so that a record nobody looks at is forwarded unopened.
   * @default false
   */
  readonly transparent?: boolean
  /** For windowed keys: the serde of the key inside, which alone decides the partition. */
  readonly inner?: Serde<unknown>
}

/** A key or a value with the headers that belong to it. */
export interface RecordPart {
  readonly bytes: Uint8Array
  readonly headers: Headers
}

/** The type that a serde encodes. */
export type SerdeType<S> = S extends Serde<infer T> ? T : never
