import type { Serde } from '../serde/serde.ts'

/**
 * Which serdes of a stream's records are known at a point of the topology. They are given where a topic is read, and a step
 * that makes new keys or values drops the serde of what it makes anew.
 */
export type SerdeSide = 'key' | 'value'

/** The serdes that must be given because `Known` does not have them. */
export type MissingSerdes<K, V, Known extends SerdeSide> = MissingKey<K, Known> & MissingValue<V, Known>

export type MissingKey<K, Known extends SerdeSide> = 'key' extends Known
  ? unknown
  : { readonly key: Serde<NonNullable<K>> }

export type MissingValue<V, Known extends SerdeSide> = 'value' extends Known
  ? unknown
  : { readonly value: Serde<NonNullable<V>> }

/** The same for the values of the other stream of a join. */
export type MissingOtherValue<V, Known extends SerdeSide> = 'value' extends Known
  ? unknown
  : { readonly otherValue: Serde<NonNullable<V>> }

/** An options argument that may be left out where both serdes are known, and must hold the missing ones otherwise. */
export type WithSerdes<Options, K, V, Known extends SerdeSide> = [SerdeSide] extends [Known]
  ? [options?: Options]
  : [optionsWithSerdes: Options & MissingSerdes<K, V, Known>]

/**
 * The same for operators that redistribute records only if their key was changed: where the key serde is known nothing
 * need be given, and `build()` says so if the value serde is needed after all.
 */
export type WithSerdesOfNewKey<Options, K, V, Known extends SerdeSide> = 'key' extends Known
  ? [options?: Options]
  : [optionsWithSerdes: Options & MissingSerdes<K, V, Known>]

/** The same for options that must be given anyway. */
export type MissingSerdesOfNewKey<K, V, Known extends SerdeSide> = 'key' extends Known
  ? unknown
  : MissingSerdes<K, V, Known>

/** The same where the serdes are those of a store. */
export type WithStoreSerdes<Options, Store, K, V, Known extends SerdeSide> = [SerdeSide] extends [Known]
  ? [options?: Options]
  : [optionsWithSerdes: Omit<Options, 'store'> & { readonly store: Store & MissingSerdes<K, V, Known> }]

/** A type that nothing fits, whose name is the message. */
export interface TopologyError<Message extends string> {
  readonly [message]: Message
}
declare const message: unique symbol

/** `unknown` where the types of two keys are the same, else a sentence that says what to do. */
export type SameKey<K, Other> = [K] extends [Other] ? ([Other] extends [K] ? unknown : KeysDiffer) : KeysDiffer

type KeysDiffer =
  TopologyError<'The keys of the two sides have different types: give the stream the key of the table with selectKey first'>
