import assert from 'node:assert/strict'
import type { KeyRange } from '@millrace/core'
import {
  bytes,
  entriesOf,
  hex,
  keysOf,
  type StoreCase,
  syncReads,
  utf8,
  withState,
  writePairs,
} from './store-harness.ts'

/** In the order of unsigned bytes, a prefix before what it begins. */
const ORDERED = [
  bytes(),
  bytes(0),
  bytes(0, 0),
  bytes(0, 1),
  bytes(1),
  bytes(0x7f),
  bytes(0x80),
  bytes(0xff),
  bytes(0xff, 0xff),
]

const RANGES: readonly KeyRange[] = [
  {},
  { from: bytes(0, 0) },
  { to: bytes(0x80) },
  { from: bytes(0, 1), to: bytes(0xff) },
  { from: bytes(2), to: bytes(3) },
  { from: bytes(1), to: bytes(1) },
  { from: bytes(0x80), to: bytes(1) },
  { from: bytes(), to: bytes() },
  { from: bytes(0xff, 0xff, 0xff) },
  { limit: 0 },
  { limit: 1 },
  { from: bytes(0), limit: 3 },
  { limit: 100 },
]

const MANY = 1500

function numbered(number: number): Uint8Array {
  return utf8(String(number).padStart(6, '0'))
}

