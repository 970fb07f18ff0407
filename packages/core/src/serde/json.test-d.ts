import { expectTypeOf, it } from 'vitest'
import { json, type Serde, type StandardSchemaV1, StreamsBuilder, string } from '@millrace/core'
import type { JsonForm, JsonTypeError } from './json-form.ts'

interface Order {
  id: string
  amount: number
  readonly note?: string
  state: 'open' | 'paid' | null
  lines: readonly { price: number; tags: string[] }[]
  place?: { at: [number, number, height?: number] } | null
}
interface Tree {
  name: string
  children: Tree[]
  parent?: Tree | null
}
interface Even {
  odd: Odd[]
}
interface Odd {
  even?: Even
}
type Anything = string | number | boolean | null | Anything[] | { [name: string]: Anything }
interface Growing<T> {
  value: string
  inner?: Growing<T[]>
}
/** Fields that an Error has too. */
interface Failure {
  name: string
  message: string
  stack?: string
}
declare const brand: unique symbol

it('takes every type that JSON gives back as it was written', () => {
  expectTypeOf(json<Order>()).toEqualTypeOf<Serde<Order>>()
  expectTypeOf(json<Tree>()).toEqualTypeOf<Serde<Tree>>()
  expectTypeOf(json<Even>()).toEqualTypeOf<Serde<Even>>()
  expectTypeOf(json<Anything>()).toEqualTypeOf<Serde<Anything>>()
  expectTypeOf(json<Growing<string>>()).toEqualTypeOf<Serde<Growing<string>>>()
  expectTypeOf(json<Failure>()).toEqualTypeOf<Serde<Failure>>()
  expectTypeOf(json<Order | Tree | string | null>()).toEqualTypeOf<Serde<Order | Tree | string | null>>()
  expectTypeOf(json<Record<string, number>>()).toEqualTypeOf<Serde<Record<string, number>>>()
  expectTypeOf(json<string & { [brand]: 'id' }>()).toEqualTypeOf<Serde<string & { [brand]: 'id' }>>()
  expectTypeOf(json<{ [brand]?: bigint; id: string }>({ name: 'x' })).toExtend<Serde<{ id: string }>>()
  expectTypeOf(json<object>()).toEqualTypeOf<Serde<object>>()
  expectTypeOf(json<{ payload: unknown }>()).toEqualTypeOf<Serde<{ payload: unknown }>>()
  expectTypeOf(json()).toEqualTypeOf<Serde<unknown>>()
  expectTypeOf(json<never>()).toEqualTypeOf<Serde<never>>()
})

it('takes a type parameter, of which nothing is known', () => {
  const serdes = <T>() => [json<T>(), json<T[]>({ name: 'list' }), json<{ body: T; head: number }>()] as const
  expectTypeOf(serdes<Order>()[0]).toEqualTypeOf<Serde<Order>>()
})

it('finds its type where it is used', () => {
  const order: Serde<Order> = json()
  new StreamsBuilder().stream('in', { key: string(), value: order }).to('out', { key: string(), value: json() })
})

it('takes whatever a schema gives, which makes it from JSON itself', () => {
  const schema = {} as StandardSchemaV1<unknown, { at: Date; tags: Set<string> }>
  expectTypeOf(json(schema)).toEqualTypeOf<Serde<{ at: Date; tags: Set<string> }>>()
})

it('refuses what JSON writes as something else, at any depth', () => {
  // @ts-expect-error a Map
  json<Map<string, number>>()
  // @ts-expect-error a Map that cannot be changed
  json<ReadonlyMap<string, number>>({ name: 'x' })
  // @ts-expect-error a Set in an optional member
  json<{ id: string; tags?: Set<string> | null }>()
  // @ts-expect-error a bigint in one of a union
  json<Order | { n: bigint }>()
  // @ts-expect-error a function
  json<{ id: string; f: (x: number) => void }>()
  // @ts-expect-error a class
  json<{ made: typeof Date }>()
  // @ts-expect-error a method
  json<{ id: string; total(): number }>()
  // @ts-expect-error a symbol
  json<{ s: symbol }>()
  // @ts-expect-error a Date
  json<{ at: Date }>()
  // @ts-expect-error bytes
  json<{ picture: Uint8Array }>()
  // @ts-expect-error a promise
  json<Promise<string>>()
  // @ts-expect-error undefined in a list
  json<(string | undefined)[]>()
  // @ts-expect-error undefined itself
  json<Order | undefined>()
  // @ts-expect-error values by name
  json<Record<string, Record<string, Record<string, bigint>>>>()
  // @ts-expect-error lists of lists
  json<Set<string>[][][][]>()
  // @ts-expect-error a tuple
  json<[string, { deep: [[{ deeper: Map<string, string> }]] }]>()
  // @ts-expect-error inside a recursive type
  json<{ root: Tree & { seen: Set<Tree> } }>()
  // @ts-expect-error found by its use
  const wrong: Serde<{ tags: Set<string> }> = json()
  void wrong
})

it('says what it refuses and what to do', () => {
  type Two = JsonForm<{ tags: Set<string>; counts: Record<string, bigint>[] }>
  expectTypeOf<Two>().toEqualTypeOf<
    JsonTypeError<
      | '"tags" is a Set, which JSON writes as {}: use an array'
      | 'a member is a bigint, for which JSON has no form: use string or number, or the serde long()'
    >
  >()
  expectTypeOf<JsonForm<Map<string, string>>>().toEqualTypeOf<
    JsonTypeError<'the value is a Map, which JSON writes as {}: use an object or an array of entries'>
  >()
  expectTypeOf<JsonForm<{ at: (Date | null)[] }>>().toEqualTypeOf<
    JsonTypeError<'an element of "at" is a Date, which JSON gives back as text: use string or number, or a schema that makes dates, json(schema)'>
  >()
})
