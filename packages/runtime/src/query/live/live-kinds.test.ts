import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  keyQuery,
  memoryStore,
  NO_HEADERS,
  prefixQuery,
  rangeQuery,
  sessions,
  sessionStore,
  type SessionStore,
  StreamsBuilder,
  string,
  systemClock,
  versionedStore,
  type VersionedKeyValueStore,
  type Windowed,
  windowed,
  windowStore,
  type WindowStore,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { KafkaStreams } from '../../app/kafka-streams.ts'
import type { KafkaStreamsOptions } from '../../config/options.ts'
import { silentLogger } from '../../observe/console-logger.ts'
import type { LiveEvent, LiveResume } from './live-event.ts'
import type { LiveRequest } from './live-request.ts'

const texts = { key: string(), value: string() }
const root = mkdtempSync(join(tmpdir(), 'live-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const PARTITIONS = 2
const WAIT = { timeout: 30_000 }
const STEP_MS = 7_000
const RETENTION_MS = 70_000
/** Every record puts its value under all of these. */
const KEYS = ['a', 'ab', 'b']

type Window = Windowed<string>
type Event = LiveEvent<Window, string>

const windows = windowStore({ name: 'windows', ...texts, windowSizeMs: STEP_MS, retentionMs: RETENTION_MS })
const merged = sessionStore({ name: 'merged', ...texts, retentionMs: RETENTION_MS })
const versions = versionedStore({ name: 'versions', ...texts, historyRetentionMs: RETENTION_MS })

/** Windows of an input; what the value says is put into a session store or a versioned store. */
function topology(windowsAlone: boolean) {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(windows)
    .stream('in', texts)
    .process(
      () => {
        let store: WindowStore<string, string>
        return {
          init(context) {
            store = context.store(windows)
          },
          process({ value, timestamp }) {
            for (const key of KEYS) store.put(key, value === 'delete' ? null : value, timestamp)
          },
        }
      },
      { stores: [windows] },
    )
  if (windowsAlone) return builder.build()
  builder.addStateStore(merged).addStateStore(versions)
  builder.stream('sessions', texts).process(
    () => {
      let store: SessionStore<string, string>
      return {
        init(context) {
          store = context.store(merged)
        },
        process({ key, value }) {
          const [start, end, content] = value.split(' ') as [string, string, string]
          store.put(windowed(key, Number(start), Number(end)), content === 'delete' ? null : content)
        },
      }
    },
    { stores: [merged] },
  )
  builder.stream('versions', texts).process(
    () => {
      let store: VersionedKeyValueStore<string, string>
      return {
        init(context) {
          store = context.store(versions)
        },
        async process({ key, value, timestamp }) {
          await store.put(key, value === 'delete' ? null : value, timestamp)
        },
      }
    },
    { stores: [versions] },
  )
  builder.globalTable('everywhere', { ...texts, store: 'everywhere' })
  const clicks = builder.stream('clicks', texts)
  clicks
    .groupByKey()
    .windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 }))
    .count({ store: 'counted' })
  return builder.build()
}