export const storeReadCases: readonly StoreCase[] = [
  {
    name: 'a new store is empty',
    run: harness =>
      withState(harness, ['a'], async state => {
        const store = state.store('a')
        assert.equal(await store.get(utf8('k')), undefined)
        assert.deepEqual(await entriesOf(store), [])
        assert.equal(await store.approximateCount(), 0)
        assert.deepEqual(await state.offsets(), [])
      }),
  },
  {
    name: 'get gives what was written, also an empty value and an empty key',
    run: harness =>
      withState(harness, ['a'], async state => {
        await writePairs(state, 'a', [
          [utf8('k'), bytes(0, 255, 128)],
          [utf8('empty'), bytes()],
          [bytes(), utf8('no key')],
        ])
        const store = state.store('a')
        assert.equal(hex(await store.get(utf8('k'))), '00ff80')
        assert.equal(hex(await store.get(utf8('empty'))), '')
        assert.equal(hex(await store.get(bytes())), hex(utf8('no key')))
        assert.equal(await store.get(utf8('K')), undefined)
      }),
  },
  {
    name: 'long keys and large values come back whole',
    run: harness =>
      withState(harness, ['a'], async state => {
        const key = new Uint8Array(3000).fill(0xfe)
        const value = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251)
        await writePairs(state, 'a', [[key, value]])
        assert.equal(hex(await state.store('a').get(key)), hex(value))
        assert.deepEqual(await keysOf(state.store('a')), [hex(key)])
      }),
  },
  {
    name: 'getMany gives one answer for each key in their order, misses and repeated keys too',
    run: harness =>
      withState(harness, ['a'], async state => {
        const store = state.store('a')
        await writePairs(state, 'a', [
          [utf8('x'), bytes(1)],
          [utf8('y'), bytes(2)],
          [utf8('z'), bytes()],
        ])
        const values = await store.getMany(['y', 'nothing', 'x', 'z', 'y'].map(utf8))
        assert.deepEqual(values.map(hex), ['02', undefined, '01', '', '02'])
        assert.deepEqual(await store.getMany([]), [])
      }),
  },
  {
    name: 'getMany answers thousands of keys at once',
    run: harness =>
      withState(harness, ['a'], async state => {
        const keys = Array.from({ length: MANY * 4 }, (_, number) => numbered(number))
        const even = keys.filter((_, number) => number % 2 === 0)
        await writePairs(
          state,
          'a',
          even.map(key => [key, key]),
        )
        const values = await state.store('a').getMany(keys)
        assert.deepEqual(
          values.map(hex),
          keys.map((key, number) => (number % 2 === 0 ? hex(key) : undefined)),
        )
      }),
  },
  {
    name: 'getSync is there exactly where the capabilities say so',
    run: harness =>
      withState(harness, ['a'], async state => {
        assert.equal(state.store('a').getSync !== undefined, harness.backend.capabilities.syncReads)
        await using snapshot = state.store('a').snapshot()
        assert.equal(snapshot.getSync !== undefined, harness.backend.capabilities.syncReads)
      }),
  },
  {
    name: 'getSync gives what get gives',
    requires: syncReads,
    run: harness =>
      withState(harness, ['a'], async state => {
        await writePairs(state, 'a', [[utf8('k'), bytes(7)]])
        assert.equal(hex(state.store('a').getSync?.(utf8('k'))), '07')
        assert.equal(state.store('a').getSync?.(utf8('other')), undefined)
      }),
  },
  {
    name: 'iteration is in the order of unsigned bytes, within from (inclusive) and to (exclusive), up to limit, both ways',
    run: harness =>
      withState(harness, ['before', 'a', 'after'], async state => {
        // Written out of order, between neighbours that must not be seen.
        const shuffled = ORDERED.map((_, index) => ORDERED[(index * 5) % ORDERED.length]!)
        for (const store of ['a', 'before', 'after']) {
          await writePairs(
            state,
            store,
            shuffled.map(key => [key, utf8(store)]),
          )
        }
        for (const range of RANGES) {
          for (const reverse of [false, true]) {
            const { from, to, limit = Infinity } = range
            const inRange = ORDERED.filter(key => {
              return (
                (from === undefined || Buffer.compare(key, from) >= 0) &&
                (to === undefined || Buffer.compare(key, to) < 0)
              )
            })
            const expected = (reverse ? inRange.reverse() : inRange).slice(0, limit)
            const entries = await entriesOf(state.store('a'), { ...range, reverse })
            assert.deepEqual(
              entries.map(([key]) => hex(key)),
              expected.map(hex),
              `${JSON.stringify(range)} ${reverse}`,
            )
            assert.ok(entries.every(([, value]) => hex(value) === hex(utf8('a'))))
          }
        }
      }),
  },
  {
    name: 'iteration goes over many chunks, and the end stays the end',
    run: harness =>
      withState(harness, ['a'], async state => {
        const keys = Array.from({ length: MANY }, (_, number) => numbered(number))
        await writePairs(
          state,
          'a',
          keys.map(key => [key, key]),
        )
        const store = state.store('a')
        assert.deepEqual(await keysOf(store), keys.map(hex))
        assert.deepEqual(await keysOf(store, { reverse: true }), keys.toReversed().map(hex))
        assert.deepEqual(await keysOf(store, { limit: 512 }), keys.slice(0, 512).map(hex))
        assert.deepEqual(await keysOf(store, { reverse: true, limit: 600 }), keys.toReversed().slice(0, 600).map(hex))

        await using iterator = store.iterate({ from: numbered(1) })
        let count = 0
        for (let chunk = await iterator.nextChunk(); chunk.length > 0; chunk = await iterator.nextChunk())
          count += chunk.length
        assert.equal(count, MANY - 1)
        assert.deepEqual(await iterator.nextChunk(), [])
      }),
  },
  {
    name: 'an iterator shows the store as of the call, whatever is written after it',
    run: harness =>
      withState(harness, ['a'], async state => {
        const keys = Array.from({ length: MANY }, (_, number) => numbered(number))
        await writePairs(
          state,
          'a',
          keys.map(key => [key, bytes(1)]),
        )
        await using iterator = state.store('a').iterate()
        await state.write(
          [{ store: 'a', deleteRanges: [{ from: numbered(700) }], keys: [utf8('0')], values: [bytes(2)] }],
          [],
        )
        const seen: (string | undefined)[] = []
        for await (const [key] of iterator) seen.push(hex(key))
        assert.deepEqual(seen, keys.map(hex))
      }),
  },
  {
    name: 'an iterator sees what was written before the call, also while others from before the write are open',
    run: harness =>
      withState(harness, ['a'], async state => {
        await writePairs(state, 'a', [[utf8('k'), bytes(0)]])
        const iterators = []
        for (let round = 1; round <= 5; round++) {
          iterators.push(state.store('a').iterate(), state.store('a').iterate())
          await writePairs(state, 'a', [[utf8('k'), bytes(round)]])
        }
        for (const [index, iterator] of iterators.entries()) {
          const seen: (string | undefined)[] = []
          for await (const [, value] of iterator) seen.push(hex(value))
          assert.deepEqual(seen, [hex(bytes(Math.floor(index / 2)))])
        }
      }),
  },
  {
    name: 'an iterator that is left early ends itself, and a disposed one gives nothing more',
    run: harness =>
      withState(harness, ['a'], async state => {
        const keys = Array.from({ length: MANY }, (_, number) => numbered(number))
        await writePairs(
          state,
          'a',
          keys.map(key => [key, key]),
        )
        for (let round = 0; round < 20; round++) {
          const iterator = state.store('a').iterate({ reverse: round % 2 === 1 })
          for await (const [key] of iterator) {
            assert.equal(hex(key), hex(numbered(round % 2 === 1 ? MANY - 1 : 0)))
            break
          }
          assert.deepEqual(await iterator.nextChunk(), [])
        }
        const unread = state.store('a').iterate()
        await unread[Symbol.asyncDispose]()
        await unread[Symbol.asyncDispose]()
        assert.deepEqual(await unread.nextChunk(), [])
      }),
  },
  {
    name: 'a snapshot is unchanged by later writes until it is disposed',
    run: harness =>
      withState(harness, ['a'], async state => {
        const store = state.store('a')
        await writePairs(state, 'a', [
          [utf8('x'), bytes(1)],
          [utf8('y'), bytes(2)],
        ])
        const first = store.snapshot()
        await writePairs(state, 'a', [
          [utf8('x'), bytes(9)],
          [utf8('y'), null],
          [utf8('z'), bytes(3)],
        ])
        const second = store.snapshot()
        await state.write([{ store: 'a', deleteRanges: [{}], keys: [], values: [] }], [])

        assert.deepEqual((await first.getMany(['x', 'y', 'z'].map(utf8))).map(hex), ['01', '02', undefined])
        assert.equal(hex(await first.get(utf8('x'))), '01')
        assert.deepEqual(
          await keysOf(first, { reverse: true }),
          ['y', 'x'].map(key => hex(utf8(key))),
        )
        assert.deepEqual((await second.getMany(['x', 'y', 'z'].map(utf8))).map(hex), ['09', undefined, '03'])
        assert.deepEqual(
          await keysOf(second),
          ['x', 'z'].map(key => hex(utf8(key))),
        )
        assert.deepEqual(await keysOf(store), [])

        await first[Symbol.asyncDispose]()
        await first[Symbol.asyncDispose]()
        await assert.rejects(first.get(utf8('x')), { code: 'MILLRACE_STORE_CLOSED' })
        assert.equal(hex(await second.get(utf8('x'))), '09')
        await second[Symbol.asyncDispose]()
      }),
  },
  {
    name: 'approximateCount is near the number of entries of the store',
    run: harness =>
      withState(harness, ['a', 'b'], async state => {
        const keys = Array.from({ length: MANY }, (_, number) => numbered(number))
        await writePairs(
          state,
          'a',
          keys.map(key => [key, bytes(1)]),
        )
        await writePairs(
          state,
          'b',
          keys.slice(0, MANY / 3).map(key => [key, bytes(1)]),
        )
        for (const [store, entries] of [
          ['a', MANY],
          ['b', MANY / 3],
        ] as const) {
          const count = await state.store(store).approximateCount()
          assert.ok(count >= entries / 3 && count <= entries * 3, `${store}: ${count} for ${entries}`)
        }
      }),
  },
]
