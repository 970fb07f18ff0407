import {
  ByteSink,
  json,
  long,
  memoryStore,
  NO_HEADERS,
  type StoreChanges,
  type StoredValue,
  type StorePlan,
  string,
  type TaskState,
} from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { mergedEntries } from './merged-entries.ts'
import { StoreBuffer } from './store-buffer.ts'
import { storeCodec } from '../format/store-codec.ts'

const context = { timestamp: 0, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }

interface Logged {
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
}

async function openBuffer(
  overrides: Partial<StorePlan> = {},
  shared?: TaskState,
): Promise<{ buffer: StoreBuffer; state: TaskState; log: Logged[] }> {
  const plan: StorePlan = {
    name: 'store',
    kind: 'key-value',
    timestamped: true,
    keySerde: string(),
    valueSerde: string(),
    caching: true,
    changelog: undefined,
    processors: [],
    ...overrides,
  }
  const state = shared ?? (await memoryStore().open({ directory: 'd', stores: ['store'], logger: silentLogger }))
  const log: Logged[] = []
  const first = await state.store('store').iterate({ limit: 1 }).nextChunk()
  const buffer = new StoreBuffer({
    codec: storeCodec(plan, 'changelog'),
    backend: state.store('store'),
    syncReads: true,
    empty: first.length === 0,
    context,
    log: (timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      const value = valueStart < 0 ? null : bytes.toString('latin1', valueStart, valueEnd)
      log.push({ timestamp, key: bytes.toString('latin1', keyStart, keyEnd), value })
    },
    scratch: new ByteSink(),
  })
  return { buffer, state, log }
}

async function commit(buffer: StoreBuffer, state: TaskState): Promise<void> {
  await buffer.flush()
  const changes = buffer.changes()
  buffer.committed()
  await state.write([changes], [])
}

const read = (stored: unknown) => (stored as StoredValue | undefined)?.value

describe('against a plain map', () => {
  type Step =
    | { readonly do: 'put'; readonly key: string; readonly value: string | null }
    | { readonly do: 'get'; readonly key: string }
    | { readonly do: 'commit' | 'settle' | 'evict' | 'crash' | 'scan' | 'scanBack' }
  const key = fc.constantFrom('a', 'b', 'c', 'aa', '', 'é')
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), key, value: fc.option(fc.string()) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'settle' as const, 'evict' as const) }),
    },
    fc.record({ do: fc.constantFrom('crash' as const, 'scan' as const, 'scanBack' as const) }),
  )

  it.each([true, false])(
    'reads its own writes, keeps what was committed, loses what was not (caching %s)',
    async caching => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async steps => {
          let { buffer, state } = await openBuffer({ caching })
          let committed = new Map<string, string>()
          let model = new Map<string, string>()
          let time = 0
          let writing: StoreChanges | undefined
          const settle = async () => {
            if (writing !== undefined) await state.write([writing], [])
            writing = undefined
          }
          for (const action of steps) {
            time++
            switch (action.do) {
              case 'put':
                buffer.put(action.key, 0, action.value, time)
                if (action.value === null) model.delete(action.key)
                else model.set(action.key, action.value)
                break
              case 'get':
                expect(read(await buffer.get(action.key))).toBe(model.get(action.key))
                break
              case 'commit':
                await settle()
                await buffer.flush()
                writing = buffer.changes()
                buffer.committed()
                committed = new Map(model)
                break
              case 'settle':
                await settle()
                break
              case 'evict':
                buffer.evict(0, writing === undefined)
                break
              case 'crash':
                await settle()
                ;({ buffer } = await openBuffer({ caching }, state))
                model = new Map(committed)
                break
              default: {
                const reverse = action.do === 'scanBack'
                const seen: [unknown, unknown][] = []
                for await (const entry of mergedEntries(buffer, undefined, undefined, reverse))
                  seen.push([entry.key, entry.value])
                const bytewise = [...model].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
                expect(seen).toEqual(reverse ? bytewise.reverse() : bytewise)
              }
            }
          }
        }),
      )
    },
  )
})

it('emits and logs a key once for each commit, in the order of the last changes, with the value before it', async () => {
  const { buffer, state, log } = await openBuffer({ valueSerde: long() })
  const emitted: unknown[] = []
  buffer.onEmit(({ key }, value, old) => void emitted.push([key, value, old]), true)
  buffer.put('a', 0, 1n, 10)
  buffer.put('b', 0, 5n, 11)
  buffer.put('a', 0, 2n, 12)
  await commit(buffer, state)
  buffer.put('a', 0, 3n, 13)
  buffer.put('b', 0, null, 14)
  await commit(buffer, state)
  expect(emitted).toEqual([
    ['b', 5n, null],
    ['a', 2n, null],
    ['a', 3n, 2n],
    ['b', null, 5n],
  ])
  expect(log.map(({ key, timestamp, value }) => [key, timestamp, value === null])).toEqual([
    ['b', 11, false],
    ['a', 12, false],
    ['a', 13, false],
    ['b', 14, true],
  ])
})

it('asks the backend for the value before, when the key was put without being read', async () => {
  const { buffer, state } = await openBuffer()
  buffer.put('a', 0, 'old', 1)
  await commit(buffer, state)
  const reopened = await openBuffer({}, state)
  const emitted: unknown[] = []
  reopened.buffer.onEmit(({ key }, value, old) => void emitted.push([key, value, old]), true)
  reopened.buffer.put('a', 0, 'new', 2)
  reopened.buffer.put('never-there', 0, null, 3)
  await commit(reopened.buffer, state)
  expect(emitted).toEqual([['a', 'new', 'old']])
})