/** @param windowsAlone its partitions are spread over the instances */
async function world(windowsAlone = false) {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of ['in', 'sessions', 'versions', 'everywhere', 'clicks'])
    cluster.createTopic({ name, partitions: PARTITIONS })
  const client = memoryClient(cluster)
  const own: MemoryClient = client({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const producer = own.producer({})
  await producer.init()
  const plan = topology(windowsAlone)
  const append = (topic: string, partition: number, key: string, value: string | null, timestamp: number) => {
    const [keyBytes, bytes] = [Buffer.from(key), Buffer.from(value ?? '')]
    const start = value === null ? -1 : 0
    producer
      .topic(topic)
      .append(partition, timestamp, keyBytes, 0, keyBytes.length, bytes, start, bytes.length, NO_HEADERS)
  }
  return {
    plan,
    /** The window of the number in each partition. */
    async send(n: number, value = `${n}`) {
      for (let partition = 0; partition < PARTITIONS; partition++) append('in', partition, 'k', value, n * STEP_MS)
      await producer.flush()
    },
    async put(topic: string, key: string, value: string | null, timestamp = 0) {
      append(topic, 0, key, value, timestamp)
      await producer.flush()
    },
    streams: (processId: string, options: Partial<KafkaStreamsOptions> = {}) =>
      new KafkaStreams(plan, {
        applicationId: 'app',
        client,
        logger: silentLogger,
        commitIntervalMs: 10,
        processingGuarantee: 'exactly_once',
        processId,
        store: memoryStore(),
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await producer.close()
      await own.close()
    },
  }
}

/** What a reader has of the windows of each partition; fails at a gap, a repetition, or a state that never was. */
class Reader {
  readonly rows = new Map<number, Map<string, string>>()
  readonly resume = new Map<number, LiveResume>()
  readonly types: string[] = []
  readonly #complete = new Set<number>()
  /** Whether entries alone say what has expired. */
  readonly #each: boolean

  constructor(expired: 'each' | 'before') {
    this.#each = expired === 'each'
  }

  take(event: Event): void {
    this.types.push(event.type)
    if (event.type === 'waiting') return
    const { partition, expired, position } = event
    if (event.type === 'snapshot' && event.first) {
      this.rows.set(partition, new Map())
      this.#complete.delete(partition)
    }
    const rows = this.rows.get(partition)!
    for (const { key, value } of event.entries) {
      const text = `${key.window.start} ${key.key}`
      expect(key.window.end).toBe(key.window.start + STEP_MS)
      if (value === undefined) rows.delete(text)
      else rows.set(text, value)
    }
    expect(expired?.by).toBe(expired === undefined ? undefined : 'start')
    const before = this.#each ? 0 : (expired?.before ?? 0)
    for (const text of rows.keys()) if (Number(text.split(' ')[0]) < before) rows.delete(text)
    if (event.type === 'changes' || event.last) this.#complete.add(partition)
    if (this.#complete.has(partition)) this.#check(partition, rows)
    if (position === undefined || !this.#complete.has(partition)) return
    if (event.type === 'changes') expect(position).toBeGreaterThan(this.resume.get(partition)!.position)
    this.resume.set(partition, { position, at: Date.now() })
  }

  /** Windows follow each other, each has all keys, and no more are there than live. */
  #check(partition: number, rows: ReadonlyMap<string, string>): void {
    const numbers = this.numbers(partition)
    const [first = 0, last = -1] = [numbers[0], numbers.at(-1)]
    expect(rows.size, `partition ${partition} is of one commit`).toBe(KEYS.length * numbers.length)
    expect(numbers).toEqual(Array.from({ length: last - first + 1 }, (_, n) => first + n))
    expect(numbers.length).toBeLessThanOrEqual(RETENTION_MS / STEP_MS)
    for (const [text, value] of rows) expect(Number(text.split(' ')[0])).toBe(Number(value) * STEP_MS)
  }

  numbers(partition: number): readonly number[] {
    const rows = this.rows.get(partition)?.values() ?? []
    return [...new Set([...rows].map(Number))].sort((a, b) => a - b)
  }

  async read(events: AsyncIterable<Event>): Promise<void> {
    for await (const event of events) this.take(event)
  }
}

/** Entries of the events as they come, as text. */
async function follow(streams: KafkaStreams, request: LiveRequest, show: (key: Window) => string) {
  const shown: string[] = []
  const stop = new AbortController()
  const reading = (async () => {
    for await (const event of streams.watch<Window, string | bigint>({ ...request, signal: stop.signal })) {
      if (event.type === 'waiting') continue
      for (const { key, value } of event.entries) shown.push(`${show(key)}${value === undefined ? '' : `=${value}`}`)
    }
  })()
  return {
    shown,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await reading
    },
  }
}

const showWindow = ({ key, window }: Window) => `${key}@${window.start}-${window.end}`

it.each([
  ['memory', 'each'],
  ['disk', 'each'],
  ['disk', 'before'],
] as const)(
  'windows: a snapshot is followed by changes, and what expires is gone, stores in %s, %s',
  async (where, expired) => {
    await using app = await world()
    const disk = where === 'disk' ? { store: rocksdb(), stateDir: mkdtempSync(join(root, 'state-')) } : {}
    const streams = app.streams('p', disk)
    await streams.start()
    const readers: Reader[] = []
    const reading: Promise<void>[] = []
    const stop = new AbortController()
    for (let n = 0; n < 100; n++) {
      await app.send(n)
      await new Promise(resolve => setTimeout(resolve, 3))
      if (n % 20 !== 0) continue
      const reader = new Reader(expired)
      readers.push(reader)
      reading.push(reader.read(streams.watch({ store: 'windows', expired, signal: stop.signal })))
    }
    for (const reader of readers)
      for (let partition = 0; partition < PARTITIONS; partition++)
        await expect.poll(() => reader.numbers(partition), WAIT).toEqual(Array.from({ length: 10 }, (_, n) => 90 + n))
    expect(readers[0]!.types.filter(type => type === 'changes').length).toBeGreaterThan(2)
    const query = streams.store<string, string>('windows', 'window', { isolation: 'committed' })
    const found = new Set<number>()
    for await (const [, start] of query.all()) found.add(start / STEP_MS)
    expect([...found].sort((a, b) => a - b)).toEqual(readers[0]!.numbers(0))
    stop.abort()
    await Promise.all(reading)
    await streams.close()
  },
)

it.each(['each', 'before'] as const)(
  'windows go on where they were when partitions move and come back, %s',
  async expired => {
    await using app = await world(true)
    const first = app.streams('p')
    await first.start()
    const reader = new Reader(expired)
    const reading = reader.read(first.watch({ store: 'windows', expired }))
    let n = 0
    const sending = new AbortController()
    const sender = (async () => {
      while (!sending.signal.aborted) {
        await app.send(n++)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    })()
    await expect.poll(() => reader.numbers(0).length > 3 && reader.numbers(1).length > 3, WAIT).toBe(true)
    const second = app.streams('q')
    await second.start()
    await expect.poll(() => second.tasks().length, WAIT).toBeGreaterThan(0)
    await expect.poll(() => reader.types.includes('waiting'), WAIT).toBe(true)
    // All that the reader has of the moved partition has expired when it comes back.
    const before = n + 2 * (RETENTION_MS / STEP_MS)
    await expect.poll(() => n, WAIT).toBeGreaterThan(before)
    await second.close()
    await expect.poll(() => [0, 1].every(partition => reader.numbers(partition)[0]! > before), WAIT).toBe(true)
    sending.abort()
    await sender
    await first.close()
    await reading
    expect(reader.types.filter(type => type === 'snapshot')).toHaveLength(PARTITIONS)
  },
)

it('another live query of windows goes on from a position, and is told what has expired meanwhile', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  for (let n = 0; n < 5; n++) await app.send(n)
  const reader = new Reader('before')
  const until = async (last: number, resume?: ReadonlyMap<number, LiveResume>) => {
    const request = { store: 'windows', expired: 'before', ...(resume !== undefined && { resume }) } as const
    for await (const event of streams.watch<Window, string>(request)) {
      if (resume !== undefined) expect(event.type).toBe('changes')
      reader.take(event)
      if ([0, 1].every(partition => reader.numbers(partition).at(-1) === last)) break
    }
  }
  await until(4)
  for (let n = 5; n < 12; n++) await app.send(n)
  await until(11, reader.resume)
  expect(reader.numbers(0)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  // Nothing has changed: all the same it is said what has expired, and then what expires of what the reader has.
  const again = streams.watch<Window, string>({ store: 'windows', partitions: [0], resume: new Map(reader.resume) })
  expect((await again.next()).value).toMatchObject({
    type: 'changes',
    entries: [],
    expired: { by: 'start', before: STEP_MS + 1 },
  })
  await app.send(12)
  const { value: event } = await again.next()
  expect(
    (event as Exclude<Event, { type: 'waiting' }>).entries
      .map(({ key, value }) => `${showWindow(key)} ${value}`)
      .sort(),
  ).toEqual([...KEYS.map(key => `${key}@14000-21000 undefined`), ...KEYS.map(key => `${key}@84000-91000 12`)].sort())
  await again.return()
  await streams.close()
})

it('windows of a key, a prefix and a range of keys, and deletions', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  const parts = [keyQuery('a'), prefixQuery('a', string()), rangeQuery({ from: 'ab' }), rangeQuery({ to: 'a' })]
  for (const n of [1, 2]) await app.send(n)
  const all = streams.store<string, string>('windows', 'window', { isolation: 'committed' })
  await expect.poll(async () => await all.fetch('b', 2 * STEP_MS), WAIT).toBe('2')
  const keysOf = [['a'], ['a', 'ab'], ['ab', 'b'], ['a']]
  for (const [index, query] of parts.entries()) {
    await using followed = await follow(streams, { store: 'windows', query, partitions: [0] }, showWindow)
    const keys = keysOf[index]!
    const windowsOf = (n: number, value: string) =>
      keys.map(key => `${key}@${n * STEP_MS}-${(n + 1) * STEP_MS}${value}`)
    const snapshot = [...windowsOf(1, '=1'), ...windowsOf(2, '=2')].sort()
    await expect.poll(() => [...followed.shown].sort(), WAIT).toEqual(snapshot)
    await app.send(2, 'delete')
    await expect.poll(() => followed.shown.slice(snapshot.length).sort(), WAIT).toEqual(windowsOf(2, '').sort())
    await app.send(2)
    await expect
      .poll(() => followed.shown.slice(snapshot.length + keys.length).sort(), WAIT)
      .toEqual(windowsOf(2, '=2').sort())
  }
  await streams.close()
})

it('sessions: one that is merged into another is gone, and so is one that is deleted or has expired', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  await using followed = await follow(streams, { store: 'merged', query: keyQuery('a') }, showWindow)
  const { shown } = followed
  await app.put('sessions', 'a', '10 20 one')
  await app.put('sessions', 'b', '10 20 other')
  await app.put('sessions', 'a', '40 50 two')
  await expect.poll(() => shown, WAIT).toEqual(['a@10-20=one', 'a@40-50=two'])
  await app.put('sessions', 'a', '40 50 delete')
  await expect.poll(() => shown.slice(2), WAIT).toEqual(['a@40-50'])
  await app.put('sessions', 'c', '71000 200000 late')
  await expect.poll(() => shown.slice(3), WAIT).toEqual(['a@10-20'])
  await using later = await follow(streams, { store: 'merged' }, showWindow)
  await expect.poll(() => later.shown, WAIT).toEqual(['c@71000-200000=late'])

  await using counted = await follow(streams, { store: 'counted' }, showWindow)
  await app.put('clicks', 'x', '', 10)
  await expect.poll(() => counted.shown, WAIT).toEqual(['x@10-10=1'])
  await app.put('clicks', 'x', '', 15)
  await expect.poll(() => counted.shown.slice(1), WAIT).toEqual(['x@10-10', 'x@10-15=2'])
  await streams.close()
})

it.each([
  ['as-planned', 0],
  ['off', 10],
] as const)('what has expired is what queries do not find any more, caching %s', async (caching, expired) => {
  await using app = await world()
  const streams = app.streams('p', { caching, commitIntervalMs: 20 })
  await streams.start()
  const gone: number[] = []
  const stop = new AbortController()
  const reading = (async () => {
    for await (const event of streams.watch<Window>({ store: 'counted', partitions: [0], signal: stop.signal }))
      if (event.type !== 'waiting')
        for (const { key, value } of event.entries) if (value === undefined) gone.push(key.window.end)
  })()
  const store = streams.store<string, bigint>('counted', 'session', { isolation: 'committed', partial: true })
  const ends = async () => {
    const found: number[] = []
    for await (const [{ window }] of store.fetchKeys({})) found.push(window.end)
    return found.sort((a, b) => a - b)
  }
  await app.put('clicks', 'x', '', 10)
  await expect.poll(ends, WAIT).toEqual([10])
  // A cache shows what has expired until its segment is gone, as in Kafka Streams.
  await app.put('clicks', 'x', '', 59_000)
  await expect.poll(ends, WAIT).toEqual(expired > 0 ? [59_000] : [10, 59_000])
  await expect.poll(() => gone, WAIT).toEqual(expired > 0 ? [10] : [])
  await app.put('clicks', 'x', '', 200_000)
  await expect.poll(ends, WAIT).toEqual([200_000])
  await expect.poll(() => gone, WAIT).toEqual([10, 59_000])
  stop.abort()
  await reading
  await streams.close()
})

it('versioned stores: the latest versions, whatever comes out of order', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  const events = streams.watch<string, string>({ store: 'versions', partitions: [0] })
  expect((await events.next()).value).toMatchObject({ type: 'snapshot', entries: [], last: true })
  const next = async () => {
    const { value } = await events.next()
    return (value as Exclude<LiveEvent<string, string>, { type: 'waiting' }>).entries
  }
  await app.put('versions', 'a', 'x', 100)
  expect(await next()).toEqual([{ key: 'a', value: 'x', timestamp: 100 }])
  // Earlier than the latest: that stays.
  await app.put('versions', 'a', 'old', 50)
  expect(await next()).toEqual([{ key: 'a', value: 'x', timestamp: 100 }])
  // It takes the row of the one before, which moves: all the same the key has changed once.
  await app.put('versions', 'a', 'newer', 105)
  expect(await next()).toEqual([{ key: 'a', value: 'newer', timestamp: 105 }])
  await app.put('versions', 'ab', 'y', 60)
  expect(await next()).toEqual([{ key: 'ab', value: 'y', timestamp: 60 }])
  await app.put('versions', 'a', 'delete', 110)
  expect(await next()).toEqual([{ key: 'a', value: undefined }])
  await using prefixed = await follow(streams, { store: 'versions', query: prefixQuery('a', string()) }, String)
  await expect.poll(() => prefixed.shown, WAIT).toEqual(['ab=y'])
  await using one = await follow(streams, { store: 'versions', query: keyQuery('ab') }, String)
  await expect.poll(() => one.shown, WAIT).toEqual(['ab=y'])
  await events.return()
  await streams.close()
})

