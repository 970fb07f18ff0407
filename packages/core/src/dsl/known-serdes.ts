import type { Headers } from '../record/headers.ts'

/**
 * The serdes that are known at a point of the topology. They are given at the source and stay known while the type of keys or
 * values does not change.
 */
export type SerdeSide = 'key' | 'value'

/** A serde that can write every `T`. It may accept more: `string()` writes literals, `bytes()` writes a `Buffer`. */
export interface SerdeFor<T> {
  readonly name: string
  readonly serialize: (value: T, topic: string, headers?: Headers) => Uint8Array
  deserialize(bytes: Uint8Array, topic: string, headers?: Headers): unknown
}

/** The serde of records that may come without key or value: null has no bytes. */
export type SerdeOf<T> = SerdeFor<Exclude<T, null>>

/** The values of a table or of what is aggregated, where null is never kept. */
export type RowOf<V> = Exclude<V, null>

/** The serdes that must be given because `Known` does not have them. */
export type MissingSerdes<K, V, Known extends SerdeSide> = MissingKey<K, Known> & MissingValue<V, Known>

export type MissingKey<K, Known extends SerdeSide> = 'key' extends Known ? unknown : { readonly key: SerdeOf<K> }

export type MissingValue<V, Known extends SerdeSide> = 'value' extends Known ? unknown : { readonly value: SerdeOf<V> }

/** The same for the values of the other stream of a join. */
export type MissingOtherValue<V, Known extends SerdeSide> = 'value' extends Known
  ? unknown
  : { readonly otherValue: SerdeOf<V> }

/** The same for operators that redistribute records only if their key was changed. */
export type MissingSerdesOfNewKey<K, V, Known extends SerdeSide> = 'key' extends Known
  ? unknown
  : MissingSerdes<K, V, Known>

/** What a call without options is made on: anything where all serdes are known, else a sentence that says which is not. */
export type AllKnown<Known extends SerdeSide> = [SerdeSide] extends [Known]
  ? unknown
  : TopologyError<MissingKeyText<Known> | MissingValueText<Known>>

/** The same where records are redistributed only if their key was changed. */
export type KeyKnown<Known extends SerdeSide> = 'key' extends Known ? unknown : TopologyError<MissingKeyText<Known>>

/** The same where only values are kept. */
export type ValueKnown<Known extends SerdeSide> = 'value' extends Known
  ? unknown
  : TopologyError<MissingValueText<Known>>

type MissingKeyText<Known extends SerdeSide> = 'key' extends Known
  ? never
  : 'The key serde is not known: give it in the options, as { key: string() }'
type MissingValueText<Known extends SerdeSide> = 'value' extends Known
  ? never
  : 'The value serde is not known: give it in the options, as { value: string() }'

/** Says so where the serde of a result can never be known. */
export type ResultSerdeMissing =
  'The value serde of the result is not known: give it in the options, as { value: string() }'

/** `Known` after a step that makes new values: their serde stays known where they have the type of those before. */
export type KnownAfter<Known extends SerdeSide, V, VR> =
  SameType<Exclude<V, null>, Exclude<VR, null>> extends true ? Known : Exclude<Known, 'value'>

/** Whether the serde of one type will do for the other: they are the same, or the other one has some of its literals only. */
type SameType<One, Other> = [Other] extends [One]
  ? [One] extends [Other]
    ? true
    : [Other] extends [string | number | bigint | boolean]
      ? true
      : false
  : false

/** `Side` where its serde was given in the options: `S` is then the serde's type. */
export type IfGiven<S, Side extends SerdeSide> = [S] extends [undefined] ? never : Side

/** A type that nothing fits, whose name is the message. */
export interface TopologyError<Message extends string> {
  readonly [message]: Message
}
declare const message: unique symbol

/** `unknown` where the types of two keys are the same, else a sentence that says what to do. */
export type SameKey<K, Other> = [K] extends [Other]
  ? [Other] extends [K]
    ? unknown
    : TopologyError<KeysDiffer>
  : TopologyError<KeysDiffer>

type KeysDiffer =
  'The keys of the two sides have different types: give the stream the key of the table with selectKey first'
