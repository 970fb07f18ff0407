import {
  ByteSink,
  long,
  memoryStore,
  NO_HEADERS,
  type StoreChanges,
  type StorePlan,
  string,
  type TaskState,
} from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { mergedEntries } from './merged-entries.ts'
import { RangeBuffer } from './range-buffer.ts'
import { storeCodec } from '../format/store-codec.ts'

const RETENTION_MS = 200_000

interface Logged {
  readonly key: string
  readonly slot: number
  readonly tie: number
  readonly value: string | null
  readonly timestamp: number
}

async function openBuffer(overrides: Partial<StorePlan> = {}, shared?: TaskState) {
  const plan: StorePlan = {
    name: 'store',
    kind: 'session',
    timestamped: false,
    keySerde: string(),
    valueSerde: string(),
    caching: false,
    changelog: undefined,
    retentionMs: RETENTION_MS,
    processors: [],
    ...overrides,
  }
  const state = shared ?? (await memoryStore().open({ directory: '', stores: ['store'], logger: silentLogger }))
  const log: Logged[] = []
  const codec = storeCodec(plan, 'store-changelog')
  const context = { timestamp: 0, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }
  const backend = state.store('store')
  const last = await backend.iterate({ limit: 1, reverse: true }).nextChunk()
  const buffer = new RangeBuffer({
    codec,
    backend,
    empty: last.length === 0,
    context,
    scratch: new ByteSink(),
    log(timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd) {
      const value = valueStart < 0 ? null : bytes.toString('utf8', valueStart, valueEnd)
      const restored = codec.restoredKey(bytes, keyStart, keyEnd, timestamp)
      log.push({
        ...(codec.readKey(Buffer.from(restored)) as { key: string; slot: number; tie: number }),
        value,
        timestamp,
      })
    },
  })
  if (last[0] !== undefined) buffer.startAt(codec.readKey(Buffer.from(last[0][0])).slot)
  return { buffer, state, log, context }
}

async function commit({ buffer, state }: { readonly buffer: RangeBuffer; readonly state: TaskState }): Promise<void> {
  await buffer.flush()
  const changes = buffer.changes()
  buffer.committed()
  await state.write([changes], [])
}

const shown = (entries: readonly { slot: number; tie: number; value: unknown }[]) =>
  entries.map(({ slot, tie, value }) => `${tie}-${slot} ${String(value)}`)

it('gives the sessions of a key by their ends, whether they are on the heap, on disk or in part on either', async () => {
  const opened = await openBuffer()
  opened.buffer.put('a', 20, 'second', 0, 15)
  opened.buffer.put('a', 10, 'first', 0, 5)
  opened.buffer.put('ab', 12, 'of another', 0, 1)
  await commit(opened)
  const { buffer } = await openBuffer({}, opened.state)
  buffer.put('a', 15, 'between', 0, 15)
  buffer.put('a', 10, null, 0, 5)
  expect(buffer.lacks('a')).toBe(true)
  await buffer.load('a')
  expect(buffer.lacks('a')).toBe(false)
  expect(shown(buffer.range('a', 0, 100))).toEqual(['15-15 between', '15-20 second'])
  expect(shown(buffer.range('a', 16, 20))).toEqual(['15-20 second'])
  expect(buffer.entry('a', 10, 5)).toBeUndefined()
  expect(shown(await buffer.all(0, 100))).toEqual(['1-12 of another', '15-15 between', '15-20 second'])
})

it('keeps duplicates in the order in which they came, and only logs those without a value', async () => {
  const { buffer, log } = await openBuffer({ kind: 'window', windowSizeMs: 10, retainDuplicates: true })
  for (const value of ['x', null, 'y']) buffer.append('a', 7, value)
  expect(buffer.range('a', 7, 7).map(({ value }) => value)).toEqual(['x', 'y'])
  expect(log.map(({ tie, value }) => [tie, value])).toEqual([
    [1, 'x'],
    [2, null],
    [3, 'y'],
  ])
})

