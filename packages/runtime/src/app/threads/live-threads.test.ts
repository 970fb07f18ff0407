import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type ClientContext,
  keyQuery,
  NO_HEADERS,
  partitionForKey,
  prefixQuery,
  StreamsBuilder,
  string,
  systemClock,
  tumbling,
  type Windowed,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { KafkaStreamsOptions } from '../../config/options.ts'
import { silentLogger } from '../../observe/console-logger.ts'
import type { LiveEvent } from '../../query/live/live-event.ts'
import type { LiveRequest } from '../../query/live/live-request.ts'
import { defineApplication } from '../define-application.ts'
import type { KafkaStreams } from '../kafka-streams.ts'
import { SentChanges } from './sent-changes.ts'
import { localHost, threadedStreams } from './threads.fixture.ts'
import type { FollowNews } from './view-messages.ts'

const texts = { key: string(), value: string() }
const root = mkdtempSync(join(tmpdir(), 'live-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const PARTITIONS = 6
const KEYS = Array.from({ length: 30 }, (_, n) => `key-${n}`)
const WAIT = { timeout: 30_000 }

/** A table, counts by window and a global table on three threads that share a Kafka in memory. */
async function application(given: Partial<KafkaStreamsOptions> = {}) {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of ['table', 'everywhere']) cluster.createTopic({ name, partitions: PARTITIONS })
  const builder = new StreamsBuilder()
  const table = builder.table('table', { ...texts, store: 'table' })
  table
    .toStream()
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
    .count({ store: 'windows' })
  builder.globalTable('everywhere', { ...texts, store: 'everywhere' })
  const plan = builder.build()
  const factory = memoryClient(cluster)
  const clients = new Map<string, MemoryClient>()
  const client = (context: ClientContext) => {
    const made = factory(context)
    clients.set(context.clientId, made)
    return made
  }
  const options: KafkaStreamsOptions = {
    ...{ applicationId: 'app', processId: 'p', client, logger: silentLogger, threads: 3 },
    ...{ processingGuarantee: 'exactly_once', commitIntervalMs: 20, sessionTimeoutMs: 1000 },
    ...{ onUncaughtError: () => 'replace-thread', applicationServer: 'here:1' },
    ...given,
  }
  const crashed = (thread: number) => clients.get(thread === 1 ? 'app-p' : `app-p#${thread}`)?.crash()
  const { host, threads } = localHost(() => defineApplication(plan, options), crashed)
  const streams = threadedStreams(plan, options, host)
  const own = factory({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const producer = own.producer({})
  await producer.init()
  return {
    streams,
    threads,
    async send(topic: string, value: string | null, keys = KEYS, timestamp = 1) {
      for (const key of keys) {
        const [keyBytes, bytes] = [Buffer.from(key), Buffer.from(value ?? '')]
        const partition = partitionForKey(keyBytes, 0, keyBytes.length, PARTITIONS)
        const start = value === null ? -1 : 0
        producer
          .topic(topic)
          .append(partition, timestamp, keyBytes, 0, keyBytes.length, bytes, start, bytes.length, NO_HEADERS)
      }
      await producer.flush()
    },
    async [Symbol.asyncDispose]() {
      await streams.close()
      await producer.close()
      await own.close()
    },
  }
}

/** What a reader has; fails at a change that it has had before. */
class Reader {
  readonly rows = new Map<string, string>()
  readonly events: LiveEvent<unknown, unknown>[] = []
  readonly #positions = new Map<number, number>()

  async read(streams: KafkaStreams, request: LiveRequest): Promise<void> {
    for await (const event of streams.watch<unknown, string | bigint>(request)) {
      this.events.push(event)
      if (event.type === 'waiting') continue
      const { partition, position } = event
      if (position !== undefined) {
        if (event.type === 'changes') expect(position).toBeGreaterThan(this.#positions.get(partition) ?? -1)
        this.#positions.set(partition, position)
      }
      for (const { key, value } of event.entries) {
        const text = typeof key === 'string' ? key : showWindow(key as Windowed<string>)
        if (value === undefined) this.rows.delete(text)
        else this.rows.set(text, `${value}`)
      }
    }
  }

  get snapshots(): number {
    return this.events.filter(({ type }) => type === 'snapshot').length
  }

  has(value: string): boolean {
    return KEYS.every(key => this.rows.get(key) === value)
  }
}

function showWindow({ key, window }: Windowed<string>): string {
  return `${key}@${window.start}`
}

it('follows the stores of all threads, while threads come, go and crash', async () => {
  await using app = await application()
  const { streams, send, threads } = app
  expect(() => streams.watch({ store: 'table' })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_QUERY_NOT_RUNNING' }) as Error,
  )
  await streams.start()
  await send('table', '1')
  const reader = new Reader()
  const reading = reader.read(streams, { store: 'table' })
  await expect.poll(() => reader.has('1'), WAIT).toBe(true)
  await send('table', '2')
  await expect.poll(() => reader.has('2'), WAIT).toBe(true)
  expect(reader.snapshots).toBe(PARTITIONS)

  await streams.addThread()
  await send('table', '3')
  await expect.poll(() => reader.has('3'), WAIT).toBe(true)
  await streams.removeThread()
  await send('table', '4')
  await expect.poll(() => reader.has('4'), WAIT).toBe(true)
  // A table whose changelog has all changes: nobody had to begin again.
  expect(reader.snapshots).toBe(PARTITIONS)

  threads[0]!.crash(new Error('out of memory'))
  await send('table', '5')
  await expect.poll(() => reader.has('5'), WAIT).toBe(true)
  await send('table', null, [KEYS[0]!])
  await expect.poll(() => reader.rows.has(KEYS[0]!), WAIT).toBe(false)
  expect(reader.events.map(({ type }) => type)).toContain('waiting')
  await streams.close()
  await reading
})

it.each(['memory', 'disk'])('follows a key, a prefix, windows and a global table, stores in %s', async where => {
  const disk = where === 'disk' ? { store: rocksdb(), stateDir: mkdtempSync(join(root, 'state-')) } : {}
  await using app = await application(disk)
  const { streams, send } = app
  await streams.start()
  const readers = Array.from({ length: 4 }, () => new Reader())
  const [one, some, windows, everywhere] = readers as [Reader, Reader, Reader, Reader]
  const reading = Promise.all([
    one.read(streams, { store: 'table', query: keyQuery('key-7') }),
    some.read(streams, { store: 'table', query: prefixQuery('key-1', string()) }),
    windows.read(streams, { store: 'windows', query: keyQuery('key-7') }),
    everywhere.read(streams, { store: 'everywhere' }),
  ])
  await send('table', '1')
  await send('everywhere', '1', ['a', 'b'])
  await expect.poll(() => [...one.rows], WAIT).toEqual([['key-7', '1']])
  await expect.poll(() => some.rows.size, WAIT).toBe(11)
  await expect.poll(() => [...windows.rows], WAIT).toEqual([['key-7@0', '1']])
  await expect.poll(() => everywhere.rows.size, WAIT).toBe(2)
  await send('table', '2', KEYS, 100_000)
  await expect.poll(() => [...windows.rows], WAIT).toEqual([['key-7@100000', '1']])
  await send('everywhere', null, ['a'])
  await expect.poll(() => [...everywhere.rows], WAIT).toEqual([['b', '1']])
  await streams.close()
  await reading
})

it('tells a reader that is too slow', async () => {
  await using app = await application()
  const { streams, send } = app
  await streams.start()
  const events = streams.watch({ store: 'table', maxBuffered: 20 })
  const seen = new Set<number>()
  while (seen.size < PARTITIONS) {
    const { value: event } = await events.next()
    if ((event as LiveEvent<unknown, unknown>).type === 'snapshot')
      seen.add((event as LiveEvent<unknown, unknown>).partition)
  }
  const reader = new Reader()
  const reading = reader.read(streams, { store: 'table' })
  for (let n = 0; n < 20; n++) {
    await send('table', `${n}`)
    await expect.poll(() => reader.has(`${n}`), WAIT).toBe(true)
  }
  const next = async () => {
    for await (const _ of events);
  }
  await expect(next()).rejects.toMatchObject({ code: 'MILLRACE_QUERY_TOO_SLOW' })
  await streams.close()
  await reading
})

it('a thread sends no more than the main thread takes', () => {
  const sent: FollowNews[] = []
  const changes = new SentChanges(10, news => void sent.push(news))
  const change = (rows: number) => ({
    rows: Array.from({ length: rows }, () => ({ key: Buffer.from('k'), value: null })),
    position: 1,
    time: -1,
  })
  // One commit alone is never too much.
  changes.committed(change(20))
  expect(sent).toMatchObject([{ is: 'committed', weight: 21 }])
  changes.taken(21)
  for (let n = 0; n < 4; n++) changes.committed(change(2))
  expect(sent.map(({ is }) => is)).toEqual(['committed', 'committed', 'committed', 'committed', 'too-many'])
  changes.taken(9)
  changes.committed(change(1))
  expect(sent).toHaveLength(5)
})

it('knows where keys are, and how far stores are behind, over all threads', async () => {
  await using app = await application()
  const { streams, send } = app
  expect(() => streams.queryMetadataForKey('table', 'key-1')).toThrow(
    expect.objectContaining({ code: 'MILLRACE_QUERY_NOT_RUNNING' }) as Error,
  )
  await expect(streams.allLocalStorePartitionLags()).rejects.toMatchObject({ code: 'MILLRACE_QUERY_NOT_RUNNING' })
  await streams.start()
  await send('table', '1')
  const bytes = Buffer.from('key-1')
  const partition = partitionForKey(bytes, 0, bytes.length, PARTITIONS)
  await expect
    .poll(() => streams.queryMetadataForKey('table', 'key-1'), WAIT)
    .toEqual({ partition, active: 'here:1', standbys: [] })
  expect(streams.queryMetadataForKey('table', 'key-1', { partitioner: () => 4 })).toMatchObject({ partition: 4 })
  expect(streams.queryMetadataForKey('everywhere', 'a')).toMatchObject({ partition: 0, active: 'here:1' })
  expect(() => streams.queryMetadataForKey('nothing', 'a')).toThrow(
    expect.objectContaining({ code: 'MILLRACE_STORE_UNKNOWN' }) as Error,
  )
  const metadata = streams.streamsMetadataForStore('table')
  expect(metadata).toMatchObject([{ host: 'here:1', standbyTasks: [] }])
  expect(metadata[0]!.activeTasks).toHaveLength(PARTITIONS)
  const reader = new Reader()
  const reading = reader.read(streams, { store: 'table' })
  await expect.poll(() => reader.has('1'), WAIT).toBe(true)
  const lags = await streams.allLocalStorePartitionLags()
  expect([...lags.keys()].sort()).toEqual(['table', 'windows'])
  const ofTable = [...lags.get('table')!]
  expect(ofTable.map(([of]) => of).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
  for (const [of, { position, end, lag }] of ofTable)
    expect({ of, position, lag }).toEqual({ of, position: end, lag: 0 })
  await streams.close()
  await reading
})
