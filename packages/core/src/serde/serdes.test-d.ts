import { expectTypeOf, it } from 'vitest'
import {
  boolean,
  bytes,
  int,
  json,
  list,
  long,
  safeLong,
  sessionWindowed,
  string,
  timeWindowed,
  voidSerde,
  type Serde,
  type SerdeType,
  type StandardSchemaV1,
  type Windowed,
} from '@millrace/core'

interface Order {
  id: string
  amount: number
}

it('knows what each serde carries', () => {
  expectTypeOf(string()).toEqualTypeOf<Serde<string>>()
  expectTypeOf(bytes()).toEqualTypeOf<Serde<Uint8Array>>()
  expectTypeOf(int()).toEqualTypeOf<Serde<number>>()
  expectTypeOf(long()).toEqualTypeOf<Serde<bigint>>()
  expectTypeOf(safeLong()).toEqualTypeOf<Serde<number>>()
  expectTypeOf(boolean()).toEqualTypeOf<Serde<boolean>>()
  expectTypeOf(voidSerde()).toEqualTypeOf<Serde<null>>()
})

it('carries the type of the serde inside', () => {
  expectTypeOf(list(int())).toEqualTypeOf<Serde<number[]>>()
  expectTypeOf(list(string(), { nullable: true })).toEqualTypeOf<Serde<(string | null)[]>>()
  expectTypeOf(list(list(long()))).toEqualTypeOf<Serde<bigint[][]>>()
  expectTypeOf(timeWindowed(string(), { sizeMs: 1 })).toEqualTypeOf<Serde<Windowed<string>>>()
  expectTypeOf(sessionWindowed(int())).toEqualTypeOf<Serde<Windowed<number>>>()
})

it('takes the type of JSON from a claim or from a schema', () => {
  expectTypeOf(json()).toEqualTypeOf<Serde<unknown>>()
  expectTypeOf(json<Order>()).toEqualTypeOf<Serde<Order>>()
  expectTypeOf(json<Order>({ name: 'Order' })).toEqualTypeOf<Serde<Order>>()
  const schema = {} as StandardSchemaV1<{ id: unknown }, Order>
  expectTypeOf(json(schema)).toEqualTypeOf<Serde<Order>>()
  expectTypeOf(json(schema, { name: 'Order', validateOnEncode: true })).toEqualTypeOf<Serde<Order>>()
  // A schema that is a function, as arktype makes, has a name, as plain options have.
  expectTypeOf(json({} as typeof schema & { readonly name: string })).toEqualTypeOf<Serde<Order>>()
  // @ts-expect-error without a schema there is nothing to validate with
  json({ validateOnEncode: true })
})

it('lets any serde stand where its type does not matter', () => {
  expectTypeOf(string()).toExtend<Serde<unknown>>()
  expectTypeOf<SerdeType<Serde<Order>>>().toEqualTypeOf<Order>()
})