it('hides what is older than its retention, and drops whole segments from disk', async () => {
  const opened = await openBuffer()
  const { buffer } = opened
  for (let end = 0; end <= 600_000; end += 100_000) buffer.put('a', end, String(end), 0, end)
  expect(buffer.range('a', 0, 600_000).map(({ slot }) => slot)).toEqual([500_000, 600_000])
  await commit(opened)
  const left: number[] = []
  for await (const { slot } of mergedEntries(buffer, undefined, undefined, false)) left.push(slot)
  expect(left).toEqual([400_000, 500_000, 600_000])
})

it('takes and shows in a cache what has expired in the store behind it, until memory is short', async () => {
  const opened = await openBuffer({ caching: true })
  const { buffer, log } = opened
  const emitted: unknown[] = []
  buffer.onEmit(({ slot }, value, old) => void emitted.push([slot, value, old]), true)
  buffer.put('a', 100_000, 'early', 0, 0)
  buffer.put('a', 900_000, 'late', 0, 0)
  await commit(opened)
  buffer.put('a', 100_000, 'too late', 0, 0)
  buffer.put('b', 100_000, null, 0, 0)
  await commit(opened)
  expect(buffer.range('a', 0, 200_000).map(({ value }) => value)).toEqual(['too late'])
  // The store behind does not find what was there before, nor that there is anything to delete.
  expect(emitted).toEqual([
    [100_000, 'early', null],
    [900_000, 'late', null],
    [100_000, 'too late', null],
  ])
  expect(log.map(({ slot, value }) => [slot, value])).toEqual([
    [100_000, 'early'],
    [900_000, 'late'],
    [100_000, 'too late'],
  ])
  buffer.evict(0)
  await buffer.load('a')
  expect(shown(buffer.range('a', 0, 1_000_000))).toEqual(['0-900000 late'])
})

it('leaves in the backend what is too old for its deletion to be logged, as its changelog does', async () => {
  const opened = await openBuffer({ caching: true })
  const { buffer, log, state } = opened
  const emitted: unknown[] = []
  buffer.onEmit(({ slot }, value) => void emitted.push([slot, value]), true)
  buffer.put('a', 850_000, 'merged later', 0, 0)
  buffer.put('b', 1_060_000, 'late', 0, 0)
  await commit(opened)
  buffer.put('a', 850_000, null, 0, 0)
  await buffer.flush()
  await commit(opened)
  expect(emitted).toEqual([
    [850_000, 'merged later'],
    [1_060_000, 'late'],
  ])
  expect(log.map(({ slot, value }) => [slot, value])).toEqual(emitted)
  expect(await state.store('store').iterate({}).nextChunk()).toHaveLength(2)
  // It is found no more all the same.
  expect(buffer.range('a', 0, 1_000_000)).toEqual([])
  buffer.evict(0)
  await buffer.load('a')
  expect(buffer.range('a', 0, 1_000_000)).toEqual([])
})

it.each([true, false])('hides what is deleted while the backend is still writing that (evicted: %s)', async evicted => {
  const { buffer, state } = await openBuffer()
  const walked = async () => {
    const found: unknown[] = []
    for await (const { key } of mergedEntries(buffer, undefined, undefined, false)) found.push(key)
    return found
  }
  buffer.put('a', 0, 'kept', 0, 0)
  buffer.put('b', 20_000, 'deleted', 0, 0)
  await buffer.flush()
  await state.write([buffer.changes()], [])
  buffer.committed()
  buffer.put('b', 20_000, null, 0, 0)
  await buffer.flush()
  const writing = buffer.changes()
  buffer.committed()
  if (evicted) buffer.evict(0, false)
  expect((await buffer.all(0, 100_000)).map(({ key }) => key)).toEqual(['a'])
  expect(await walked()).toEqual(['a'])
  await state.write([writing], [])
  buffer.evict(0)
  expect(await walked()).toEqual(['a'])
  expect(buffer.bytes).toBe(0)
})

