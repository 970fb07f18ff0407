import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type KeyValueStore,
  memoryStore,
  NO_HEADERS,
  type SessionStore,
  type StoreBackend,
  type StorePlan,
  string,
  type Windowed,
  type WindowStore,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { TaskStores } from './task-stores.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-user-store-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let directories = 0

const context = { timestamp: 0, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }
const MINUTE = 60_000

async function openStore(backend: StoreBackend, overrides: Partial<StorePlan>) {
  const plan: StorePlan = {
    name: 'store',
    kind: 'key-value',
    timestamped: false,
    keySerde: string(),
    valueSerde: string(),
    caching: false,
    changelog: undefined,
    processors: [],
    ...overrides,
  }
  const stores = await TaskStores.open({
    stores: [{ plan, changelogTopic: undefined, changelogIsSource: false }],
    partition: 0,
    persistent: backend,
    directory: join(root, String(++directories)),
    logger: silentLogger,
    recover: async () => undefined,
  })
  return {
    /** The store as user code sees it, with nothing in it. */
    async fresh(): Promise<unknown> {
      await stores.clear('store', [])
      await stores.start(context, () => undefined)
      return stores.userStore('store', context)
    },
    async commit() {
      await stores.flush()
      await stores.persist(new Map())
      await stores.settle()
    },
    evict: () => stores.evict(0),
    [Symbol.asyncDispose]: () => stores.close(),
  }
}

async function gathered<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const entry of entries) list.push(entry)
  return list
}

/** Keys of which some begin with others: their entries lie between each other's in the backend. */
const key = fc.constantFrom('', 'a', 'a\0', 'aa', 'ab', 'b', 'b\u{ff}', '\0')
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const inRange = (k: string, from?: string, to?: string) =>
  (from === undefined || byBytes(k, from) >= 0) && (to === undefined || byBytes(k, to) <= 0)

/** As entries are ordered within a segment, by us and by Kafka Streams: keys have no end mark. */
function entryKey(k: string, ...times: readonly number[]): Buffer {
  const numbers = times.map(time => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(time))
    return bytes
  })
  return Buffer.concat([Buffer.from(k), ...numbers])
}

interface Write {
  readonly key: string
  readonly time: number
  readonly length: number
  readonly value: string | null
  /** What happens after it: changes are in the buffer, in the backend, or in both. */
  readonly after: 'nothing' | 'commit' | 'forget'
}

const writes: fc.Arbitrary<readonly Write[]> = fc.array(
  fc.record({
    key,
    time: fc.integer({ min: 0, max: 20 }).map(step => step * 10_000),
    length: fc.constantFrom(0, 1000, 15_000),
    value: fc.option(fc.string({ maxLength: 3 }), { freq: 4 }),
    after: fc.constantFrom('nothing' as const, 'nothing' as const, 'commit' as const, 'forget' as const),
  }),
  { maxLength: 25 },
)

async function replay(
  opened: Awaited<ReturnType<typeof openStore>>,
  list: readonly Write[],
  put: (write: Write) => void,
): Promise<void> {
  for (const write of list) {
    put(write)
    if (write.after === 'nothing') continue
    await opened.commit()
    if (write.after === 'forget') opened.evict()
  }
}

const bounds = fc.record({ from: fc.option(key, { nil: undefined }), to: fc.option(key, { nil: undefined }) })
const range = (from: string | undefined, to: string | undefined) => ({
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
})
const runs = { numRuns: 50 }

