import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { sessionWindowed, timeWindowed } from '../serde/windowed-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import { windowed } from './windowed.ts'

class Shop {
  readonly id: string
  constructor(id: string) {
    this.id = id
  }
  toString(): string {
    return `shop ${this.id}`
  }
}

it.each([
  ['text', 'ann', '[ann@60000/120000]'],
  ['a number', 7, '[7@60000/120000]'],
  ['a bigint', 7n, '[7@60000/120000]'],
  ['another windowed key', windowed('ann', 1, 2), '[[ann@1/2]@60000/120000]'],
  ['an object', { shop: 7, region: 'north' }, '[{"shop":7,"region":"north"}@60000/120000]'],
  ['a list', ['a', 'b'], '[["a","b"]@60000/120000]'],
  ['an object with a text of its own', new Shop('a'), '[shop a@60000/120000]'],
  ['a date', new Date(0), '[1970-01-01T00:00:00.000Z@60000/120000]'],
  ['bytes', Uint8Array.of(1, 255), '[0x01ff@60000/120000]'],
])('prints the window of %s as Java does', (_name, key, text) => {
  const made = windowed(key, 60_000, 120_000)
  expect([String(made), ['key', made].join(' ')]).toEqual([text, `key ${text}`])
})

it('prints the end of a window that never ends as the largest int64', () => {
  expect(String(windowed('a', 0, Number.POSITIVE_INFINITY))).toBe('[a@0/9223372036854775807]')
})

it('prints what serdes read', () => {
  const time = timeWindowed(string(), { sizeMs: 10 })
  const session = sessionWindowed(string())
  const given = windowed('a', 5, 15)
  for (const serde of [time, session]) {
    const bytes = Buffer.from(serde.serialize(given, 't'))
    expect([serde.deserialize(bytes, 't'), serde.read!(bytes, 0, bytes.length)].map(String)).toEqual([
      '[a@5/15]',
      '[a@5/15]',
    ])
  }
})

it('is deeply equal to a plain object, and nothing else of it is to be seen', () => {
  const plain = { key: 'a', window: { start: 0, end: 1 } }
  const made = windowed('a', 0, 1)
  expect(isDeepStrictEqual(made, plain)).toBe(true)
  expect(JSON.stringify(made)).toBe(JSON.stringify(plain))
  expect(Object.keys(made)).toEqual(['key', 'window'])
  expect({ ...made }).toStrictEqual(plain)
})
