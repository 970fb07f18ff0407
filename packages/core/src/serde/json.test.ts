import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ByteSink } from '../record/byte-sink.ts'
import { json } from './json.ts'
import type { SchemaResult, StandardSchemaV1 } from './standard-schema.ts'

interface Order {
  readonly id: string
  readonly amount: number
}

const issue = (message: string, ...path: (PropertyKey | { key: PropertyKey })[]) => ({ issues: [{ message, path }] })

/** A validator of the standard, without a library. */
function schemaOf<Output>(validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>) {
  const schema: StandardSchemaV1<unknown, Output> = { '~standard': { version: 1, vendor: 'test', validate } }
  return schema
}

const orderSchema = schemaOf<Order>(value => {
  const order = value as Partial<Order> | null
  if (typeof order?.id !== 'string') return issue('not a string', 'id')
  if (typeof order.amount !== 'number') return issue('not a number', { key: 'lines' }, 0, 'amount')
  return { value: { id: order.id, amount: order.amount } }
})

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

it('gives back any JSON, on both paths alike', () => {
  const serde = json()
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const expected = JSON.parse(JSON.stringify(value))
      const serialized = serde.serialize(value, 't')
      expect(text(serialized)).toBe(JSON.stringify(value))
      expect(serde.deserialize(Uint8Array.from(serialized), 't')).toEqual(expected)
      const sink = new ByteSink(1)
      sink.append(Buffer.from('['))
      serde.write!(value, sink)
      const end = sink.position
      sink.append(Buffer.from(']'))
      expect(sink.buffer.subarray(1, end)).toEqual(serialized)
      expect(serde.read!(sink.buffer, 1, end)).toEqual(expected)
    }),
  )
})

it('does with dates, undefined and NaN what JSON does', () => {
  const value = { at: new Date(0), none: undefined, nan: NaN, text: 'grüße \ud800' }
  expect(text(json().serialize(value, 't'))).toBe('{"at":"1970-01-01T00:00:00.000Z","nan":null,"text":"grüße \\ud800"}')
})

it.each([
  ['a bigint', 5n, /BigInt/],
  ['undefined', undefined, /no form for undefined/],
  ['a function', () => 1, /no form for function/],
])('refuses to write %s', (_name, value, reason) => {
  expect(() => json().serialize(value, 't')).toThrow(/MILLRACE_SERDE_ENCODE: .* as json: /)
  expect(() => json().serialize(value, 't')).toThrow(reason)
})

it.each(['', '{', '{"a":1}x', '\ufeff1'])('refuses bytes that are no JSON: %j', damaged => {
  const decode = () => json({ name: 'Order' }).deserialize(Buffer.from(damaged), 't')
  expect(decode).toThrow(/MILLRACE_SERDE_DECODE: Bytes could not be decoded as json\(Order\): .+/)
})

it('checks what it reads, and gives what the schema makes of it', () => {
  const serde = json(orderSchema, { name: 'Order' })
  expect(serde.name).toBe('json(Order)')
  const extra = Buffer.from('{"id":"a","amount":1,"extra":true}')
  expect(serde.deserialize(extra, 't')).toEqual({ id: 'a', amount: 1 })
  expect(() => serde.deserialize(Buffer.from('{"id":5}'), 't')).toThrow(
    'MILLRACE_SERDE_DECODE: Bytes could not be decoded as json(Order): id: not a string',
  )
  expect(() => serde.read!(Buffer.from('{"id":"a"}'), 0, 10)).toThrow('lines.0.amount: not a number')
})

it('checks what it writes only when asked to', () => {
  const wrong = { id: 'a' } as Order
  expect(text(json(orderSchema).serialize(wrong, 't'))).toBe('{"id":"a"}')
  const strict = json(orderSchema, { validateOnEncode: true })
  expect(() => strict.serialize(wrong, 't')).toThrow(/MILLRACE_SERDE_ENCODE: .* as json: lines.0.amount: not a number/)
  expect(text(strict.serialize({ id: 'a', amount: 1 }, 't'))).toBe('{"id":"a","amount":1}')
})

it('takes a schema that is a function, as arktype makes', () => {
  const callable = Object.assign(() => {}, orderSchema)
  expect(() => json(callable).deserialize(Buffer.from('{"id":5}'), 't')).toThrow('id: not a string')
})

it('refuses a schema that validates asynchronously, even when its promise rejects', async () => {
  const slow = schemaOf<Order>(() => Promise.reject(new Error('too late')))
  const decode = () => json(slow).deserialize(Buffer.from('{}'), 't')
  expect(decode).toThrow('MILLRACE_SERDE_ASYNC_SCHEMA: The test schema of json validates asynchronously')
  await new Promise(resolve => setImmediate(resolve)) // where an unhandled rejection would be reported
})
