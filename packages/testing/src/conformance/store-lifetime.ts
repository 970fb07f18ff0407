import assert from 'node:assert/strict'
import {
  bytes,
  durable,
  hex,
  keysOf,
  silentLogger,
  type StoreCase,
  utf8,
  withState,
  writePairs,
} from './store-harness.ts'

const POSITION = { topic: 'app-a-changelog', partition: 3, offset: 12 }

export const storeLifetimeCases: readonly StoreCase[] = [
  {
    name: 'close ends open iterators and snapshots, and further reads get MILLRACE_STORE_CLOSED',
    async run(harness) {
      const state = await harness.backend.open({
        directory: harness.freshDirectory(),
        stores: ['a'],
        logger: silentLogger,
      })
      const keys = Array.from({ length: 1500 }, (_, number) => bytes(number >> 8, number & 0xff))
      await writePairs(
        state,
        'a',
        keys.map(key => [key, key]),
      )
      const store = state.store('a')
      const [started, untouched, snapshot] = [store.iterate(), store.iterate({ reverse: true }), store.snapshot()]
      const ofSnapshot = snapshot.iterate()
      await started.nextChunk()
      await ofSnapshot.nextChunk()

      await Promise.all([state.close(), state.close()])
      await state.close()

      const closed = { code: 'MILLRACE_STORE_CLOSED' }
      for (const iterator of [untouched, started, ofSnapshot]) await assert.rejects(iterator.nextChunk(), closed)
      await assert.rejects(store.get(utf8('k')), closed)
      await assert.rejects(store.getMany([utf8('k')]), closed)
      await assert.rejects(snapshot.get(utf8('k')), closed)
      await assert.rejects(state.write([], [POSITION]), closed)
      await assert.rejects(state.offsets(), closed)
      await assert.rejects(state.sync(), closed)
      assert.throws(() => store.snapshot(), closed)
      assert.throws(() => store.iterate(), closed)
      for (const open of [started, untouched, ofSnapshot, snapshot]) await open[Symbol.asyncDispose]()
    },
  },
  {
    name: 'close waits for the writes before it',
    async run(harness) {
      const directory = harness.freshDirectory()
      const state = await harness.backend.open({ directory, stores: ['a'], logger: silentLogger })
      const writes = [1, 2, 3].map(round => writePairs(state, 'a', [[utf8('k'), bytes(round)]]))
      await state.close()
      await Promise.all(writes)
    },
  },
  {
    name: 'states in two directories know nothing of each other',
    run: harness =>
      withState(harness, ['a'], one =>
        withState(harness, ['a'], async other => {
          await one.write([{ store: 'a', keys: [utf8('k')], values: [bytes(1)] }], [POSITION])
          assert.deepEqual(await keysOf(other.store('a')), [])
          assert.deepEqual(await other.offsets(), [])
        }),
      ),
  },
  {
    name: 'after a reopening entries and positions are there together, or neither is',
    async run(harness) {
      const directory = harness.freshDirectory()
      await withState(
        harness,
        ['a'],
        state => state.write([{ store: 'a', keys: [utf8('k')], values: [bytes(1)] }], [POSITION]),
        directory,
      )
      await withState(
        harness,
        ['a'],
        async state => {
          const value = hex(await state.store('a').get(utf8('k')))
          assert.deepEqual(
            [value, await state.offsets()],
            harness.backend.capabilities.durable ? ['01', [POSITION]] : [undefined, []],
          )
        },
        directory,
      )
    },
  },
  {
    name: 'what was written is there after each reopening',
    requires: durable,
    async run(harness) {
      const directory = harness.freshDirectory()
      for (let round = 0; round < 4; round++) {
        await withState(
          harness,
          ['a'],
          async state => {
            assert.deepEqual(
              await keysOf(state.store('a')),
              Array.from({ length: round }, (_, number) => hex(bytes(number))),
            )
            assert.deepEqual(await state.offsets(), round === 0 ? [] : [{ ...POSITION, offset: round - 1 }])
            const change = { store: 'a', keys: [bytes(round)], values: [bytes(round)] }
            await state.write([change], [{ ...POSITION, offset: round }])
            if (round === 2) await state.sync()
          },
          directory,
        )
      }
    },
  },
  {
    name: 'a store keeps its bytes while the set of stores changes, and a new one is empty',
    requires: durable,
    async run(harness) {
      const directory = harness.freshDirectory()
      const put = (stores: readonly string[], store: string) =>
        withState(harness, stores, state => writePairs(state, store, [[utf8('k'), utf8(store)]]), directory)
      await put(['b', 'a'], 'a')
      await put(['b', 'c'], 'c')
      await withState(
        harness,
        ['d', 'c', 'b', 'a'],
        async state => {
          const found = await Promise.all(['a', 'b', 'c', 'd'].map(store => state.store(store).get(utf8('k'))))
          assert.deepEqual(found.map(hex), [hex(utf8('a')), undefined, hex(utf8('c')), undefined])
        },
        directory,
      )
    },
  },
  {
    name: 'a directory that is open cannot be opened again, until it is closed',
    requires: durable,
    async run(harness) {
      const directory = harness.freshDirectory()
      const open = () => harness.backend.open({ directory, stores: ['a'], logger: silentLogger })
      const state = await open()
      await assert.rejects(open(), { code: 'MILLRACE_STORE_LOCKED' })
      await writePairs(state, 'a', [[utf8('k'), bytes(1)]])
      await state.close()
      const again = await open()
      assert.equal(hex(await again.store('a').get(utf8('k'))), '01')
      await again.close()
    },
  },
]
