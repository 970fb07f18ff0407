import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  keyQuery,
  keyValueStore,
  NO_HEADERS,
  type Plan,
  rangeQuery,
  StreamsBuilder,
  string,
  systemClock,
  tumbling,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { KafkaStreamsOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { KafkaStreams } from './kafka-streams.ts'

const texts = { key: string(), value: string() }
const PARTITIONS = 3

async function world() {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of ['in', 'other']) cluster.createTopic({ name, partitions: PARTITIONS })
  const client = memoryClient(cluster)
  const own: MemoryClient = client({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const producer = own.producer({})
  await producer.init()
  return {
    /** @returns the position of the record */
    async send(key: string, value: string, partition: number) {
      const [keyBytes, valueBytes] = [Buffer.from(key), Buffer.from(value)]
      producer
        .topic('in')
        .append(partition, 1, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length, NO_HEADERS)
      const [next] = (await producer.flush()).filter(one => one.partition === partition)
      return [{ topic: 'in', partition, offset: next!.offset - 1 }]
    },
    streams: (plan: Plan, options: Partial<KafkaStreamsOptions> = {}) =>
      new KafkaStreams(plan, { applicationId: 'app', client, logger: silentLogger, commitIntervalMs: 20, ...options }),
    async close() {
      await producer.close()
      await own.close()
    },
  }
}

function counting() {
  const builder = new StreamsBuilder()
  const counts = builder
    .stream('in', texts)
    .groupBy(value => value, { key: string() })
    .count({ store: 'counts' })
  const last = keyValueStore({ name: 'last', ...texts })
  builder.stream('other', texts).process(() => ({ process: () => undefined }), { stores: [last] })
  return { plan: builder.addStateStore(last).build(), counts, last }
}

it.each(['exactly_once', 'at_least_once'] as const)(
  'under %s a client reads what it has written, beside other queries and records, on disk',
  async processingGuarantee => {
    const { send, streams: make, close } = await world()
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-queries-'))
    const { plan, counts } = counting()
    const streams = make(plan, { processingGuarantee, store: rocksdb(), stateDir })
    await streams.start()
    for (let n = 1; n <= 40; n++) {
      const after = await send('k', `word${n % 4}`, n % PARTITIONS)
      const query = keyQuery<bigint>(`word${n % 4}`)
      const [result] = await Promise.all([
        streams.query({ store: 'counts', query, after }),
        streams.query({ store: 'counts', query: rangeQuery() }),
      ])
      expect(result.onlyValue()).toBe(BigInt(Math.ceil((n % 4 === 0 ? n : n + 4 - (n % 4)) / 4)))
    }
    const readings = new Map(
      streams.metrics().map(({ name, tags, value }) => {
        const { 'task-id': task, topic, partition } = tags
        return [[name, task, topic, partition].filter(tag => tag !== undefined).join(), value]
      }),
    )
    expect(readings.get('client-state')).toBe(2)
    expect(readings.get('alive-stream-threads')).toBe(1)
    const processed = [0, 1, 2].map(partition => readings.get(`process-total,0_${partition}`) ?? 0)
    expect(processed.reduce((sum, count) => sum + count, 0)).toBe(40)
    expect(readings.get('records-lag,0_0,in,0')).toBe(0)
    const store = streams.store(counts)
    expect((await store.get('word1'))?.value).toBe(10n)
    const plain = streams.store<string, bigint>('counts', 'key-value')
    const entries = []
    for await (const entry of plain.all()) entries.push(entry)
    expect(new Map(entries)).toEqual(new Map([0, 1, 2, 3].map(n => [`word${n}`, 10n])))
    expect(await plain.get('nobody')).toBeUndefined()
    for await (const [key] of plain.range({ from: 'word2' })) {
      expect(key >= 'word2').toBe(true)
      break
    }
    expect(plain).not.toHaveProperty('put')
    await streams.close()
    await expect(plain.get('word1')).rejects.toMatchObject({ code: 'MILLRACE_QUERY_NOT_RUNNING' })
    await close()
    await rm(stateDir, { recursive: true, force: true })
  },
)

it('says where keys are and how far stores lag', async () => {
  const { send, streams: make, close } = await world()
  const { plan } = counting()
  const options = { numStandbyReplicas: 1, processingGuarantee: 'exactly_once' } as const
  const first = make(plan, { ...options, applicationServer: 'a:1', processId: 'a' })
  const second = make(plan, { ...options, applicationServer: 'b:1', processId: 'b' })
  await Promise.all([first.start(), second.start()])
  const after = await send('k', 'word', 0)
  await expect.poll(() => first.queryMetadataForKey('counts', 'word').standbys.length, { timeout: 20_000 }).toBe(1)
  const { active, standbys, partition } = first.queryMetadataForKey('counts', 'word')
  expect(new Set([active, ...standbys])).toEqual(new Set(['a:1', 'b:1']))
  expect(second.queryMetadataForKey('counts', 'word')).toEqual({ partition, active, standbys })
  expect(first.queryMetadataForKey('counts', 'word', { partitioner: () => 2 }).partition).toBe(2)
  const [owner, standby] = active === 'a:1' ? [first, second] : [second, first]
  const query = keyQuery<bigint>('word')
  const asked = { store: 'counts', query, partitions: [partition], after } as const
  expect((await owner.query(asked)).onlyValue()).toBe(1n)
  expect((await standby.query({ ...asked, standbys: true })).partitions.get(partition)).toMatchObject({
    value: 1n,
    source: 'standby',
  })
  await expect
    .poll(async () => (await standby.allLocalStorePartitionLags()).get('counts')?.get(partition)?.lag, {
      timeout: 20_000,
    })
    .toBe(0)
  expect((await owner.allLocalStorePartitionLags()).get('counts')?.get(partition)?.lag).toBe(0)
  await expect(owner.store('counts', 'key-value').get('word')).rejects.toMatchObject({
    code: 'MILLRACE_QUERY_INCOMPLETE',
  })
  expect(await owner.store('counts', 'key-value', { partial: true }).get('word')).toBe(1n)
  expect(await owner.store('counts', 'key-value', { standbys: true }).get('word')).toBe(1n)
  for (const [key, partitioner] of [
    [7, undefined],
    [null, undefined],
    ['word', () => 9],
  ] as const) {
    const options = partitioner === undefined ? {} : { partitioner }
    expect(() => first.queryMetadataForKey('counts', key, options)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_QUERY_INVALID' }) as Error,
    )
  }
  await Promise.all([first.close(), second.close()])
  await close()
})

it('a store of another kind, or of no name, is refused', async () => {
  const { streams: make } = await world()
  const builder = new StreamsBuilder()
  const grouped = builder.stream('in', texts).groupByKey()
  grouped.windowedBy(tumbling({ sizeMs: 10, graceMs: 0 })).count({ store: 'windows' })
  const unnamed = grouped.count()
  const streams = make(builder.build())
  const codes = [
    () => streams.store('windows', 'key-value'),
    () => streams.store('windows', 'timestamped-key-value'),
    () => streams.store('nothing', 'key-value'),
    () => streams.store('windows', 'list' as 'window'),
    () => streams.store(unnamed),
  ].map(open => {
    try {
      open()
      return 'opened'
    } catch (error) {
      return (error as { readonly code: string }).code
    }
  })
  expect(codes).toEqual([
    'MILLRACE_QUERY_STORE_KIND',
    'MILLRACE_QUERY_STORE_KIND',
    'MILLRACE_STORE_UNKNOWN',
    'MILLRACE_QUERY_INVALID',
    'MILLRACE_QUERY_INVALID',
  ])
  const closed = streams.store('windows', 'window')
  await expect(closed.fetch('a', 0)).rejects.toMatchObject({ code: 'MILLRACE_QUERY_NOT_RUNNING' })
})
