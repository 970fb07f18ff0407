import { expect, it } from 'vitest'
import { compareRuns } from './compare-run.ts'
import type { RunOutput, RunResult, StoreEntry } from './java-peer.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const record = (key: string, value: string | null, timestamp = 1): RunOutput => ({
  key: base64(key),
  value: value === null ? null : base64(value),
  timestamp,
  headers: [],
})
const entry = (key: string, value: string, window?: number): StoreEntry => ({
  key: base64(key),
  value: base64(value),
  timestamp: 1,
  ...(window === undefined ? {} : { windowStart: window, windowEnd: window + 5 }),
})
const run = (out: readonly RunOutput[], store: readonly StoreEntry[] = []): RunResult => ({
  outputs: { out },
  stores: { store },
})

it.each<[string, RunResult, RunResult]>([
  [
    'store entries in another order',
    run([], [entry('a', '1', 0), entry('a', '1', 5)]),
    run([], [entry('a', '1', 5), entry('a', '1', 0)]),
  ],
  ['a topic that was never written and one without records', run([]), { outputs: {}, stores: { store: [] } }],
])('takes as equal: %s', (_what, java, ours) => {
  expect(compareRuns(java, ours)).toEqual([])
})

it.each<[string, RunResult, RunResult, string]>([
  [
    'keys in another order among each other',
    run([record('a', '1'), record('b', '1')]),
    run([record('b', '1'), record('a', '1')]),
    'topic out, in the order among keys, number 0: Java "a": "1" at 1, Millrace "b": "1" at 1',
  ],
  [
    'order within a key',
    run([record('a', '1'), record('a', '2')]),
    run([record('a', '2'), record('a', '1')]),
    'number 0: Java "1" at 1, Millrace "2" at 1',
  ],
  [
    'a missing record',
    run([record('a', '1')]),
    run([]),
    'topic out, key "a", number 0: Java "1" at 1, Millrace nothing',
  ],
  ['a record too many', run([]), run([record('a', null)]), 'Java nothing, Millrace null at 1'],
  ['timestamps', run([record('a', '1', 1)]), run([record('a', '1', 2)]), 'Java "1" at 1, Millrace "1" at 2'],
  [
    'headers',
    run([{ ...record('a', '1'), headers: [['h', base64('x')]] }]),
    run([record('a', '1')]),
    'Java "1" at 1 h="x", Millrace "1" at 1',
  ],
  [
    'null and the text null',
    run([record('a', 'null')]),
    run([record('a', null)]),
    'Java "null" at 1, Millrace null at 1',
  ],
  ['bytes that are no text', run([record('a', '\u0000')]), run([record('a', '')]), 'Java 0x00 at 1, Millrace "" at 1'],
  [
    'windows of a store',
    run([], [entry('a', '1', 0)]),
    run([], [entry('a', '1', 5)]),
    'store store, key "a" @0/5, number 0: Java "1" at 1, Millrace nothing',
  ],
])('tells apart: %s', (_what, java, ours, says) => {
  expect(compareRuns(java, ours)[0]?.shown).toContain(says)
})

it('leaves the order among keys out where it says nothing', () => {
  const [ab, ba] = [run([record('a', '1'), record('b', '1')]), run([record('b', '1'), record('a', '1')])]
  expect(compareRuns(ab, ba, new Set(['out']))).toEqual([])
})
