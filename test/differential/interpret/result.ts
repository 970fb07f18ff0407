import {
  type CogroupedKStream,
  type GlobalKTable,
  type KGroupedStream,
  type KGroupedTable,
  type KStream,
  type KTable,
  long,
  type Serde,
  type SessionWindowedCogroupedKStream,
  type SessionWindowedKStream,
  type StoreBuilder,
  type StreamsBuilder,
  string,
  type TimeWindowedCogroupedKStream,
  type TimeWindowedKStream,
  type Windowed,
} from '@millrace/core'
import { CATALOGUE, text } from '../catalogue.ts'
import type { Op, StepId, StepOf, StoreSpec } from '../spec.ts'

/** A key or a value. Which of them is for the spec to say, so the types of the DSL are of no help here. */
export type Datum = string | bigint | Windowed<unknown>

/** What a step gives, with the serdes of its keys and values. */
export type Result = Serdes &
  (
    | { readonly kind: 'stream'; readonly it: KStream<Datum, Datum, Known> }
    | { readonly kind: 'table'; readonly it: KTable<Datum, Datum, Known> }
    | { readonly kind: 'global'; readonly it: GlobalKTable<Datum, Datum> }
    | { readonly kind: 'store'; readonly it: StoreBuilder }
    | { readonly kind: 'grouped'; readonly it: KGroupedStream<Datum, Datum, Known> }
    | { readonly kind: 'groupedTable'; readonly it: KGroupedTable<Datum, Datum> }
    | { readonly kind: 'windowed'; readonly it: TimeWindowedKStream<Datum, Datum, Known>; readonly sizeMs: number }
    | { readonly kind: 'sessions'; readonly it: SessionWindowedKStream<Datum, Datum, Known> }
    | { readonly kind: 'cogrouped'; readonly it: CogroupedKStream<Datum, Datum, Datum> }
    | {
        readonly kind: 'windowedCogrouped'
        readonly it: TimeWindowedCogroupedKStream<Datum, Datum>
        readonly sizeMs: number
      }
    | { readonly kind: 'sessionCogrouped'; readonly it: SessionWindowedCogroupedKStream<Datum, Datum> }
  )

export interface Serdes {
  readonly key: Serde<Datum>
  readonly value: Serde<Datum>
}

// All serdes are given wherever they may be asked for, so the types need not follow which are known.
export type Known = 'key' | 'value'
export type Kind = Result['kind']
export type Of<K extends Kind> = Extract<Result, { readonly kind: K }>

/** What a step is carried out with. */
export interface Building {
  readonly builder: StreamsBuilder
  /** @throws unless an earlier step has given a result of one of these kinds */
  read<K extends Kind>(id: StepId, ...kinds: readonly K[]): Of<K>
}

/** One result, several under ids of their own, or none. */
export type Given = Result | readonly (readonly [StepId, Result])[] | undefined

/** How the steps of some operators are carried out. */
export type Operators<Ops extends Op> = {
  readonly [O in Ops]: (step: StepOf<O>, building: Building) => Given
}

export const STRING = string() as unknown as Serde<Datum>
export const LONG = long() as unknown as Serde<Datum>
export const STRINGS: Serdes = { key: STRING, value: STRING }

export function stream(it: unknown, of: Serdes): Of<'stream'> {
  return { ...serdes(of), kind: 'stream', it: it as KStream<Datum, Datum, Known> }
}

export function table(it: unknown, of: Serdes): Of<'table'> {
  return { ...serdes(of), kind: 'table', it: it as KTable<Datum, Datum, Known> }
}

export function serdes({ key, value }: Serdes): Serdes {
  return { key, value }
}

export function name(step: { readonly name?: string }): { readonly name?: string } {
  return step.name === undefined ? {} : { name: step.name }
}

export function store(step: { readonly store?: StoreSpec }, of: Serdes): object {
  return step.store === undefined ? {} : givenStore(step.store, of)
}

/** Serdes stand beside a store, as everywhere. */
export function givenStore(given: StoreSpec, of: Serdes): Serdes & { readonly store: StoreSpec } {
  return { ...serdes(of), store: given }
}

export function predicateOf(named: keyof typeof CATALOGUE.predicate): (value: unknown, key: unknown) => boolean {
  const predicate = CATALOGUE.predicate[named]
  return (value, key) => predicate(text(key), text(value))
}

export function selectorOf(named: keyof typeof CATALOGUE.keySelector): (value: unknown, key: unknown) => Datum | null {
  const selector = CATALOGUE.keySelector[named]
  return (value, key) => selector(text(key), text(value))
}

/** In the order of the DSL's arguments. */
export function joinerOf(
  named: keyof typeof CATALOGUE.joiner,
): (value: unknown, other: unknown, key: unknown) => Datum | null {
  const joiner = CATALOGUE.joiner[named]
  return (value, other, key) => joiner(text(key), text(value), text(other))
}

/** Of two tables: Java's joiners see no key, so the key is always `k`. */
export function tableJoinerOf(named: keyof typeof CATALOGUE.joiner): (value: unknown, other: unknown) => Datum {
  const joiner = CATALOGUE.joiner[named]
  return (value, other) => joiner('k', text(value), text(other)) as Datum
}

export function adderOf(
  named: keyof typeof CATALOGUE.aggregation,
): (aggregate: Datum, value: Datum, key: Datum) => Datum | null {
  const { add } = CATALOGUE.aggregation[named]
  return (aggregate, value, key) => add(text(key), text(value), text(aggregate))
}

export function mergerOf(named: keyof typeof CATALOGUE.aggregation): (one: Datum, other: Datum, key: Datum) => Datum {
  const { merge } = CATALOGUE.aggregation[named]
  return (one, other, key) => merge(text(key), text(one), text(other))
}

export function reducerOf(named: keyof typeof CATALOGUE.reducer): (aggregate: Datum, value: Datum) => Datum | null {
  const reducer = CATALOGUE.reducer[named]
  return (aggregate, value) => reducer(text(aggregate), text(value))
}
