import '../record/node-byte-arrays.ts'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteSink } from '../record/byte-sink.ts'
import { list } from './list.ts'
import { boolean, double, float, int, long, safeLong, short } from './number-serdes.ts'
import type { Serde } from './serde.ts'
import { bytes, string, uuid, voidSerde } from './text-serdes.ts'
import { sessionWindowed, timeWindowed } from './windowed-serdes.ts'

const utf16 = fc.string({ unit: fc.integer({ max: 0xffff }).map(unit => String.fromCharCode(unit)) })
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 20 }), utf16)
const wellFormed = anyText.map(text => text.toWellFormed())
const windowStart = fc.nat(2 ** 48)

/** Each serde and the values that come back as they went in. */
const roundTrips: readonly [string, Serde<unknown>, fc.Arbitrary<unknown>][] = [
  ['string', string(), wellFormed],
  ['bytes', bytes(), fc.uint8Array().map(array => Buffer.from(array))],
  ['short', short(), fc.integer({ min: -32768, max: 32767 })],
  ['int', int(), fc.integer()],
  ['long', long(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['safeLong', safeLong(), fc.maxSafeInteger()],
  ['double', double(), fc.double()],
  ['float', float(), fc.float()],
  ['boolean', boolean(), fc.boolean()],
  ['uuid', uuid(), fc.uuid()],
  ['list(int)', list(int()), fc.array(fc.integer())],
  ['list(int), nullable', list(int(), { nullable: true }), fc.array(fc.option(fc.integer()))],
  ['list(string), nullable', list(string(), { nullable: true }), fc.array(fc.option(wellFormed))],
  ['list(list(long))', list(list(long())), fc.array(fc.array(fc.bigInt({ min: 0n, max: 2n ** 60n })))],
  [
    'timeWindowed',
    timeWindowed(string(), { sizeMs: 500 }),
    fc.record({ key: wellFormed, window: windowStart.map(start => ({ start, end: start + 500 })) }),
  ],
  [
    'timeWindowed without an end',
    timeWindowed(string(), { sizeMs: Infinity }),
    fc.record({ key: wellFormed, window: windowStart.map(start => ({ start, end: Infinity })) }),
  ],
  [
    'sessionWindowed',
    sessionWindowed(list(int())),
    fc.record({ key: fc.array(fc.integer()), window: fc.record({ start: windowStart, end: windowStart }) }),
  ],
]

/** The hot path's bytes of a value, written behind others and read from the middle of a buffer. */
function inPlace(serde: Serde<unknown>, value: unknown): { bytes: Buffer; back: unknown } {
  const sink = new ByteSink(16)
  sink.append(Buffer.from('before'))
  serde.write!(value, sink)
  const end = sink.position
  sink.append(Buffer.from('after'))
  return { bytes: Buffer.from(sink.buffer.subarray(6, end)), back: serde.read!(sink.buffer, 6, end) }
}

it.each(roundTrips)('gives back what it wrote, on both paths alike: %s', (_name, serde, values) => {
  fc.assert(
    fc.property(values, value => {
      const serialized = serde.serialize(value, 't')
      expect(serde.deserialize(Uint8Array.from(serialized), 't')).toEqual(value)
      const { bytes, back } = inPlace(serde, value)
      expect(bytes).toEqual(serialized)
      expect(back).toEqual(value)
    }),
  )
})

it('decodes and encodes text as the encoding standard says', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(wellFormed, fc.nat()).map(([text, at]) => {
      const utf8 = new TextEncoder().encode(text)
      return Uint8Array.from(utf8.subarray(0, utf8.length - (at % 3)))
    }),
  )
  fc.assert(
    fc.property(damaged, array => {
      expect(string().deserialize(array, 't')).toBe(decoder.decode(array))
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(anyText, text => {
      if (text.isWellFormed())
        expect(new Uint8Array(string().serialize(text, 't'))).toEqual(new TextEncoder().encode(text))
      else expect(() => string().serialize(text, 't')).toThrow('MILLRACE_SERDE_ENCODE')
    }),
    { numRuns: 1000 },
  )
})

it.each([
  ['a\ud800', 1],
  ['\udc00 and a long text after it 😀', 0],
  ['😀 sliced: 😀'.slice(0, -1), 11],
])('refuses half of a surrogate pair, and appends nothing: %j', (text, index) => {
  const sink = new ByteSink(4)
  sink.append(Buffer.from('x'))
  const write = () => string().write!(text, sink)
  expect(write).toThrow(`half of a surrogate pair at index ${index}: use text.toWellFormed()`)
  expect(sink.position).toBe(1)
  expect(() => list(string()).serialize([text], 't')).toThrow('MILLRACE_SERDE_ENCODE')
})

it.each([
  ['a UUID', uuid(), 7],
  ['a UUID', uuid(), { toString: () => '123e4567-e89b-12d3-a456-426614174000' }],
  ['a windowed key', timeWindowed(string(), { sizeMs: 1 }), 'a'],
  ['a windowed key', timeWindowed(string(), { sizeMs: 1 }), null],
  ['a window', timeWindowed(string(), { sizeMs: 1 }), { key: 'a', window: { start: 0.5, end: 1.5 } }],
  ['a session', sessionWindowed(string()), { key: 'a', window: { start: 0, end: Number.POSITIVE_INFINITY } }],
  ['a session', sessionWindowed(string()), { key: 'a', window: { start: Number.NaN, end: 1 } }],
])('refuses what is not %s, on both paths', (_what, serde, value) => {
  expect(() => serde.serialize(value as never, 't')).toThrow('MILLRACE_SERDE_ENCODE')
  expect(() => serde.write!(value as never, new ByteSink(8))).toThrow('MILLRACE_SERDE_ENCODE')
})

it('decodes ASCII of every length, with a byte that is none in every place', () => {
  for (let length = 0; length <= 20; length++) {
    const text = 'abcdefghijklmnopqrstuvwxyz'.slice(0, length)
    expect(string().deserialize(Buffer.from(text), 't')).toBe(text)
    for (let at = 0; at < length; at++) {
      const bytes = Buffer.from(text)
      bytes[at] = 0x80
      expect(string().deserialize(bytes, 't')).toBe(`${text.slice(0, at)}\ufffd${text.slice(at + 1)}`)
    }
  }
})

describe('bytes of Kafka', () => {
  // Made by kafka-clients itself: see test/differential/java-fixtures.
  const fixture = <Row>(name: string): Row[] =>
    JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'))
  const number = (value: unknown) => Number(value)
  const same = (value: unknown) => value
  const known: Readonly<Record<string, readonly [Serde<unknown>, (json: unknown) => unknown]>> = {
    string: [string(), same],
    bytes: [bytes(), value => Buffer.from(String(value), 'hex')],
    short: [short(), same],
    int: [int(), same],
    long: [long(), value => BigInt(String(value))],
    double: [double(), number],
    float: [float(), number],
    boolean: [boolean(), same],
    uuid: [uuid(), same],
    'list(int)': [list(int(), { nullable: true }), same],
    'list(short)': [list(short()), same],
    'list(safeLong)': [list(safeLong()), same],
    'list(double)': [list(double()), same],
    'list(float)': [list(float()), same],
    'list(boolean)': [list(boolean(), { nullable: true }), same],
    'list(uuid)': [list(uuid(), { nullable: true }), same],
    'list(string)': [list(string(), { nullable: true }), same],
    'list(list(int))': [list(list(int())), same],
    'timeWindowed(string)': [timeWindowed(string(), { sizeMs: 60_000 }), same],
    'sessionWindowed(string)': [sessionWindowed(string()), same],
  }
  const rows = fixture<{ serde: string; value: unknown; bytes: string }>('serdes')

  it('has every serde in the fixtures', () => {
    expect(new Set(rows.map(row => row.serde))).toEqual(new Set(Object.keys(known)))
  })

  it.each(rows)('$serde $value', row => {
    const [serde, fromJson] = known[row.serde]!
    const value = fromJson(row.value)
    expect(serde.name).toBe(row.serde)
    expect(Buffer.from(serde.serialize(value, 't')).toString('hex')).toBe(row.bytes)
    expect(serde.deserialize(Buffer.from(row.bytes, 'hex'), 't')).toEqual(value)
  })

  const longs = rows.filter(row => row.serde === 'long')
  const isSafe = (row: { value: unknown }) => Number.isSafeInteger(Number(row.value))

  it.each(longs.filter(isSafe))('safeLong has the bytes of long: $value', ({ value, bytes: hex }) => {
    expect(safeLong().deserialize(Buffer.from(hex, 'hex'), 't')).toBe(Number(value))
    expect(Buffer.from(safeLong().serialize(Number(value), 't')).toString('hex')).toBe(hex)
  })

  it.each(longs.filter(row => !isSafe(row)))('safeLong refuses $value', ({ value, bytes: hex }) => {
    const message = `MILLRACE_SERDE_DECODE: The bytes cannot be decoded as safeLong: ${String(value)} is outside`
    expect(() => safeLong().deserialize(Buffer.from(hex, 'hex'), 't')).toThrow(message)
  })

  const illFormed = fixture<{ bytes: string; text: string }>('ill-formed-utf8')

  it.each(illFormed.filter(row => row.bytes !== 'eda080'))('reads ill-formed $bytes as Java does', row => {
    expect(string().deserialize(Buffer.from(row.bytes, 'hex'), 't')).toBe(row.text)
  })

  it('reads an encoded surrogate as the encoding standard says, which is not as Java does', () => {
    expect(illFormed.find(row => row.bytes === 'eda080')).toEqual({ bytes: 'eda080', text: '\ufffd' })
    expect(string().deserialize(Buffer.from('eda080', 'hex'), 't')).toBe('\ufffd\ufffd\ufffd')
  })
})

it.each<[string, Serde<unknown>, string, RegExp]>([
  ['short', short(), '01', /1 bytes where 2/],
  ['int', int(), '0102030405', /5 bytes where 4/],
  ['long', long(), '', /0 bytes where 8/],
  ['safeLong', safeLong(), '01', /1 bytes where 8/],
  ['safeLong', safeLong(), '0020000000000000', /9007199254740992 is outside/],
  ['safeLong', safeLong(), '0020000000000001', /9007199254740993 is outside/],
  ['double', double(), '0102', /2 bytes where 8/],
  ['float', float(), '0102', /2 bytes where 4/],
  ['boolean', boolean(), '02', /neither 0 nor 1/],
  ['boolean', boolean(), '0101', /2 bytes where 1/],
  ['uuid', uuid(), '3132', /"12" is not a UUID/],
  ['void', voidSerde(), '00', /1 bytes where null/],
  ['timeWindowed(int)', timeWindowed(int(), { sizeMs: 1 }), '00', /1 bytes where at least 8/],
  ['int', timeWindowed(int(), { sizeMs: 1 }), '000000000000000000', /1 bytes where 4/],
  ['sessionWindowed(int)', sessionWindowed(int()), '000000000000000000', /9 bytes where at least 16/],
  ['list(int)', list(int()), '', /1 bytes were expected where 0/],
  ['list(int)', list(int()), '05', /the strategy is 5/],
  ['list(int)', list(int()), '00000000000000000200000001', /8 bytes were expected where 4/],
  ['list(int)', list(int()), '0100000001ffffffff', /an element is null/],
  ['list(int)', list(int()), '0100000001fffffffe', /length of an element is -2/],
  ['list(int)', list(int()), '01ffffffff', /a count is -1/],
  ['list(string)', list(string()), '017fffffff', /bytes were expected where 0 are left/],
  ['list(string)', list(string()), '000000000000000000', /string has no constant size/],
])('refuses bytes that are no %s', (name, serde, hex, reason) => {
  const padded = Buffer.from(`aa${hex}aa`, 'hex')
  const decodings = [() => serde.deserialize(Buffer.from(hex, 'hex'), 't')]
  if (serde.read) decodings.push(() => serde.read!(padded, 1, padded.length - 1))
  for (const decoding of decodings) {
    expect(decoding).toThrow(`MILLRACE_SERDE_DECODE: The bytes cannot be decoded as ${name}: `)
    expect(decoding).toThrow(reason)
  }
})

it.each<[string, Serde<unknown>, unknown, string]>([
  ['short', short(), 32768, '32768 is not'],
  ['short', short(), 1.5, '1.5 is not'],
  ['int', int(), 2 ** 31, '2147483648 is not'],
  ['int', int(), NaN, 'NaN is not'],
  ['int', int(), '1', '"1" is not'],
  ['int', int(), undefined, 'undefined is not'],
  ['long', long(), 2n ** 63n, '9223372036854775808n does not fit'],
  ['long', long(), 5, '5 is not a bigint'],
  ['safeLong', safeLong(), 2 ** 53, '9007199254740992 is not'],
  ['safeLong', safeLong(), 5n, '5n is not'],
  ['double', double(), '1', '"1" is not'],
  ['float', float(), 1e39, '1e+39 is too large'],
  ['boolean', boolean(), 1, '1 is not'],
  ['uuid', uuid(), 'x'.repeat(50), `"${'x'.repeat(40)}…" is not`],
  ['string', string(), {}, 'an object is not a string'],
  ['bytes', bytes(), 'text', '"text" is not'],
  ['void', voidSerde(), 1, '1 has no bytes'],
  ['list(int)', list(int()), 5, 'the value is not an array'],
  ['list(int)', list(int()), [null], 'an element is null'],
])('refuses a value that is no %s', (name, serde, value, reason) => {
  const message = `MILLRACE_SERDE_ENCODE: The value cannot be encoded as ${name}: ${reason}`
  const encodings: (() => unknown)[] = [() => serde.serialize(value, 't')]
  if (serde.write) encodings.push(() => serde.write!(value, new ByteSink()))
  for (const encoding of encodings) expect(encoding).toThrow(message)
})

it('leaves the scratch space as it was after an error', () => {
  expect(() => list(int()).serialize([1, 2, 0.5], 't')).toThrow('0.5 is not')
  expect(Buffer.from(int().serialize(1, 't')).toString('hex')).toBe('00000001')
})

it('says which values may be kept and which records need not be opened', () => {
  const all = [string(), bytes(), short(), int(), long(), safeLong(), double(), float(), boolean(), uuid(), voidSerde()]
  expect(all.filter(serde => serde.transparent).map(serde => serde.name)).toEqual(['string', 'bytes'])
  expect(all.filter(serde => !serde.immutable).map(serde => serde.name)).toEqual(['bytes'])
  expect(list(int()).immutable ?? false).toBe(false)
  const inner = string()
  expect([timeWindowed(inner, { sizeMs: 1 }).inner, sessionWindowed(inner).inner]).toEqual([inner, inner])
})

it('hands topic and headers to an inner serde that asks for them', () => {
  const byTopic: Serde<string> = {
    name: 'byTopic',
    serialize: (value, topic, headers) => Buffer.from(`${topic}/${headers?.length ?? 0}/${value}`),
    deserialize: (bytes, topic, headers) => `${Buffer.from(bytes).toString()} from ${topic}/${headers?.length ?? 0}`,
  }
  const headers = [{ key: 'h', value: null }]
  const listed = list(byTopic)
  const windowed = timeWindowed(byTopic, { sizeMs: 5 })
  for (const serde of [listed, windowed]) {
    expect(serde).not.toHaveProperty('read')
    expect(serde).not.toHaveProperty('write')
  }
  expect(listed.deserialize(listed.serialize(['a'], 't', headers), 'u', headers)).toEqual(['t/1/a from u/1'])
  const window = { start: 10, end: 15 }
  expect(windowed.deserialize(windowed.serialize({ key: 'a', window }, 't', headers), 'u')).toEqual({
    key: 't/1/a from u/0',
    window,
  })
})
