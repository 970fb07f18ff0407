import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { KeyRange } from '../ports/store.ts'
import { compareBytes } from '../state/compare-bytes.ts'
import {
  isSessionKeyOf,
  isWindowKeyOf,
  keyOfSessionKey,
  keyOfWindowKey,
  sessionKey,
  sessionKeyRange,
  sessionKeySpan,
  sessionKeyWindow,
  windowKey,
  windowKeyRange,
  windowKeySequence,
  windowKeySpan,
  windowKeyStart,
} from './key-layout.ts'

// Bytes of few values and times of few digits, so that keys are often prefixes of others and of times.
const key = fc.uint8Array({ max: 2, maxLength: 12 })
const time = fc.oneof(fc.nat(3), fc.constantFrom(256, 257, 2 ** 32, 2 ** 32 + 1, 2 ** 40))
const span = fc.tuple(time, time).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))

const within = (range: KeyRange, bytes: Uint8Array) =>
  (range.from === undefined || compareBytes(bytes, range.from) >= 0) &&
  (range.to === undefined || compareBytes(bytes, range.to) < 0)
const between = ({ from, to }: { from: number; to: number }, value: number) => from <= value && value <= to

it('orders bytes as Buffer does', () => {
  const bytes = fc.oneof(key, fc.uint8Array({ maxLength: 100 }))
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
    }),
  )
  const long = Buffer.alloc(70, 1)
  expect(compareBytes(long, Buffer.concat([long, Buffer.of(0)]))).toBeLessThan(0)
})

it('takes window keys apart', () => {
  fc.assert(
    fc.property(key, time, fc.nat(), (bytes, start, sequence) => {
      const stored = windowKey(bytes, start, sequence)
      expect(new Uint8Array(keyOfWindowKey(stored))).toEqual(bytes)
      expect([windowKeyStart(stored), windowKeySequence(stored)]).toEqual([start, sequence])
    }),
  )
})

it('takes session keys apart', () => {
  fc.assert(
    fc.property(key, span, (bytes, { from, to }) => {
      const stored = sessionKey(bytes, { start: from, end: to })
      expect(new Uint8Array(keyOfSessionKey(stored))).toEqual(bytes)
      expect(sessionKeyWindow(stored)).toEqual({ start: from, end: to })
    }),
  )
})

it('finds exactly the windows of a key in a range', () => {
  fc.assert(
    fc.property(key, key, time, fc.nat(), span, (wanted, other, start, sequence, times) => {
      for (const bytes of [wanted, other]) {
        const stored = windowKey(bytes, start, sequence)
        const found = within(windowKeyRange(wanted, times), stored) && isWindowKeyOf(stored, wanted)
        expect(found).toBe(Buffer.from(bytes).equals(wanted) && between(times, start))
      }
    }),
    { numRuns: 1000 },
  )
})

it('finds exactly the sessions of a key in a range', () => {
  fc.assert(
    fc.property(key, key, span, span, (wanted, other, session, times) => {
      for (const bytes of [wanted, other]) {
        const stored = sessionKey(bytes, { start: session.from, end: session.to })
        const found = within(sessionKeyRange(wanted, times), stored) && isSessionKeyOf(stored, wanted)
        expect(found).toBe(Buffer.from(bytes).equals(wanted) && between(times, session.to))
      }
    }),
    { numRuns: 1000 },
  )
})

it('misses no window and no session of the keys of a span', () => {
  fc.assert(
    fc.property(key, key, key, span, (a, b, bytes, times) => {
      const [from, to] = compareBytes(a, b) <= 0 ? [a, b] : [b, a]
      fc.pre(compareBytes(from, bytes) <= 0 && compareBytes(bytes, to) <= 0)
      const window = windowKey(bytes, times.to, 5)
      const session = sessionKey(bytes, { start: times.from, end: times.to })
      for (const keys of [{ from, to }, { from }, { to }, {}]) {
        expect(within(windowKeySpan(keys, times), window)).toBe(true)
        expect(within(sessionKeySpan(keys, times), session)).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})

it('looks at a part of the store only', () => {
  const keys = { from: Buffer.from('b'), to: Buffer.from('d') }
  const always = { from: 0, to: Infinity }
  const inSpan = (text: string) => within(windowKeySpan(keys, always), windowKey(Buffer.from(text), 1e12))
  expect(['a', 'b', 'c', 'd', 'e'].filter(inSpan)).toEqual(['b', 'c', 'd'])
})

it.each([
  ['that ends before time begins', { from: -10, to: -1 }],
  ['that ends before it begins', { from: 5, to: 4 }],
])('finds nothing in a span %s', (_name, times) => {
  const bytes = Buffer.from('k')
  for (const range of [windowKeyRange(bytes, times), windowKeySpan({}, times)]) {
    expect(within(range, windowKey(bytes, 0))).toBe(false)
  }
  for (const range of [sessionKeyRange(bytes, times), sessionKeySpan({}, times)]) {
    expect(within(range, sessionKey(bytes, { start: 0, end: 0 }))).toBe(false)
  }
})

interface StoreKeyRow {
  readonly layout: 'window' | 'session'
  readonly key: string
  readonly start: number
  readonly sequence: number
  readonly end: number
  readonly bytes: string
}

// Made by kafka-streams itself: see test/differential/java-fixtures.
it('gives the bytes of Kafka Streams', () => {
  const url = new URL('./fixtures/store-keys.json', import.meta.url)
  const rows: StoreKeyRow[] = JSON.parse(readFileSync(url, 'utf8'))
  expect(rows).toHaveLength(16)
  for (const { layout, key, start, end, sequence, bytes } of rows) {
    const keyBytes = Buffer.from(key, 'hex')
    const ours = layout === 'window' ? windowKey(keyBytes, start, sequence) : sessionKey(keyBytes, { start, end })
    expect(ours.toString('hex')).toBe(bytes)
  }
})
