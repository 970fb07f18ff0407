import { ByteSink } from '@millrace/core'
import fc from 'fast-check'
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { AvroCursor } from './avro-cursor.ts'
import { compileReader } from './compile-reader.ts'
import { compileWriter } from './compile-writer.ts'
import { parseSchemaText } from './parse-schema.ts'
import { writeBigLong, writeLong } from './write-integers.ts'

const FORM = { longs: 'number', logicalTypes: {} } as const

function written(schema: object, value: unknown): Buffer {
  const sink = new ByteSink(1)
  compileWriter(parseSchemaText(JSON.stringify(schema)).type, FORM)(sink, value)
  return Buffer.from(sink.buffer.subarray(0, sink.position))
}

function read(bytes: Buffer, writer: object, reader: object = writer): unknown {
  const [from, to] = [writer, reader].map(schema => parseSchemaText(JSON.stringify(schema)).type)
  const cursor = new AvroCursor()
  cursor.start(bytes, 0, bytes.length)
  return compileReader(from!, to!, FORM)(cursor)
}

const record = (...fields: readonly object[]) => ({ type: 'record', name: 'Row', fields })
const field = (name: string, type: unknown = 'string', more: object = {}) => ({ name, type, ...more })

/** Their code is generated, or too long for that. */
describe.each([
  ['few', 0],
  ['many', 120],
])('a record of %s fields', (_what, count) => {
  const more = Array.from({ length: count }, (_, index) => field(`f${index}`, 'int'))
  const values = Object.fromEntries(more.map(({ name }, index) => [name, index]))

  it('has members of any name, in the order of the reader', () => {
    const names = ['constructor', '__proto__', 'größe', 'b', 'a']
    const schema = record(...names.map(name => field(name)), ...more)
    const value = Object.fromEntries([...names.map(name => [name, `${name}!`]), ...Object.entries(values)]) as object
    const bytes = written(record(field('b'), field('a'), ...more), value)
    const swapped = record(field('a'), field('c', 'int', { default: 7 }), field('b'), ...more)
    const found = read(bytes, record(field('b'), field('a'), ...more), swapped) as object
    expect(found).toEqual({ a: 'a!', c: 7, b: 'b!', ...values })
    expect(Object.keys(found).slice(0, 3)).toEqual(['a', 'c', 'b'])
    const own = Object.defineProperty({ ...value }, '__proto__', { value: '__proto__!', enumerable: true })
    const back = read(written(schema, own), schema) as object
    expect(Object.keys(back).slice(0, 5)).toEqual(names)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })

  it('names the field that does not fit, and the one in which the bytes end', () => {
    const inner = { type: 'array', items: { type: 'record', name: 'Line', fields: [field('price', 'double')] } }
    const schema = record(field('id', 'long'), field('lines', inner), ...more)
    const bad = { id: 1, lines: [{ price: 1 }, { price: 'much' }], ...values }
    expect(() => written(schema, bad)).toThrow('at lines[1].price: "much" is not a number')
    const bytes = written(schema, { ...bad, lines: [{ price: 1 }] })
    expect(() => read(bytes.subarray(0, 5), schema)).toThrow('at lines[].price: the bytes end within the value')
    expect(() => read(bytes.subarray(0, 0), schema)).toThrow('at id: the bytes end within the value')
  })

  it('skips what the reader does not have', () => {
    const bytes = written(record(field('a'), field('b'), ...more), { a: 'x', b: 'y', ...values })
    expect(read(bytes, record(field('a'), field('b'), ...more), record(field('b')))).toEqual({ b: 'y' })
  })
})

it('works in a process that forbids generated code', () => {
  const program = `
    import { ByteSink } from '@millrace/core'
    const [{ compileWriter }, { compileReader }, { parseSchemaText }, { AvroCursor }] = await Promise.all(
      ['compile-writer', 'compile-reader', 'parse-schema', 'avro-cursor'].map(name => import('${import.meta.dirname}/' + name + '.ts')))
    const { type } = parseSchemaText('{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"string"}]}')
    const form = { longs: 'number', logicalTypes: {} }
    const sink = new ByteSink()
    compileWriter(type, form)(sink, { a: 1, b: 'x' })
    const cursor = new AvroCursor()
    cursor.start(sink.buffer, 0, sink.position)
    let isForbidden = false
    try { new Function('') } catch { isForbidden = true }
    console.log(JSON.stringify([isForbidden, compileReader(type, type, form)(cursor)]))`
  const flags = ['--disallow-code-generation-from-strings', '--conditions=millrace-source', '--input-type=module']
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual([true, { a: 1, b: 'x' }])
})

describe('fast paths', () => {
  it('a long has the bytes of its bigint, and comes back', () => {
    const edges = [0, 31, 32, 47, 48, 49, 50, 51, 52].map(bits => 2 ** bits)
    const near = edges.flatMap(edge => [-1, 0, 1].flatMap(by => [edge + by, -edge + by]))
    const check = (value: number): void => {
      const [fast, slow] = [new ByteSink(), new ByteSink()]
      writeLong(fast, value)
      writeBigLong(slow, BigInt(value))
      const bytes = Buffer.from(fast.buffer.subarray(0, fast.position))
      expect(bytes).toEqual(Buffer.from(slow.buffer.subarray(0, slow.position)))
      const cursor = new AvroCursor()
      cursor.start(bytes, 0, bytes.length)
      expect(cursor.safeLong()).toBe(value)
      expect(cursor.position).toBe(bytes.length)
    }
    for (const value of [...near, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) check(value)
    fc.assert(fc.property(fc.maxSafeInteger(), value => check(value === 0 ? 0 : value)))
  })

  it('a text has the bytes that Node.js writes', () => {
    const check = (text: string): void => {
      const bytes = written({ type: 'string' }, text)
      const length = new ByteSink()
      writeLong(length, Buffer.byteLength(text))
      expect(bytes).toEqual(Buffer.concat([length.buffer.subarray(0, length.position), Buffer.from(text)]))
      expect(read(bytes, { type: 'string' })).toBe(Buffer.from(text).toString())
    }
    for (const length of [0, 1, 8, 9, 21, 22, 63, 64, 8191, 8192, 70_000]) {
      for (const unit of ['a', 'é', '€', '😀']) check(unit.repeat(length))
      check(`${'a'.repeat(length)}é`)
    }
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), text => check(text.toWellFormed())))
  })
})
