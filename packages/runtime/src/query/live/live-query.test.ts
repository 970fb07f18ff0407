import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  keyQuery,
  keyValueStore,
  type KeyValueStore,
  memoryStore,
  NO_HEADERS,
  prefixQuery,
  rangeQuery,
  StreamsBuilder,
  string,
  systemClock,
  timestampedKeyQuery,
  windowStore,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { KafkaStreams } from '../../app/kafka-streams.ts'
import type { KafkaStreamsOptions } from '../../config/options.ts'
import { silentLogger } from '../../observe/console-logger.ts'
import type { LiveEvent, LiveResume } from './live-event.ts'

const texts = { key: string(), value: string() }
const PARTITIONS = 2
/** Every record puts its value under all of these, so that in each committed state they are equal. */
const KEYS = ['a', 'ab', 'b', 'c']
const WAIT = { timeout: 30_000 }

type Event = LiveEvent<string, string>

/** What a reader has of each partition; fails at a gap, a repetition, or a state that never was. */
class Reader {
  readonly rows = new Map<number, Map<string, string>>()
  readonly resume = new Map<number, LiveResume>()
  readonly types: string[] = []
  #complete = new Map<number, boolean>()

  take(event: Event): void {
    this.types.push(event.type)
    const { partition } = event
    if (event.type === 'waiting') return
    if (event.type === 'snapshot' && event.first) this.rows.set(partition, new Map())
    const rows = this.rows.get(partition)!
    for (const { key, value } of event.entries) {
      if (value === undefined) rows.delete(key)
      else rows.set(key, value)
    }
    if (event.type === 'snapshot') this.#complete.set(partition, event.last)
    if (this.#complete.get(partition) !== true) return
    const values = new Set(rows.values())
    expect(values.size, `partition ${partition} is of one commit`).toBeLessThanOrEqual(1)
    if (event.position === undefined) return
    const before = this.resume.get(partition)
    if (event.type === 'changes') expect(event.position).toBeGreaterThan(before!.position)
    this.resume.set(partition, { position: event.position, at: Date.now() })
  }

  async read(events: AsyncIterable<Event>): Promise<void> {
    for await (const event of events) this.take(event)
  }

  value(partition: number): string | undefined {
    return this.rows.get(partition)?.get('c')
  }
}

async function world(duplicates = false) {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of ['in', 'other']) cluster.createTopic({ name, partitions: PARTITIONS })
  const client = memoryClient(cluster)
  const own: MemoryClient = client({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const producer = own.producer({})
  await producer.init()
  const builder = new StreamsBuilder()
  const rows = keyValueStore({ name: 'rows', ...texts })
  builder
    .addStateStore(rows)
    .stream('in', texts)
    .process(
      () => {
        let store: KeyValueStore<string, string>
        return {
          init(context) {
            store = context.store(rows)
          },
          process({ value }) {
            for (const key of KEYS) store.put(key, value)
          },
        }
      },
      { stores: [rows] },
    )
  if (duplicates) {
    const many = windowStore({ name: 'many', ...texts, windowSizeMs: 1, retentionMs: 10, retainDuplicates: true })
    builder
      .addStateStore(many)
      .stream('other', texts)
      .process(() => ({ process: () => undefined }), { stores: [many] })
  }
  const plan = builder.build()
  return {
    async send(value: string) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const bytes = Buffer.from(value)
        producer.topic('in').append(partition, 1, bytes, 0, bytes.length, bytes, 0, bytes.length, NO_HEADERS)
      }
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

it.each(['memory', 'disk'] as const)(
  'snapshots are followed by changes without a gap or a repetition, stores in %s',
  async where => {
    await using app = await world()
    const stateDir = await mkdtemp(join(tmpdir(), 'live-'))
    onTestFinished(() => rm(stateDir, { recursive: true, force: true }))
    const disk = where === 'disk' ? { store: rocksdb(), stateDir } : {}
    const streams = app.streams('p', disk)
    await streams.start()
    const readers: Reader[] = []
    const reading: Promise<void>[] = []
    const stop = new AbortController()
    for (let n = 0; n < 100; n++) {
      await app.send(`${n}`)
      await new Promise(resolve => setTimeout(resolve, 3))
      if (n % 10 !== 0) continue
      const reader = new Reader()
      readers.push(reader)
      const query = n % 20 === 0 ? {} : { query: rangeQuery<string>({ from: 'ab' }) }
      reading.push(reader.read(streams.watch({ store: 'rows', signal: stop.signal, ...query })))
    }
    for (const reader of readers)
      for (let partition = 0; partition < PARTITIONS; partition++)
        await expect.poll(() => reader.value(partition), WAIT).toBe('99')
    expect(readers[0]!.types.filter(type => type === 'changes').length).toBeGreaterThan(2)
    stop.abort()
    await Promise.all(reading)
    await streams.close()
  },
)

it('goes on where it was when partitions move to another instance and come back', async () => {
  await using app = await world()
  const first = app.streams('p')
  await first.start()
  const reader = new Reader()
  const reading = reader.read(first.watch({ store: 'rows' }))
  let n = 0
  const sending = new AbortController()
  const sender = (async () => {
    while (!sending.signal.aborted) {
      await app.send(`${n++}`)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  })()
  await expect.poll(() => reader.value(0) !== undefined && reader.value(1) !== undefined, WAIT).toBe(true)
  const second = app.streams('q')
  await second.start()
  await expect.poll(() => second.tasks().length, WAIT).toBeGreaterThan(0)
  await expect.poll(() => reader.types.includes('waiting'), WAIT).toBe(true)
  const before = n
  await second.close()
  await expect.poll(() => [0, 1].every(partition => Number(reader.value(partition)) > before), WAIT).toBe(true)
  sending.abort()
  await sender
  await first.close()
  await reading
  // One for each partition: what was missed was read from the changelog.
  expect(reader.types.filter(type => type === 'snapshot')).toHaveLength(PARTITIONS)
})

it('another live query goes on from a position, unless it is too old', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  await app.send('1')
  const reader = new Reader()
  for await (const event of streams.watch<string, string>({ store: 'rows' })) {
    reader.take(event)
    if (reader.value(0) === '1' && reader.value(1) === '1') break
  }
  await app.send('2')
  await expect
    .poll(async () => (await streams.query({ store: 'rows', query: keyQuery('a') })).values(), WAIT)
    .toEqual(['2', '2'])
  const { resume } = reader
  const types = async (from: ReadonlyMap<number, LiveResume>) => {
    const found: Event[] = []
    for await (const event of streams.watch<string, string>({ store: 'rows', resume: from })) {
      found.push(event)
      if (found.length === PARTITIONS) break
    }
    return found
  }
  const resumed = await types(new Map(resume))
  for (const event of resumed) {
    expect(event.type).toBe('changes')
    if (event.type === 'changes')
      expect(event.entries.map(({ key, value }) => `${key}${value}`).sort()).toEqual(KEYS.map(key => `${key}2`).sort())
    reader.take(event)
  }
  const old = [...resume].map(([partition, { position }]) => [partition, { position, at: 0 }] as const)
  expect((await types(new Map(old))).map(({ type }) => type)).toEqual(['snapshot', 'snapshot'])
  const beyond = [...resume].map(([partition, { at }]) => [partition, { position: 1_000_000, at }] as const)
  expect((await types(new Map(beyond))).map(({ type }) => type)).toEqual(['snapshot', 'snapshot'])
  await streams.close()
})

it('a key, a prefix and deletions', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  await app.send('1')
  await expect
    .poll(async () => (await streams.query({ store: 'rows', query: keyQuery('a') })).values(), WAIT)
    .toEqual(['1', '1'])
  const first = async (query: ReturnType<typeof keyQuery>) => {
    const found: unknown[] = []
    for await (const event of streams.watch({ store: 'rows', query, partitions: [0] })) {
      if (event.type === 'waiting') continue
      found.push(...event.entries)
      if (found.length > 0 && event.type === 'changes') return found
      if (event.type === 'snapshot') await app.send('2')
    }
    return found
  }
  expect(await first(keyQuery('a'))).toEqual([
    { key: 'a', value: '1' },
    { key: 'a', value: '2' },
  ])
  expect(await first(prefixQuery('a', string()))).toEqual([
    { key: 'a', value: '2' },
    { key: 'ab', value: '2' },
    { key: 'a', value: '2' },
    { key: 'ab', value: '2' },
  ])
  await streams.close()
})

it('a reader that is too slow is told so, and the application goes on', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  const events = streams.watch({ store: 'rows', maxBuffered: 10, partitions: [0] })
  expect((await events.next()).value).toMatchObject({ type: 'snapshot' })
  for (let n = 0; n < 20; n++) {
    await app.send(`${n}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  await expect
    .poll(async () => (await streams.query({ store: 'rows', query: keyQuery('a') })).values(), WAIT)
    .toEqual(['19', '19'])
  await expect(events.next()).rejects.toMatchObject({ code: 'MILLRACE_QUERY_TOO_SLOW' })
  expect(await events.next()).toMatchObject({ done: true })
  await streams.close()
})

it('a reader leaves while it waits for an event', async () => {
  await using app = await world()
  const streams = app.streams('p')
  await streams.start()
  const events = streams.watch({ store: 'rows', partitions: [0] })
  expect((await events.next()).value).toMatchObject({ type: 'snapshot' })
  const [waiting, left] = [events.next(), events.return()]
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(await left).toEqual({ done: true, value: undefined })
  await streams.close()
})

it('live queries that are no live queries are refused', async () => {
  await using app = await world(true)
  const streams = app.streams('p')
  expect(() => streams.watch({ store: 'rows' })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_QUERY_NOT_RUNNING' }) as Error,
  )
  await streams.start()
  for (const [request, code] of [
    [{ store: 'nothing' }, 'MILLRACE_STORE_UNKNOWN'],
    [{ store: 'many' }, 'MILLRACE_QUERY_STORE_KIND'],
    [{ store: 'rows', query: rangeQuery({ limit: 3 }) }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', query: rangeQuery({ reverse: true }) }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', query: timestampedKeyQuery('a') }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', maxBuffered: 0 }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', expired: 'sometimes' as never }, 'MILLRACE_QUERY_INVALID'],
    [undefined as never, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', isolation: 'uncommitted' } as never, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', partitions: [] }, 'MILLRACE_QUERY_INVALID'],
    // Of an array with holes.
    [{ store: 'rows', partitions: Array<number>(1) }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', resume: {} as never }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', resume: new Map([[0, { position: Number.NaN, at: 0 }]]) }, 'MILLRACE_QUERY_INVALID'],
    [{ store: 'rows', signal: 'now' as never }, 'MILLRACE_QUERY_INVALID'],
  ] as const) {
    expect(() => streams.watch(request), code).toThrow(expect.objectContaining({ code }) as Error)
  }
  for (const request of [
    { store: 'rows', query: keyQuery(7) },
    { store: 'rows', query: prefixQuery(7 as never, string()) },
    { store: 'rows', partitions: [9] },
  ])
    await expect(streams.watch(request).next()).rejects.toMatchObject({ code: 'MILLRACE_QUERY_INVALID' })
  await streams.close()
})
