import { int, isMillraceError, list, type Serde, short } from '@millrace/core'
import { avro, type SchemaRegistry, schemaRegistry, startRegistry } from '@millrace/schema-registry'
import { jsonSchema } from '@millrace/schema-registry/json-schema'
import { protobuf } from '@millrace/schema-registry/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/* Values that would be written as something else, and functions that give no subject. */

let running: Awaited<ReturnType<typeof startRegistry>>
let registry: SchemaRegistry
beforeAll(async () => {
  running = await startRegistry({ port: 0 })
  registry = schemaRegistry({ url: running.url })
})
afterAll(async () => await running[Symbol.asyncDispose]())

const PROTO =
  'syntax = "proto3"; message A { map<string, int32> m = 1; repeated int32 r = 2; B b = 3; } message B { int32 n = 1; }'
const NULLABLE = {
  type: 'record',
  name: 'Row',
  fields: [{ name: 'n', type: ['null', 'int'], default: null }],
}
const untyped = (serde: unknown) => serde as Serde<unknown>
let made = 0
function ownSubject(): () => string {
  const name = `s${made++}`
  return () => name
}

const SERDES: Readonly<Record<string, () => Serde<unknown>>> = {
  'a map of Avro': () => untyped(avro({ type: 'map', values: 'int' }, { registry, subject: ownSubject() })),
  'a record of Avro': () => untyped(avro(NULLABLE as never, { registry, subject: ownSubject() })),
  'a message of Protobuf': () => untyped(protobuf(PROTO, { registry, subject: ownSubject() })),
  'JSON Schema': () => untyped(jsonSchema({ title: 'O' }, { registry, subject: ownSubject() })),
  'JSON Schema without checks': () =>
    untyped(jsonSchema({ title: 'O' }, { registry, subject: ownSubject(), validate: 'none' })),
}
const JSON_SERDES = ['JSON Schema', 'JSON Schema without checks']

async function refusal(serde: Serde<unknown>, value: unknown): Promise<string> {
  await serde.prepare?.('t', 'write')
  try {
    return `written: ${Buffer.from(serde.serialize(value, 't')).toString('hex')}`
  } catch (error) {
    return isMillraceError(error) ? `${error.code}: ${error.message}` : `raw: ${String(error)}`
  }
}

describe.each(Object.keys(SERDES))('%s', name => {
  it.each<[string, unknown]>([
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['a promise', Promise.resolve({ a: 1 })],
  ])('does not write %s as if it were empty', async (_what, value) => {
    expect(await refusal(SERDES[name]!(), value)).toMatch(/^MILLRACE_SERDE_ENCODE: .*(Map|Set|Promise)/)
  })
})

it.each<[unknown, RegExp]>([
  [{ m: new Map([['a', 1]]) }, /at m: a Map is not an object with the entries of a map/],
  [{ b: new Map([['n', 1]]) }, /at b: a Map is not a message B/],
  [{ b: [] }, /at b: an Array is not a message B/],
  [[], /an Array is not a message A/],
])('a message of Protobuf does not take %j for an empty one', async (value, message) => {
  expect(await refusal(SERDES['a message of Protobuf']!(), value)).toMatch(message)
})

it.each(
  JSON_SERDES.flatMap(name =>
    [{ a: Number.NaN }, { a: [undefined] }, { a: 10n }, { a: new Error('x') }].map(value => ({ name, value })),
  ),
)('$name names the field that JSON has no form for: $value', async ({ name, value }) => {
  expect(await refusal(SERDES[name]!(), value)).toMatch(/^MILLRACE_SERDE_ENCODE: .*: \$\.a/)
})

it.each(JSON_SERDES)('%s writes no integer that it would not read', async name => {
  const serde = SERDES[name]!()
  expect(await refusal(serde, { id: 2 ** 60 })).toMatch(/MILLRACE_SERDE_ENCODE: .*at id: the integer .* rounded/)
  expect(await refusal(serde, { id: 2 ** 53 - 1, far: 1e30 })).toMatch(/^written/)
})

it.each<[string, () => unknown, RegExp]>([
  ['nothing', () => undefined, /a function that returned undefined/],
  ['an empty text', () => '', /a function that returned ""/],
  ['a number', () => 5, /a function that returned 5/],
  ['a promise', async () => await Promise.reject(new Error('away')), /a function that returned a promise/],
  [
    'an error',
    () => {
      throw new Error('no subject')
    },
    /a function that failed \(no subject\)/,
  ],
])(
  'a function for the subject that gives %s is refused, and nothing is registered',
  async (_what, subject, message) => {
    const serde = avro('string', { registry, subject: subject as () => string })
    const before = await subjects()
    await expect(serde.prepare!('t', 'write')).rejects.toMatchObject({
      code: 'MILLRACE_CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    })
    expect(await subjects()).toEqual(before)
  },
)

async function subjects(): Promise<unknown> {
  const response = await fetch(`${running.url}/subjects`)
  return await response.json()
}

it.each<[string, Serde<unknown>]>([
  ['short', untyped(short())],
  ['int', untyped(int())],
  ['list', untyped(list(int()))],
])('%s refuses what is no number', async (_name, serde) => {
  for (const value of [5n, Symbol('s'), '5', true, null, [5n], [Symbol('s')], new Date(5)])
    expect(await refusal(serde, value)).toMatch(/^MILLRACE_SERDE_ENCODE/)
})
