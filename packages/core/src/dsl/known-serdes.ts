import type { Headers } from '../record/headers.ts'
import type { Windowed } from '../record/windowed.ts'

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

/** The same for groups. `S` is the type of the value serde, where one is given. */
export type GroupSerdes<K, V, Known extends SerdeSide, S> = 'key' extends Known
  ? { readonly value?: S }
  : MissingSerdes<K, V, Known> & { readonly value?: S | SerdeOf<V> }

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

/** The same where a call with three arguments may as well lack the function before the options. */
export type SessionAggregateArguments =
  'An aggregate of sessions has four arguments: initializer, aggregator, merger, and options with the serde of the result, as { value: string() }'
export type TableAggregateArguments =
  'An aggregate of a table has four arguments: initializer, adder, subtractor, and options with the serde of the result, as { value: string() }'

/** Says so where a call without options is never right. */
export type SourceSerdesMissing =
  'The serdes are missing: give them in the options, as { key: string(), value: string() }'
export type NewKeySerdeMissing = 'The serde of the new key is missing: give it in the options, as { key: string() }'

/** The serde of a result. Its type has no optional members: of those the compiler gives advice about its own options. */
export interface ResultSerde<T> extends SerdeFor<T> {
  deserialize(bytes: Uint8Array, topic: string, headers?: Headers): T
}

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

/** `Side` where its serde was given in the options: `S` is then the type of the serde or of its name. */
export type IfGiven<S, Side extends SerdeSide> = [S] extends [TopologyError<NotGiven> | undefined] ? never : Side

/**
 * Serdes that may be given in options. `KeyName` and `ValueName` are the types of their names: `NotGiven` for those that are not given. The
 * types of the serdes themselves would do too, but an error would then end in advice about `exactOptionalPropertyTypes`.
 */
export interface GivenSerdes<K, V, KeyName, ValueName> extends GivenValueSerde<V, ValueName> {
  readonly key?: SerdeOf<K> & Named<KeyName>
}

export interface GivenValueSerde<V, ValueName> {
  readonly value?: SerdeOf<V> & Named<ValueName>
}

interface Named<Name> {
  readonly name: Name
}

export type NotGiven = 'Leave out the type arguments: the serdes in the options give the types'

/** The type of the parameter of a supplier, which gets none: a function of a record in its place is a type error that says so. */
export type SupplierExpected =
  'The argument is a function without parameters that returns a processor: () => ({ process(record) { … } })'

/** The same of `transformValues`. */
export type TransformerExpected =
  'The argument is a function without parameters that returns a transformer: () => ({ transform(value) { … } })'

/** A type that everything fits. Its name is a message, which the compiler shows with the type beside it. */
export interface Hint<Message extends string> {
  readonly [hint]?: Message
}
declare const hint: unique symbol

/** Shown where a windowed key is given the serde of another key. */
export type WindowedKeyHint<K> = [K] extends [Windowed<unknown>]
  ? Hint<'The serde of a windowed key is timeWindowed(serde, { sizeMs }) or sessionWindowed(serde)'>
  : unknown

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

/** The same, where `Other` is unknown if the other side has another kind than the operator joins: then `Message`. */
export type SameKeyOf<K, Other, Message extends string> = unknown extends Other
  ? unknown extends K
    ? unknown
    : TopologyError<Message>
  : SameKey<K, Other>

type KeysDiffer = 'The keys of the two sides have different types: change the key of the stream with selectKey first'