it('a versioned store goes on from a position', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  await app.put('versions', 'a', 'x', 100)
  let resume = new Map<number, LiveResume>()
  for await (const event of streams.watch<string, string>({ store: 'versions', partitions: [0] })) {
    if (event.type === 'waiting') continue
    resume = new Map([[0, { position: event.position!, at: Date.now() }]])
    if (event.entries.length > 0) break
  }
  await app.put('versions', 'a', 'delete', 110)
  await app.put('versions', 'b', 'z', 120)
  const all = streams.store<string, string>('versions', 'versioned', { isolation: 'committed' })
  await expect.poll(async () => (await all.get('b'))?.value, WAIT).toBe('z')
  const { value } = await streams.watch<string, string>({ store: 'versions', partitions: [0], resume }).next()
  expect(value).toMatchObject({
    type: 'changes',
    entries: [
      { key: 'a', value: undefined },
      { key: 'b', value: 'z', timestamp: 120 },
    ],
  })
  await streams.close()
})

it('global tables are followed on each instance', async () => {
  await using app = await world()
  await app.put('everywhere', 'a', '1')
  const [one, two] = [app.streams('p'), app.streams('q')]
  await one.start()
  await two.start()
  await using first = await follow(one, { store: 'everywhere' }, String)
  await using second = await follow(two, { store: 'everywhere', query: keyQuery('a') }, String)
  for (const { shown } of [first, second]) await expect.poll(() => shown, WAIT).toEqual(['a=1'])
  await app.put('everywhere', 'b', '2')
  await app.put('everywhere', 'a', null)
  await expect.poll(() => first.shown.slice(1).sort(), WAIT).toEqual(['a', 'b=2'])
  await expect.poll(() => second.shown.slice(1), WAIT).toEqual(['a'])
  for await (const event of one.watch({ store: 'everywhere' })) {
    // Its topic has several partitions, so there is no position to go on from.
    expect(event).toEqual(expect.objectContaining({ type: 'snapshot', partition: 0, position: undefined }))
    break
  }
  await one.close()
  await two.close()
})

it('the application stops in the middle of a snapshot of windows', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  for (let n = 0; n < 9; n++) await app.send(n)
  const events = streams.watch<Window, string>({ store: 'windows' })
  expect((await events.next()).value).toMatchObject({ type: 'snapshot' })
  await streams.close()
  for await (const event of events) expect(event.type).not.toBe('changes')
})

it('a reader of windows that is too slow is told so', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  const events = streams.watch({ store: 'windows', maxBuffered: 10, partitions: [0] })
  expect((await events.next()).value).toMatchObject({ type: 'snapshot' })
  const all = streams.store<string, string>('windows', 'window', { isolation: 'committed' })
  for (let n = 0; n < 8; n++) {
    await app.send(n)
    await expect.poll(async () => await all.fetch('a', n * STEP_MS), WAIT).toBe(`${n}`)
  }
  await expect(events.next()).rejects.toMatchObject({ code: 'MILLRACE_QUERY_TOO_SLOW' })
  await streams.close()
})