describe.each([
  ['memory', memoryStore()],
  ['rocksdb', rocksdb({ memoryBytes: 16 * 1024 * 1024 })],
] as const)('user stores over %s, against a naive model', (_name, backend) => {
  it('walk keys both ways, by range and by prefix, and count them', async () => {
    await using opened = await openStore(backend, {})
    await fc.assert(
      fc.asyncProperty(writes, bounds, fc.string({ maxLength: 2 }), async (list, { from, to }, prefix) => {
        const store = (await opened.fresh()) as KeyValueStore<string, string>
        const model = new Map<string, string>()
        await replay(opened, list, ({ key: k, value }) => {
          store.put(k, value)
          if (value === null) model.delete(k)
          else model.set(k, value)
        })
        const entries = [...model].sort(([a], [b]) => byBytes(a, b))
        expect(await gathered(store.all())).toEqual(entries)
        expect(await gathered(store.all({ reverse: true }))).toEqual([...entries].reverse())
        const within = entries.filter(([k]) => inRange(k, from, to))
        expect(await gathered(store.range(range(from, to)))).toEqual(within)
        expect(await gathered(store.range({ ...range(from, to), reverse: true }))).toEqual(within.reverse())
        const prefixed = entries.filter(([k]) => k.startsWith(prefix))
        expect(await gathered(store.prefixScan(prefix, string()))).toEqual(prefixed)
        expect(await gathered(store.prefixScan(prefix, string(), { reverse: true }))).toEqual(prefixed.reverse())
        if (backend.name === 'memory') expect(await store.approximateCount()).toBe(model.size)
      }),
      runs,
    )
  })

  const windows = { kind: 'window', windowSizeMs: 1000, retentionMs: 2 * MINUTE } as const
  it.each([
    ['windows', windows],
    ['windows read by range', { ...windows, byRange: true }],
  ] as const)('walk %s both ways', async (_what, plan) => {
    await using opened = await openStore(backend, plan)
    await fc.assert(
      fc.asyncProperty(writes, bounds, async (list, { from, to }) => {
        const store = (await opened.fresh()) as WindowStore<string, string>
        const model = new Map<string, readonly [string, number, string]>()
        let streamTime = 0
        await replay(opened, list, ({ key: k, time, value }) => {
          store.put(k, value, time)
          streamTime = Math.max(streamTime, time)
          if (value === null) model.delete(`${k} ${time}`)
          else model.set(`${k} ${time}`, [k, time, value])
        })
        const segment = (time: number) => Math.floor(time / MINUTE)
        const live = [...model.values()]
          .filter(([, time]) => time > streamTime - 2 * MINUTE)
          .sort((a, b) => segment(a[1]) - segment(b[1]) || Buffer.compare(entryKey(a[0], a[1]), entryKey(b[0], b[1])))
        expect(await gathered(store.all())).toEqual(live)
        expect(await gathered(store.all({ reverse: true }))).toEqual([...live].reverse())
        const timely = live.filter(([, time]) => time >= 30_000 && time <= 150_000)
        expect(await gathered(store.fetchAll(30_000, 150_000))).toEqual(timely)
        expect(await gathered(store.fetchAll(30_000, 150_000, { reverse: true }))).toEqual([...timely].reverse())
        const ofKeys = timely.filter(([k]) => inRange(k, from, to))
        const keys = range(from, to)
        expect(await gathered(store.fetchKeys(keys, 30_000, 150_000))).toEqual(ofKeys)
        expect(await gathered(store.fetchKeys({ ...keys, reverse: true }, 30_000, 150_000))).toEqual(ofKeys.reverse())
        const own = timely.filter(([k]) => k === 'a').map(([, time, value]) => [time, value])
        expect(await gathered(store.fetchRange('a', 30_000, 150_000))).toEqual(own)
        expect(await gathered(store.fetchRange('a', 30_000, 150_000, { reverse: true }))).toEqual(own.reverse())
      }),
      runs,
    )
  })

  it('walk sessions both ways', async () => {
    await using opened = await openStore(backend, { kind: 'session', retentionMs: 2 * MINUTE })
    await fc.assert(
      fc.asyncProperty(writes, bounds, async (list, { from, to }) => {
        const store = (await opened.fresh()) as SessionStore<string, string>
        const model = new Map<string, readonly [Windowed<string>, string]>()
        let streamTime = 0
        await replay(opened, list, ({ key: k, time, length, value }) => {
          const session = { key: k, window: { start: Math.max(0, time - length), end: time } }
          store.put(session, value)
          streamTime = Math.max(streamTime, time)
          if (value === null) model.delete(JSON.stringify(session))
          else model.set(JSON.stringify(session), [session, value])
        })
        type Entry = readonly [Windowed<string>, string]
        const byTime = ([a]: Entry, [b]: Entry) =>
          a.window.end - b.window.end || a.window.start - b.window.start || byBytes(a.key, b.key)
        const segment = (time: number) => Math.floor(time / MINUTE)
        const bySegment = ([a]: Entry, [b]: Entry) =>
          segment(a.window.end) - segment(b.window.end) ||
          Buffer.compare(entryKey(a.key, a.window.end, a.window.start), entryKey(b.key, b.window.end, b.window.start))
        const live = [...model.values()].filter(([{ window }]) => window.end > streamTime - 2 * MINUTE).sort(byTime)
        expect(await gathered(store.all())).toEqual(live)
        expect(await gathered(store.all({ reverse: true }))).toEqual([...live].reverse())
        const ended = live.filter(([{ window }]) => window.end >= 30_000 && window.end <= 150_000)
        expect(await gathered(store.fetchAll(30_000, 150_000))).toEqual(ended)
        expect(await gathered(store.fetchAll(30_000, 150_000, { reverse: true }))).toEqual(ended.reverse())
        const ofKeys = live.filter(([session]) => inRange(session.key, from, to)).sort(bySegment)
        const keys = range(from, to)
        expect(await gathered(store.fetchKeys(keys))).toEqual(ofKeys)
        expect(await gathered(store.fetchKeys({ ...keys, reverse: true }))).toEqual([...ofKeys].reverse())
        const found = ofKeys.filter(([{ window }]) => window.end >= 40_000 && window.start <= 100_000)
        expect(await gathered(store.findKeySessions(keys, 40_000, 100_000))).toEqual(found)
        const own = live
          .filter(([session]) => session.key === 'a')
          .map(([{ window }, value]) => [window, value] as const)
        expect(await gathered(store.fetch('a'))).toEqual(own)
        expect(await gathered(store.fetch('a', { reverse: true }))).toEqual([...own].reverse())
        const between = own.filter(([window]) => window.end >= 40_000 && window.start <= 100_000)
        expect(await gathered(store.findSessions('a', 40_000, 100_000))).toEqual(between)
        expect(await gathered(store.findSessions('a', 40_000, 100_000, { reverse: true }))).toEqual(between.reverse())
        for (const [window, value] of own) expect(await store.fetchSession('a', window)).toBe(value)
      }),
      runs,
    )
  })
})

it('counts changes that no commit has carried yet, also of keys that were not read before', async () => {
  await using opened = await openStore(memoryStore(), {})
  const store = (await opened.fresh()) as KeyValueStore<string, string>
  for (const k of ['a', 'b', 'c']) store.put(k, 'x')
  await opened.commit()
  opened.evict()
  store.put('a', 'again')
  store.put('d', 'new')
  store.put('b', null)
  store.put('never there', null)
  expect(await store.approximateCount()).toBe(3)
})