it('shows nobody a change that was made in place and not put', async () => {
  const { buffer } = await openBuffer({ valueSerde: json<{ n: number }>() })
  const value = { n: 1 }
  buffer.put('a', 0, value, 1)
  value.n = 99
  const stored = (await buffer.get('a'))!
  ;(stored.value as { n: number }).n = 77
  expect(stored.value).toEqual({ n: 1 })
})

it('drops whole segments of a window store when they have expired', async () => {
  const { buffer, state } = await openBuffer({ kind: 'window', windowSizeMs: 60_000, retentionMs: 120_000 })
  for (let start = 0; start <= 600_000; start += 60_000) buffer.put('k', start, `w${start}`, start)
  await commit(buffer, state)
  const left: number[] = []
  for await (const entry of mergedEntries(buffer, undefined, undefined, false)) left.push(entry.slot)
  expect(left).toEqual([480_000, 540_000, 600_000])
  expect(buffer.expiredBefore).toBe(480_001)
})

it('hides from its operator the windows that have expired since the task started, and only logs what comes too late', async () => {
  const windows = { kind: 'window', windowSizeMs: 10, retentionMs: 15, caching: false } as const
  const { buffer, state, log } = await openBuffer(windows)
  buffer.put('a', 1_000, 'one', 1)
  buffer.put('a', 200_000, 'two', 2)
  expect(buffer.forgottenBefore).toBe(199_986)
  buffer.put('a', 1_000, 'six', 3)
  expect(log.map(({ value, timestamp }) => [value?.slice(value.length - 3), timestamp])).toEqual([
    ['one', 1],
    ['two', 2],
    ['six', 3],
  ])
  await commit(buffer, state)
  // After a crash, records come again for windows that the state has left behind.
  const { buffer: again } = await openBuffer(windows, state)
  again.startAt(200_000)
  expect(again.forgottenBefore).toBeLessThan(0)
  expect(read(again.get('a', 200_000))).toBe('two')
})

it('reads ahead many keys at once, absent ones too', async () => {
  const { buffer, state } = await openBuffer()
  buffer.put('a', 0, 'x', 1)
  await commit(buffer, state)
  buffer.evict(0)
  await buffer.prefetch(['a', 'b'], [0, 0])
  expect(buffer.lacks('a', 0)).toBe(false)
  expect(buffer.lacks('b', 0)).toBe(false)
  expect(read(buffer.get('a'))).toBe('x')
  expect(buffer.get('b')).toBeUndefined()
})

it('emits and logs once what is flushed more than once in a commit, and what was put in between', async () => {
  const { buffer, state, log } = await openBuffer()
  const emitted: unknown[] = []
  buffer.onEmit(({ key }, value, old) => void emitted.push([key, value, old]), true)
  const flush = async () => {
    emitted.length = 0
    log.length = 0
    await buffer.flush()
    return { emitted: [...emitted], logged: log.map(({ key, value }) => [key, value]) }
  }
  buffer.put('a', 0, 'a1', 1)
  buffer.put('b', 0, 'b1', 1)
  await commit(buffer, state)
  buffer.put('a', 0, 'a2', 2)
  buffer.put('b', 0, 'b2', 2)
  buffer.put('c', 0, 'c1', 2)
  expect((await flush()).emitted).toEqual([
    ['a', 'a2', 'a1'],
    ['b', 'b2', 'b1'],
    ['c', 'c1', null],
  ])
  expect(await flush()).toEqual({ emitted: [], logged: [] })
  buffer.put('a', 0, 'a3', 3)
  buffer.put('c', 0, null, 3)
  expect(await flush()).toEqual({
    emitted: [
      ['a', 'a3', 'a2'],
      ['c', null, 'c1'],
    ],
    logged: [
      ['a', 'a3'],
      ['c', null],
    ],
  })
  const { keys, values } = buffer.changes()
  buffer.committed()
  await state.write([{ store: 'store', keys, values }], [])
  const { buffer: reopened } = await openBuffer({}, state)
  expect(['a', 'b', 'c'].map(key => read(reopened.get(key)))).toEqual(['a3', 'b2', undefined])
  buffer.put('a', 0, 'a4', 4)
  expect((await flush()).emitted).toEqual([['a', 'a4', 'a3']])
})

it('emits and commits what its own emissions put, be it a new key, one that was emitted before or the one at hand', async () => {
  const { buffer, state, log } = await openBuffer()
  const emitted: unknown[] = []
  buffer.onEmit(({ key }, value) => {
    emitted.push([key, value])
    if (value === 'b1') for (const other of ['a', 'new']) buffer.put(other, 0, 'by b', 2)
    if (key === 'z' && value !== 'z3') buffer.put('z', 0, value === 'z1' ? 'z2' : 'z3', 3)
  }, false)
  for (const key of ['a', 'b', 'z']) buffer.put(key, 0, `${key}1`, 1)
  await commit(buffer, state)
  expect(emitted).toEqual([
    ['a', 'a1'],
    ['b', 'b1'],
    ['z', 'z1'],
    ['a', 'by b'],
    ['new', 'by b'],
    ['z', 'z2'],
    ['z', 'z3'],
  ])
  expect(log.map(({ key, value }) => [key, value])).toEqual(emitted)
  const { buffer: reopened } = await openBuffer({}, state)
  expect(['a', 'b', 'z', 'new'].map(key => read(reopened.get(key)))).toEqual(['by b', 'b1', 'z3', 'by b'])
})
