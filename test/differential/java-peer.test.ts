import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type JavaPeer, type RunInput, type RunOptions, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'
import type { TopologySpec } from './spec.ts'

const missing = await missingJavaTools()

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const textOf = (bytes: string | null | undefined): string | undefined =>
  bytes == null ? undefined : Buffer.from(bytes, 'base64').toString()
const record = (value: string | null, timestamp: number, key: string | null = null): RunInput => ({
  topic: 'in',
  key: key === null ? null : base64(key),
  value: value === null ? null : base64(value),
  timestamp,
})

const countWords: TopologySpec = [
  { op: 'stream', id: 'in', topics: ['in'] },
  { op: 'flatMapValues', id: 'words', from: 'in', mapper: 'words' },
  { op: 'groupBy', id: 'grouped', from: 'words', selector: 'value' },
  { op: 'windowedBy', id: 'windows', from: 'grouped', sizeMs: 10, graceMs: 5 },
  { op: 'count', id: 'counts', from: 'windows', store: { name: 'counts' } },
  { op: 'toStream', id: 'changes', from: 'counts' },
  { op: 'to', from: 'changes', topic: 'out' },
]

const lastValues: TopologySpec = [
  { op: 'table', id: 'in', topic: 'in', store: { name: 'rows' } },
  { op: 'toStream', id: 'changes', from: 'in' },
  { op: 'mapValues', id: 'seen', from: 'changes', mapper: 'withKey' },
  { op: 'to', from: 'seen', topic: 'out' },
]

describe('the Java peer', { timeout: 240_000 }, () => {
  let java: JavaPeer
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  beforeEach(context => context.skip(missing !== undefined, missing))
  afterAll(() => java?.close())

  it('is Kafka Streams 4.3.1', async () => {
    expect(await java.version()).toMatchObject({ kafka: '4.3.1' })
  })

  it('gives the records of all topics, internal ones too, and the contents of windows', async () => {
    const headers = [['trace', base64('t1')]] as const
    const { outputs, stores } = await java.run(countWords, [
      { ...record('b a b', 12), headers },
      record('a', 20),
      record('late a', 9),
    ])
    expect(Object.keys(outputs)).toEqual(['app-counts-changelog', 'app-counts-repartition', 'out'])
    expect(outputs['app-counts-repartition']?.map(({ key }) => textOf(key))).toEqual(['b', 'a', 'b', 'a', 'late', 'a'])
    expect(outputs['app-counts-repartition']?.[0]).toEqual({
      key: base64('b'),
      value: base64('b'),
      timestamp: 12,
      headers,
    })
    // The window from 0 closed at 15, before the late line came.
    expect(stores['counts']?.map(({ key, windowStart, timestamp }) => [textOf(key), windowStart, timestamp])).toEqual([
      ['a', 10, 12],
      ['b', 10, 12],
      ['a', 20, 20],
    ])
    const two = Buffer.from([0, 0, 0, 0, 0, 0, 0, 2]).toString('base64')
    expect(outputs['out']?.filter(({ value }) => value === two)).toEqual([
      {
        key: Buffer.concat([Buffer.from('b'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 10])]).toString('base64'),
        value: two,
        timestamp: 12,
        headers,
      },
    ])
  })

  it('gives deletions as null', async () => {
    const { outputs, stores } = await java.run(lastValues, [
      record('v', 1, 'k'),
      record(null, 2, 'k'),
      record('w', 3, 'l'),
    ])
    expect(outputs['app-rows-changelog']?.map(({ value }) => textOf(value))).toEqual(['v', undefined, 'w'])
    expect(outputs['out']?.map(({ value }) => textOf(value))).toEqual(['k=v', 'k=~', 'l=w'])
    expect(stores).toEqual({ rows: [{ key: base64('l'), value: base64('w'), timestamp: 3 }] })
  })

  it.each<[string, RunOptions]>([
    ['with RocksDB', { stores: 'persistent' }],
    ['with the default cache', { caching: true }],
  ])('gives the same state %s', async (_how, options) => {
    const inputs = [record('b a b', 12), record('a', 20), { advanceWallClockMs: 1000 }, record('late a', 9)]
    // Stores in memory iterate by time first, RocksDB by key first.
    const sorted = async (how?: RunOptions): Promise<readonly string[]> =>
      (await java.run(countWords, inputs, how)).stores['counts']?.map(entry => JSON.stringify(entry)).sort() ?? []
    expect(await sorted(options)).toEqual(await sorted())
  })

  it('optimises when asked to', async () => {
    const internal = async (options: RunOptions): Promise<readonly string[]> =>
      Object.keys((await java.run(lastValues, [record('v', 1, 'k')], options)).outputs)
    expect(await internal({})).toEqual(['app-rows-changelog', 'out'])
    expect(await internal({ optimization: 'all' })).toEqual(['out'])
  })

  it.each<[string, TopologySpec | string, RegExp]>([
    ['an operator that there is not', [{ op: 'teleport', id: 'x' }] as never, /step .*teleport.*: no such operator/],
    ['a step that reads nothing known', [{ op: 'to', from: 'nothing', topic: 'out' }], /no step has the id "nothing"/],
    [
      'a function that there is not',
      [
        { op: 'stream', id: 'a', topics: ['t'] },
        { op: 'filter', id: 'b', from: 'a', predicate: 'odd' },
      ] as never,
      /no predicate is called "odd"/,
    ],
    ['an example that there is not', 'none', /no example is called "none"/],
  ])('says what is wrong with %s, and goes on', async (_what, topology, says) => {
    await expect(java.describe(topology as TopologySpec)).rejects.toThrow(says)
    expect(await java.describe(lastValues)).toContain('KTABLE-SOURCE')
  })

  it('answers each of many requests with its own answer', async () => {
    const words = Array.from({ length: 50 }, (_, length) => 'a'.repeat(length))
    const lengths = await Promise.all(words.map(word => java.call('valueMapper', 'length', ['', word])))
    expect(lengths).toEqual(words.map(({ length }) => String(length)))
  })

  it('ends when closed, and says so to whoever asks then', async () => {
    const another = await startJavaPeer()
    await another.close()
    await expect(another.version()).rejects.toThrow('has ended')
  })
})