it('lets go in memory of each entry by itself, and logs what comes too late for it', async () => {
  const { buffer, log } = await openBuffer({ type: 'memory' })
  buffer.put('a', 300_000, 'late', 0, 0)
  buffer.put('a', 101_000, 'in time', 0, 0)
  buffer.put('a', 100_000, 'too late', 0, 0)
  expect(shown(buffer.range('a', 0, 300_000))).toEqual(['0-101000 in time', '0-300000 late'])
  expect(log.map(({ slot }) => slot)).toEqual([300_000, 101_000, 100_000])
})

it('emits each change once at the commit, with what was emitted before', async () => {
  const opened = await openBuffer({ caching: true, valueSerde: long() })
  const { buffer, log } = opened
  const emitted: unknown[] = []
  buffer.onEmit(({ slot, tie }, value, old) => void emitted.push([tie, slot, value, old]), true)
  buffer.put('a', 10, 1n, 3, 10)
  buffer.put('a', 10, null, 4, 10)
  buffer.put('a', 20, 2n, 5, 10)
  await commit(opened)
  buffer.put('a', 20, null, 6, 10)
  buffer.put('a', 30, 3n, 7, 10)
  expect(log).toHaveLength(1)
  await commit(opened)
  expect(emitted).toEqual([
    [10, 20, 2n, null],
    [10, 20, null, 2n],
    [10, 30, 3n, null],
  ])
  expect(log.map(({ slot, value, timestamp }) => [slot, value === null, timestamp])).toEqual([
    [20, false, 5],
    [20, true, 6],
    [30, false, 7],
  ])
})

