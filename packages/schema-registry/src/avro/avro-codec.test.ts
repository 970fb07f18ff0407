import { ByteSink } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { AvroCursor } from './avro-cursor.ts'
import { compileReader } from './compile-reader.ts'
import { compileWriter } from './compile-writer.ts'
import { parseSchemaText } from './parse-schema.ts'
import type { ValueForm } from './value-form.ts'

/*
 * Java decides what is right over thousands of generated cases, see test/schemas. Here are the cases that Java cannot decide: what
 * a value is in JavaScript, and what errors say.
 */

const NUMBERS: ValueForm = { longs: 'number', logicalTypes: {} }
const BIGINTS: ValueForm = { longs: 'bigint', logicalTypes: {} }

function write(schema: unknown, value: unknown, form = NUMBERS): Buffer {
  const sink = new ByteSink(1)
  compileWriter(parse(schema), form)(sink, value)
  return Buffer.from(sink.buffer.subarray(0, sink.position))
}

function read(bytes: Buffer, writer: unknown, reader = writer, form = NUMBERS): unknown {
  const cursor = new AvroCursor()
  cursor.start(bytes, 0, bytes.length)
  return compileReader(parse(writer), parse(reader), form)(cursor)
}

const parse = (schema: unknown) => parseSchemaText(JSON.stringify(schema)).type
const record = (...fields: readonly object[]) => ({ type: 'record', name: 'R', fields })

