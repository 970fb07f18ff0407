import { json, type Serde, string, StreamsBuilder } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cbor } from './cbor.ts'
import { msgpack } from './msgpack.ts'

const serdes: readonly (readonly [string, () => Serde<unknown>])[] = [
  ['msgpack', () => msgpack()],
  ['cbor', () => cbor()],
]
const unreadable = () => {
  throw new Error('no entry')
}
let deep: unknown = 1
for (let depth = 0; depth < 20_000; depth++) deep = [deep]
const cycle: Record<string, unknown> = {}
cycle['self'] = { inside: cycle }
class Money {
  readonly cents = 1
}

describe.each(serdes)('%s', (name, make) => {
  const roundTrip = (value: unknown): unknown => make().deserialize(make().serialize(value, 't'), 't')

  it.each(
    [
      null,
      true,
      0,
      -1,
      1.5,
      2 ** 31,
      2 ** 32,
      -(2 ** 40),
      2 ** 53 - 1,
      1e300,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '',
      'ä€😀',
      'x'.repeat(70_000),
      [],
      [1, ['a', null]],
      {},
      { a: { b: [1] } },
      new Date(1_764_489_600_123),
      new Date(-1),
      9_007_199_254_740_993n,
      -(2n ** 63n),
      2n ** 64n - 1n,
      Uint8Array.of(1, 2, 255),
    ].map(value => [inspect(value).slice(0, 60), value] as const),
  )('%s comes back', (_what, value) => {
    expect(roundTrip(value)).toStrictEqual(value)
  })

  it('any plain value comes back', () => {
    const plain = fc
      .anything({ withBigInt: false, withDate: true, maxDepth: 4, withNullPrototype: false })
      .filter(value => !/__proto__|-0/.test(inspect(value, { depth: 9 })))
    fc.assert(
      fc.property(plain, value => {
        let bytes: Uint8Array
        try {
          bytes = make().serialize(value, 't')
        } catch (error) {
          expect(error).toMatchObject({ code: 'MILLRACE_SERDE_ENCODE' })
          return
        }
        expect(make().deserialize(bytes, 't')).toEqual(value)
      }),
    )
  })

  it.each<[string, unknown, string]>([
    ['a Map', { tags: new Map() }, '$.tags is an object of Map: make it an object'],
    ['a Set', [new Set()], '$[0] is an object of Set: make it an array'],
    ['an object of a class', { price: new Money() }, '$.price is an object of Money: write a plain object'],
    ['a function', { 'a b': { f: () => 1 } }, '$["a b"].f is a function'],
    ['a symbol', Symbol('s'), '$ is a symbol'],
    ['an invalid Date', [new Date(Number.NaN)], '$[0] is an invalid Date'],
    ['a bigint of 65 bits', { n: 2n ** 64n }, '$.n is 18446744073709551616n'],
    ['half of a pair', ['\ud800'], '$[0] has half of a surrogate pair'],
    ['half of a pair in a name', { a: { '\ud800': 1 } }, '$.a has a member "\\ud800" with half of a surrogate pair'],
    ['a getter that throws', Object.defineProperty({}, 'a', { enumerable: true, get: unreadable }), 'no entry'],
    ['a value that is too deep', deep, 'Maximum call stack'],
    ['a cycle', cycle, '$.self.inside is an object that contains itself'],
  ])('%s is refused with its place', (_what, value, reason) => {
    expect(() => make().serialize(value, 't')).toThrow(expect.objectContaining({ code: 'MILLRACE_SERDE_ENCODE' }))
    expect(() => make().serialize(value, 't')).toThrow(reason)
  })

  it.each([
    ['nothing', ''],
    ['what is cut off', name === 'cbor' ? '6561' : 'a561'],
    ['what goes on', '0101'],
  ])('%s is no value', (_what, hex) => {
    const failed = expect.objectContaining({ code: 'MILLRACE_SERDE_DECODE' }) as Error
    expect(() => make().deserialize(Buffer.from(hex, 'hex'), 't')).toThrow(failed)
  })

  it('a member named __proto__ is no prototype', () => {
    // { "__proto__": { "x": 1 } }
    const hex = name === 'cbor' ? 'a1695f5f70726f746f5f5fa1617801' : '81a95f5f70726f746f5f5f81a17801'
    let value: unknown = {}
    try {
      value = make().deserialize(Buffer.from(hex, 'hex'), 't')
    } catch (error) {
      expect(error).toMatchObject({ code: 'MILLRACE_SERDE_DECODE' })
    }
    expect((value as { readonly x?: number }).x).toBeUndefined()
  })

  it('reads and writes topics, and names the operator of what it cannot write', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: string(), value: json<{ n: number }>() })
      .mapValues(({ n }) => ({ n: n === 2 ? new Map() : n }))
      .to('out', { key: string(), value: make() })
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', { key: string(), value: json<{ n: number }>() })
    await input.pipeInput('a', { n: 1 })
    expect(driver.createOutputTopic('out', { key: string(), value: make() }).readValue()).toEqual({ n: 1 })
    await expect(input.pipeInput('a', { n: 2 })).rejects.toThrow(/\$\.n is an object of Map/)
  })
})

it('keys have equal bytes where that is asked for', () => {
  const [one, other] = [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ]
  expect(cbor().serialize(one, 't')).toEqual(cbor().serialize(other, 't'))
  const sorted = msgpack({ propertyOrder: 'sorted' })
  expect(sorted.serialize(one, 't')).toEqual(sorted.serialize(other, 't'))
})

it('bytes are those of the formats', () => {
  expect(Buffer.from(msgpack().serialize({ a: 1, b: [true, null] }, 't')).toString('hex')).toBe('82a16101a16292c3c0')
  expect(Buffer.from(cbor().serialize({ a: 1, b: [true, null] }, 't')).toString('hex')).toBe('a2616101616282f5f6')
  expect(Buffer.from(cbor().serialize(new Date(0), 't')).toString('hex')).toBe(
    'c07818313937302d30312d30315430303a30303a30302e3030305a',
  )
})

it('msgpack() does not write what it would not read', () => {
  const value = JSON.parse('{ "a": { "__proto__": 1 } }') as unknown
  expect(() => msgpack().serialize(value, '')).toThrow('$.a has a member __proto__')
  expect(cbor().deserialize(cbor().serialize(value, ''), '')).toEqual(value)
})