describe('against a naive model', () => {
  const key = fc.constantFrom('a', 'ab', 'b', '')
  const slot = fc.nat({ max: 20 }).map(at => at * 20_000)
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('put'),
        key,
        slot,
        tie: fc.nat({ max: 2 }),
        value: fc.option(fc.string()),
      }),
    },
    { weight: 4, arbitrary: fc.record({ op: fc.constant('range'), key, from: slot, to: slot }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('all'), from: slot, to: slot }) },
    { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('commit', 'settle', 'evict') }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('crash') }) },
  )

  it.each([true, false])('holds what was put, through commits, evictions and crashes (caching %s)', async caching => {
    await fc.assert(
      fc.asyncProperty(fc.array(step as unknown as fc.Arbitrary<Step>, { maxLength: 60, size: 'max' }), async steps => {
        let opened = await openBuffer({ caching })
        let model = new Map<string, Place>()
        let durable = new Map(model)
        let time = -1
        let durableTime = -1
        // What a cache need not show by its key, see `Segments.forgottenBefore`: as of the last commit, of what was put since the start.
        let [observed, hiddenBefore] = [-1, -Infinity]
        let writing: StoreChanges | undefined
        const settle = async () => {
          if (writing !== undefined) await opened.state.write([writing], [])
          writing = undefined
        }
        for (const { op, ...given } of steps) {
          const { buffer } = opened
          if (op === 'put') {
            const { key: its, slot: at, tie, value } = given
            time = Math.max(time, at)
            observed = Math.max(observed, at)
            buffer.put(its, at, value, 0, tie)
            if (Math.floor(at / 100_000) < Math.floor((time - RETENTION_MS) / 100_000)) continue
            const place = `${its} ${at} ${tie}`
            model.delete(place)
            if (value !== null) model.set(place, { key: its, slot: at, tie, value })
          } else if (op === 'range') {
            await buffer.load(given.key)
            const found = shown(
              buffer.range(given.key, given.from, given.to).filter(({ slot: at }) => at >= liveFrom(time)),
            )
            const all = expected(model, time, given, caching ? 'all' : 'by key').filter(
              ({ key: its }) => its === given.key,
            )
            expect(shown(all)).toEqual(expect.arrayContaining(found))
            expect(found).toEqual(expect.arrayContaining(shown(all.filter(({ slot: at }) => at >= hiddenBefore))))
            expect(found).toEqual([...found].sort((a, b) => shown(all).indexOf(a) - shown(all).indexOf(b)))
          } else if (op === 'all') {
            const all = await buffer.all(given.from, given.to)
            const found = all.filter(({ slot: at }) => at >= liveFrom(time))
            expect(found.map(entry => `${String(entry.key)} ${shown([entry])[0]}`)).toEqual(
              expected(model, time, given, 'all').map(entry => `${entry.key} ${shown([entry])[0]}`),
            )
          } else if (op === 'commit') {
            await settle()
            await buffer.flush()
            writing = buffer.changes()
            buffer.committed()
            durable = new Map(model)
            durableTime = time
            if (caching) hiddenBefore = Math.max(hiddenBefore, observed - RETENTION_MS + 1)
          } else if (op === 'settle') {
            await settle()
          } else if (op === 'evict') {
            buffer.evict(0, writing === undefined)
          } else {
            await settle()
            opened = await openBuffer({ caching }, opened.state)
            opened.buffer.startAt(durableTime)
            model = new Map(durable)
            time = durableTime
            observed = -1
            hiddenBefore = -Infinity
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  /** Of what is older, a cache shows what is on the heap. */
  function liveFrom(time: number): number {
    return Math.max(0, Math.floor((time - RETENTION_MS) / 100_000)) * 100_000
  }

  interface Place {
    readonly key: string
    readonly slot: number
    readonly tie: number
    readonly value: string | null
  }

  type Step = Place & { readonly op: string; readonly from: number; readonly to: number }

  function expected(
    model: ReadonlyMap<string, Place>,
    time: number,
    { from, to }: { from: number; to: number },
    how: 'by key' | 'all' = 'by key',
  ) {
    const first = how === 'all' ? liveFrom(time) : time - RETENTION_MS + 1
    return [...model.values()]
      .filter(({ slot: at }) => at >= from && at <= to && at >= first)
      .sort((a, b) => a.slot - b.slot || a.tie - b.tie || (a.key < b.key ? -1 : 1))
  }
})

it('emits and logs once what is flushed more than once in a commit, and what was put in between', async () => {
  const { buffer, log } = await openBuffer({ caching: true })
  const emitted: unknown[] = []
  buffer.onEmit(({ key }, value, old) => void emitted.push([key, value, old]), true)
  buffer.put('a', 10, 'a1', 0, 5)
  buffer.put('b', 10, 'b1', 0, 5)
  await buffer.flush()
  await buffer.flush()
  buffer.put('a', 10, 'a2', 0, 5)
  await buffer.flush()
  expect(emitted).toEqual([
    ['a', 'a1', null],
    ['b', 'b1', null],
    ['a', 'a2', 'a1'],
  ])
  expect(log.map(({ key, value }) => `${key} ${value}`)).toEqual(['a a1', 'b b1', 'a a2'])
  expect(buffer.changes().keys.length).toBe(2)
})

it('lets go first of what is too old to be found, and reads nothing again for it', async () => {
  const opened = await openBuffer({ kind: 'window', windowSizeMs: 10, retainDuplicates: true, retentionMs: 10_000 })
  const { buffer } = opened
  for (let at = 0; at < 50_000; at += 1000) buffer.append(`key ${at % 3000}`, at, 'x'.repeat(1000))
  await commit(opened)
  const before = buffer.bytes
  buffer.evict(before / 2)
  expect(buffer.bytes).toBeLessThan(before / 3)
  expect(buffer.canMiss).toBe(false)
  await buffer.load('key 0')
  expect(buffer.range('key 0', 0, 50_000).map(({ slot }) => slot)).toEqual([42_000, 45_000, 48_000])
})