describe('longs', () => {
  it.each([0, -1, 63, 64, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    '%d as a number',
    value => {
      expect(read(write('long', value), 'long')).toBe(value)
      expect(read(write('long', value), 'long', 'long', BIGINTS)).toBe(BigInt(value))
    },
  )

  it.each([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n])('%d only as a bigint', value => {
    expect(read(write('long', value), 'long', 'long', BIGINTS)).toBe(value)
    expect(() => read(write('long', value), 'long')).toThrow(
      `the long ${value} is not a safe integer; with longs: 'bigint' it is read`,
    )
  })

  it.each([1.5, 2 ** 53, NaN, '1', 2n ** 63n, undefined])('%s is refused', value => {
    expect(() => write('long', value)).toThrow(/is not a long/)
  })
})

describe('unions', () => {
  it.each([
    [['null', 'string'], null],
    [['null', 'string'], 'text'],
    [
      ['int', 'string', 'boolean', 'bytes', { type: 'array', items: 'int' }, record({ name: 'a', type: 'int' })],
      { a: 1 },
    ],
    [['int', 'long'], { long: 5 }],
    [['null', 'int', 'long'], null],
    [[record(), { type: 'map', values: 'int' }], { map: { a: 1 } }],
    [['string', { type: 'enum', name: 'E', symbols: ['A'] }], { E: 'A' }],
  ])('%j holds %j', (schema, value) => {
    expect(read(write(schema, value), schema)).toEqual(value)
  })

  it('a missing member is null', () => {
    const schema = record({ name: 'note', type: ['null', 'string'] })
    expect(read(write(schema, {}), schema)).toEqual({ note: null })
  })

  it('with longs as bigints, a number and a bigint are told apart', () => {
    expect(read(write(['int', 'long'], 5n, BIGINTS), ['int', 'long'], ['int', 'long'], BIGINTS)).toBe(5n)
    expect(read(write(['int', 'long'], 5, BIGINTS), ['int', 'long'], ['int', 'long'], BIGINTS)).toBe(5)
  })
})

it('names the place of what does not fit', () => {
  const schema = record({
    name: 'items',
    type: { type: 'array', items: { type: 'record', name: 'I', fields: [{ name: 'price', type: 'int' }] } },
  })
  expect(() => write(schema, { items: [{ price: 1 }, { price: 'two' }] })).toThrow(
    'at items[1].price: "two" is not an int of 32 bits',
  )
  const newer = record({
    name: 'items',
    type: { type: 'array', items: { type: 'record', name: 'I', fields: [{ name: 'price', type: 'string' }] } },
  })
  expect(() => read(write(schema, { items: [{ price: 1 }] }), schema, newer)).toThrow(
    'at items[].price: found int, expected string',
  )
})

it.each([
  ['string', [0x0a, 0x61], 'the bytes end within the value'],
  ['string', [0x01], 'a length is -1'],
  ['int', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'more than five bytes'],
  ['long', Array.from({ length: 11 }, () => 0xff), 'more than ten bytes'],
  [['int'], [0x04], 'a union has the index 2'],
  [{ type: 'enum', name: 'E', symbols: ['A'] }, [0x02], 'has no symbol 1'],
  [{ type: 'array', items: 'null' }, [0xfe, 0xff, 0xff, 0xff, 0x0f], 'a block has 2147483647 items'],
  ['double', [0, 0], 'the bytes end within the value'],
])('%j refuses bad bytes', (schema, bytes, message) => {
  expect(() => read(Buffer.from(bytes), schema)).toThrow(message)
})

it('a field may have the name of the prototype', () => {
  const schema = record({ name: '__proto__', type: { type: 'map', values: 'int' } })
  const value = JSON.parse('{"__proto__":{"__proto__":1}}') as object
  const decoded = read(write(schema, value), schema)
  expect(JSON.stringify(decoded)).toBe('{"__proto__":{"__proto__":1}}')
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
})

it('defaults are fresh for each record', () => {
  const newer = record({ name: 'tags', type: { type: 'array', items: 'string' }, default: [] })
  const cursor = new AvroCursor()
  const reader = compileReader(parse(record()), parse(newer), NUMBERS)
  const [first, second] = [reader(cursor), reader(cursor)] as { tags: string[] }[]
  first!.tags.push('x')
  expect(second!.tags).toEqual([])
})

it.each([
  ['abc', 'ab'],
  ['a', 'a\0'],
])('the default "%s" of a fixed of two bytes is cut or filled up, as in Java', (given, made) => {
  const newer = record({ name: 'id', type: { type: 'fixed', name: 'Id', size: 2 }, default: given })
  expect(read(Buffer.alloc(0), record(), newer)).toEqual({ id: Buffer.from(made) })
})

it.each<[unknown, (text: string) => unknown]>([
  ['string', text => text],
  [['null', 'string'], text => text],
  [{ type: 'map', values: 'int' }, text => ({ [text]: 1 })],
  [record({ name: 'a', type: 'string' }), text => ({ a: text })],
])('half of a surrogate pair is refused in %j, since it would be another character', (schema, valueOf) => {
  for (const text of ['\ud800', 'a\udc00b', `${'a'.repeat(30)}\ud83d`])
    expect(() => write(schema as never, valueOf(text))).toThrow(
      /half of a surrogate pair at index \d+: use text.toWellFormed/,
    )
  expect(() => write(schema as never, valueOf('\ud83d\ude00'))).not.toThrow()
})

it('members have the order of the reader', () => {
  const writer = record({ name: 'b', type: 'int' }, { name: 'a', type: 'int' })
  const reader = record({ name: 'a', type: 'int' }, { name: 'c', type: 'int', default: 3 }, { name: 'b', type: 'int' })
  expect(JSON.stringify(read(write(writer, { a: 1, b: 2 }), writer, reader))).toBe('{"a":1,"c":3,"b":2}')
})

it('a copy of bytes does not keep the batch', () => {
  const bytes = write('bytes', Buffer.from('abc'))
  const decoded = read(bytes, 'bytes') as Buffer
  bytes.fill(0)
  expect(decoded.toString()).toBe('abc')
})

it.each(['{"x":[0],"type":"fixed","name":"F","size":2}', '{"type":"enum","name":"E","symbols":["A","B"]}'])(
  '%s may be defined again, if nothing differs',
  definition => {
    const again = (second: string) =>
      `{"type":"record","name":"R","fields":[{"name":"a","type":${definition}},{"name":"b","type":${second}}]}`
    const { type } = parseSchemaText(again(definition))
    const [a, b] = type.kind === 'record' ? type.fields : []
    expect(a!.type).toBe(b!.type)
    const other = definition.replace('2', '3').replace('"B"', '"C"')
    expect(() => parseSchemaText(again(other))).toThrow(/defined twice/)
    const otherProperty = definition.replace('[0]', '[1]').replace('"E"', '"E","x":1')
    expect(() => parseSchemaText(again(otherProperty))).toThrow(/defined twice/)
  },
)

it.each([
  ['{"type":"record","name":"R"}', 'the record R has no list of fields'],
  ['{"type":"record","name":"1R","fields":[]}', '"1R" is not a name'],
  ['["int","int"]', 'a union has "int" twice'],
  ['[{"type":"record","name":"R","fields":[]},{"type":"record","name":"R","fields":[]}]', '"R" is defined twice'],
  ['"shop.Order"', '"shop.Order" in the schema is not defined'],
  ['{', 'it is no JSON'],
])('%s is refused', (text, reason) => {
  const refused = expect.objectContaining({ code: 'MILLRACE_SCHEMA_INVALID', message: expect.stringContaining(reason) })
  expect(() => parseSchemaText(text)).toThrow(refused)
})
