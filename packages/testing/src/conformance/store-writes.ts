import assert from 'node:assert/strict'
import type { TopicPartitionOffset } from '@millrace/core'
import { bytes, entriesOf, hex, keysOf, type StoreCase, utf8, withState, writePairs } from './store-harness.ts'

const byTopicAndPartition = (a: TopicPartitionOffset, b: TopicPartitionOffset): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1

export const storeWriteCases: readonly StoreCase[] = [
  {
    name: 'null deletes, also what is not there',
    run: harness =>
      withState(harness, ['a'], async state => {
        await writePairs(state, 'a', [
          [utf8('x'), bytes(1)],
          [utf8('y'), bytes(2)],
        ])
        await writePairs(state, 'a', [
          [utf8('x'), null],
          [utf8('never'), null],
        ])
        assert.equal(await state.store('a').get(utf8('x')), undefined)
        assert.deepEqual(await keysOf(state.store('a')), [hex(utf8('y'))])
      }),
  },
  {
    name: 'of changes to one key in one write the last counts',
    run: harness =>
      withState(harness, ['a'], async state => {
        await state.write(
          [
            { store: 'a', keys: ['x', 'x', 'y'].map(utf8), values: [bytes(1), bytes(2), bytes(3)] },
            { store: 'a', keys: ['y', 'z', 'z'].map(utf8), values: [null, null, bytes(4)] },
          ],
          [],
        )
        assert.deepEqual((await state.store('a').getMany(['x', 'y', 'z'].map(utf8))).map(hex), ['02', undefined, '04'])
      }),
  },
  {
    name: 'each store has a key space of its own',
    run: harness =>
      withState(harness, ['a', 'b', 'c'], async state => {
        for (const store of ['a', 'b', 'c']) {
          await writePairs(
            state,
            store,
            [bytes(), bytes(0), bytes(0xff, 0xff, 0xff)].map(key => [key, utf8(store)]),
          )
        }
        await state.write([{ store: 'b', deleteRanges: [{}], keys: [], values: [] }], [])
        assert.deepEqual(await keysOf(state.store('b')), [])
        for (const store of ['a', 'c']) {
          const entries = await entriesOf(state.store(store))
          assert.deepEqual(
            entries.map(([key, value]) => [hex(key), hex(value)]),
            [
              ['', hex(utf8(store))],
              ['00', hex(utf8(store))],
              ['ffffff', hex(utf8(store))],
            ],
          )
        }
      }),
  },
  {
    name: 'deleteRanges removes from (inclusive) to (exclusive) before the keys of the same change are written',
    run: harness =>
      withState(harness, ['a'], async state => {
        const keys = [1, 2, 3, 4, 5, 6].map(number => bytes(number))
        await writePairs(
          state,
          'a',
          keys.map(key => [key, bytes(0)]),
        )
        await state.write(
          [
            {
              store: 'a',
              deleteRanges: [
                { to: bytes(2) },
                { from: bytes(3), to: bytes(5) },
                { from: bytes(6) },
                { from: bytes(9), to: bytes(2) },
              ],
              keys: [bytes(4), bytes(7)],
              values: [bytes(44), bytes(77)],
            },
          ],
          [],
        )
        const entries = await entriesOf(state.store('a'))
        assert.deepEqual(
          entries.map(([key, value]) => [key[0], value[0]]),
          [
            [2, 0],
            [4, 44],
            [5, 0],
            [7, 77],
          ],
        )
        await state.write([{ store: 'a', deleteRanges: [{}], keys: [bytes(1)], values: [bytes(11)] }], [])
        assert.deepEqual(await keysOf(state.store('a')), ['01'])
      }),
  },
  {
    name: 'a write goes to all stores or to none',
    run: harness =>
      withState(harness, ['a', 'b'], async state => {
        const change = (store: string) => ({ store, keys: [utf8('k')], values: [bytes(1)] })
        const position = { topic: 't', partition: 0, offset: 5 }
        await assert.rejects(state.write([change('a'), change('nobody')], [position]), {
          code: 'MILLRACE_STORE_UNKNOWN',
        })
        assert.equal(await state.store('a').get(utf8('k')), undefined)
        assert.deepEqual(await state.offsets(), [])
        await state.write([change('a'), change('b')], [position])
        assert.equal(hex(await state.store('a').get(utf8('k'))), '01')
        assert.equal(hex(await state.store('b').get(utf8('k'))), '01')
        assert.deepEqual(await state.offsets(), [position])
      }),
  },
  {
    name: 'a store that was not named at opening is unknown',
    run: harness =>
      withState(harness, ['a'], async state => {
        assert.throws(() => state.store('b'), { code: 'MILLRACE_STORE_UNKNOWN' })
      }),
  },
  {
    name: 'offsets gives the newest position of each changelog, of those never written none',
    run: harness =>
      withState(harness, ['a'], async state => {
        await state.write([], [{ topic: 'app-a-changelog', partition: 0, offset: 1 }])
        await state.write([], [])
        await state.write(
          [{ store: 'a', keys: [], values: [] }],
          [
            { topic: 'app-a-changelog', partition: 11, offset: 2 ** 40 + 3 },
            { topic: 'app-a-changelog', partition: 0, offset: 7 },
            { topic: 'app-é-changelog', partition: 0, offset: 0 },
          ],
        )
        assert.deepEqual([...(await state.offsets())].sort(byTopicAndPartition), [
          { topic: 'app-a-changelog', partition: 0, offset: 7 },
          { topic: 'app-a-changelog', partition: 11, offset: 2 ** 40 + 3 },
          { topic: 'app-é-changelog', partition: 0, offset: 0 },
        ])
      }),
  },
  {
    name: "after a write the bytes given are the caller's again",
    run: harness =>
      withState(harness, ['a'], async state => {
        const buffer = Uint8Array.from({ length: 8 }, (_, index) => index)
        const [key, value] = [buffer.subarray(0, 4), buffer.subarray(4)]
        await writePairs(state, 'a', [[key, value]])
        buffer.fill(0xee)
        assert.deepEqual(
          (await entriesOf(state.store('a'))).map(([k, v]) => [hex(k), hex(v)]),
          [['00010203', '04050607']],
        )
        assert.equal(hex(await state.store('a').get(bytes(0, 1, 2, 3))), '04050607')
      }),
  },
  {
    name: 'writes take effect in the order of the calls, also when nobody waits in between',
    run: harness =>
      withState(harness, ['a'], async state => {
        const writes = Array.from({ length: 50 }, (_, round) => {
          const keys = Array.from({ length: round % 2 === 0 ? 400 : 1 }, (_, index) => bytes(index >> 8, index & 0xff))
          return state.write(
            [{ store: 'a', keys, values: keys.map(() => bytes(round)) }],
            [{ topic: 't', partition: 0, offset: round }],
          )
        })
        await Promise.all(writes)
        assert.equal(hex(await state.store('a').get(bytes(0, 0))), hex(bytes(49)))
        assert.equal(hex(await state.store('a').get(bytes(1, 0))), hex(bytes(48)))
        assert.deepEqual(await state.offsets(), [{ topic: 't', partition: 0, offset: 49 }])
      }),
  },
]
