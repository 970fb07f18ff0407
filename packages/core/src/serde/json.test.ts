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

it('leaves undefined members out, and takes what has a JSON form of its own', () => {
  const value = {
    at: new Date(0),
    none: undefined,
    text: 'grüße \ud800',
    link: new URL('http://a.b/c'),
    boxed: Object(1),
    order: new ClassWithFields('a'),
  }
  expect(text(json().serialize(value, 't'))).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","text":"grüße \\ud800","link":"http://a.b/c","boxed":1,"order":{"id":"a"}}',
  )
})

class ClassWithFields {
  readonly id: string
  constructor(id: string) {
    this.id = id
  }
}

class ClassWithPrivateFields {
  readonly #id: string
  constructor(id: string) {
    this.#id = id
  }
  id(): string {
    return this.#id
  }
}

const cycle: { self?: unknown } = {}
cycle.self = { inner: [cycle] }

it.each([
  ['a bigint', 5n, '$ is the bigint 5n'],
  ['a bigint in a member', { lines: [{ n: 1 }, { n: 2n }] }, '$.lines[1].n is the bigint 2n'],
  ['undefined', undefined, '$ is undefined'],
  ['undefined in an array', { a: [1, undefined] }, '$.a[1] is undefined'],
  ['a hole in an array', { a: Array(1) }, '$.a[0] is undefined'],
  ['a function', () => 1, '$ is a function'],
  ['a function as a member', { f: () => 1 }, '$.f is a function'],
  ['a symbol', { 'a b': Symbol('x') }, '$["a b"] is a symbol'],
  ['NaN', { price: Number.NaN }, '$.price is NaN, which JSON writes as null'],
  ['Infinity', [Number.NEGATIVE_INFINITY], '$[0] is -Infinity'],
  ['an invalid date', { at: new Date('x') }, '$.at is an invalid Date'],
  ['a Map', { m: new Map([['a', 1]]) }, '$.m is a Map, of which JSON writes no content: make it an object'],
  ['a Set', new Set([1]), '$ is a Set, of which JSON writes no content: make it an array'],
  ['a class over Map', new (class Tags extends Map<string, string> {})(), '$ is a Tags'],
  ['an Error', { e: Object.assign(new Error('x'), { code: 1 }) }, '$.e is an Error'],
  ['a regular expression', /x/, '$ is a RegExp'],
  ['a promise', { later: Promise.resolve(1) }, '$.later is a Promise, of which JSON writes no content: await it first'],
  ['bytes', { b: Uint8Array.of(1) }, '$.b is an Uint8Array'],
  ['a Buffer', Buffer.of(1), '$ is a Buffer: write it as base64 text, or use bytes()'],
  [
    'an object with private fields',
    new ClassWithPrivateFields('a'),
    '$ is a ClassWithPrivateFields without enumerable',
  ],
  ['search parameters', new URLSearchParams('a=1'), '$ is an URLSearchParams without enumerable'],
  ['what toJSON gives', { x: { toJSON: () => ({ n: 1n }) } }, '$.x.n is the bigint 1n'],
  ['a cycle', cycle, '$.self.inner[0] is an object that contains itself'],
])('refuses to write %s, with its place and a remedy', (_name, value, reason) => {
  for (const propertyOrder of ['sorted', 'as-given'] as const) {
    const encode = () => json({ propertyOrder }).serialize(value, 't')
    expect(encode).toThrow(`MILLRACE_SERDE_ENCODE: The value cannot be encoded as json: ${reason}`)
  }
})

it('writes one object that is there twice, and deep ones', () => {
  const part = { n: 1 }
  expect(text(json().serialize([part, part], 't'))).toBe('[{"n":1},{"n":1}]')
  let deep: unknown = part
  for (let depth = 0; depth < 300; depth++) deep = [deep, part]
  expect(json().deserialize(json().serialize(deep, 't'), 't')).toEqual(deep)
})

it('writes a bigint where the program has said how', () => {
  const prototype = BigInt.prototype as { toJSON?: () => string }
  prototype.toJSON = function toJSON(this: bigint) {
    return this.toString()
  }
  try {
    for (const propertyOrder of ['sorted', 'as-given'] as const) {
      expect(text(json({ propertyOrder }).serialize({ n: 5n }, 't'))).toBe('{"n":"5"}')
    }
  } finally {
    delete prototype.toJSON
  }
})

it('writes properties in the order of their names when asked to', () => {
  const sorted = json({ propertyOrder: 'sorted' })
  const value = { b: [{ z: 1, a: undefined, B: new Date(0) }], 10: 1, 9: 2, a: null }
  expect(text(sorted.serialize(value, 't'))).toBe(
    '{"10":1,"9":2,"a":null,"b":[{"B":"1970-01-01T00:00:00.000Z","z":1}]}',
  )
  fc.assert(
    fc.property(fc.jsonValue(), given => {
      const expected = JSON.parse(JSON.stringify(given))
      expect(sorted.deserialize(sorted.serialize(given, 't'), 't')).toEqual(expected)
      expect(sorted.serialize(reversed(given), 't')).toEqual(sorted.serialize(given, 't'))
    }),
  )
})

/** The same with the properties of all objects in the other order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const reversedEntries = Object.entries(value).reverse()
  return Object.fromEntries(reversedEntries.map(([name, member]) => [name, reversed(member)]))
}

it.each(['', '{', '{"a":1}x', '\ufeff1'])('refuses bytes that are no JSON: %j', damaged => {
  const decode = () => json({ name: 'Order' }).deserialize(Buffer.from(damaged), 't')
  expect(decode).toThrow(/MILLRACE_SERDE_DECODE: The bytes cannot be decoded as json\(Order\): .+/)
})

it('checks what it reads, and gives what the schema makes of it', () => {
  const serde = json(orderSchema, { name: 'Order' })
  expect(serde.name).toBe('json(Order)')
  const extra = Buffer.from('{"id":"a","amount":1,"extra":true}')
  expect(serde.deserialize(extra, 't')).toEqual({ id: 'a', amount: 1 })
  expect(() => serde.deserialize(Buffer.from('{"id":5}'), 't')).toThrow(
    'MILLRACE_SERDE_DECODE: The bytes cannot be decoded as json(Order): id: not a string',
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
  expect(decode).toThrow('MILLRACE_SERDE_ASYNC_SCHEMA: The test schema of json is asynchronous')
  await new Promise(resolve => setImmediate(resolve)) // where an unhandled rejection would be reported
})
