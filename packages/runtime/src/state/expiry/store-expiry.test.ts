import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteSink, memoryStore, NO_HEADERS, type StorePlan, string, type TaskState } from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { indexName } from './expiry-index.ts'
import { mergedEntries } from '../buffer/merged-entries.ts'
import { StoreBuffer } from '../buffer/store-buffer.ts'
import { storeCodec } from '../format/store-codec.ts'
import { StoreExpiry } from './store-expiry.ts'

const TTL = 100
const STORES = ['store', indexName('store')]
const root = mkdtempSync(join(tmpdir(), 'millrace-store-expiry-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const settled = async () => undefined

async function open(overrides: Partial<StorePlan> = {}, shared?: TaskState) {
  const plan: StorePlan = {
    name: 'store',
    kind: 'key-value',
    timestamped: false,
    ttlMs: TTL,
    keySerde: string(),
    valueSerde: string(),
    caching: false,
    changelog: undefined,
    processors: [],
    ...overrides,
  }
  const state = shared ?? (await memoryStore().open({ directory: '', stores: STORES, logger: silentLogger }))
  const deleted: string[] = []
  const buffer = new StoreBuffer({
    codec: storeCodec(plan, 'changelog'),
    backend: state.store('store'),
    syncReads: false,
    empty: shared === undefined,
    context: { timestamp: 0, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 },
    log: (timestamp, bytes, keyStart, keyEnd, valueStart) => {
      if (valueStart < 0) deleted.push(`${bytes.toString('latin1', keyStart, keyEnd)}@${timestamp}`)
    },
    scratch: new ByteSink(),
  })
  // So few rows at a time that everything happens that does with thousands.
  const expiry = await StoreExpiry.open(buffer, state.store(indexName('store')), { rowsPerRead: 2, mostRows: 3 })
  return { buffer, expiry, state, deleted }
}

type Opened = Awaited<ReturnType<typeof open>>

async function commit({ buffer, expiry, state }: Opened): Promise<void> {
  await buffer.flush()
  const changes = [buffer.changes(), expiry.changes()]
  buffer.committed()
  expiry.committed()
  await state.write(changes, [])
}

async function contents({ buffer }: Opened): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for await (const { key, timestamp } of mergedEntries(buffer, undefined, undefined, false))
    found.set(key as string, timestamp)
  return found
}

const key = fc.nat({ max: 15 }).map(number => `k${number}`)
const time = fc.integer({ min: 0, max: 400 })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), key, time }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), time, limit: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'evict' as const, 'crash' as const) }) },
)

it('deletes what has expired, in the order of time, whatever was committed, evicted or dropped before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), async (steps, caching) => {
      let opened = await open({ caching })
      let model = new Map<string, number>()
      let committed = new Map<string, number>()
      for (const one of steps) {
        const { buffer, expiry } = opened
        switch (one.do) {
          case 'put':
            buffer.put(one.key, 0, 'x', one.time)
            model.set(one.key, one.time)
            break
          case 'delete':
            await buffer.get(one.key)
            buffer.put(one.key, 0, null, 0)
            model.delete(one.key)
            break
          case 'run': {
            opened.deleted.length = 0
            const due = [...model].filter(([, put]) => put + TTL <= one.time).sort(([, a], [, b]) => a - b)
            for (let turns = 0; expiry.dueAt <= one.time; turns++) {
              expect(turns).toBeLessThan(500)
              await expiry.run(one.time, one.limit, settled, run => run())
            }
            for (const [name] of due) model.delete(name)
            if (caching) break
            expect([...opened.deleted].sort()).toEqual(due.map(([name, put]) => `${name}@${put + TTL}`).sort())
            const times = opened.deleted.map(line => Number(line.split('@')[1]))
            expect(times).toEqual([...times].sort((a, b) => a - b))
            break
          }
          case 'commit':
            await commit(opened)
            committed = new Map(model)
            break
          case 'evict':
            buffer.evict(0)
            break
          case 'crash':
            opened = await open({ caching }, opened.state)
            model = new Map(committed)
            break
        }
        expect(Object.fromEntries(await contents(opened))).toEqual(Object.fromEntries(model))
      }
    }),
    { numRuns: 100 },
  )
})

it.each([memoryStore(), rocksdb()])(
  'keeps about one row for each key, however often it is put, and drops those whose time has passed: $name',
  async backend => {
    const state = await backend.open({ directory: join(root, backend.name), stores: STORES, logger: silentLogger })
    let opened = await open({}, state)
    for (let now = 0; now < 2_000; now += 5) {
      const { buffer, expiry } = opened
      buffer.put('hot', 0, 'x', now)
      buffer.put(`cold-${now}`, 0, 'x', now)
      while (expiry.dueAt <= now) await expiry.run(now, 10, settled, run => run())
      await commit(opened)
      if (now === 1_000) opened = await open({}, state)
    }
    // 20 cold ones are there, and those of the last eighth of the time that the store is given.
    expect((await contents(opened)).size).toBe(21)
    let rows = 0
    for await (const [bytes] of state.store(indexName('store')).iterate()) rows += bytes.length > 0 ? 1 : 0
    expect(rows).toBeLessThan(30)
    await state.close()
  },
)
