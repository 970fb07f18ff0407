import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  double,
  type FailureReason,
  hopping,
  keyQuery,
  keyValueStore,
  type KeyValueStore,
  long,
  memoryStore,
  type PartitionResult,
  type Plan,
  prefixQuery,
  type Query,
  rangeQuery,
  sessionQuery,
  sessions,
  StreamsBuilder,
  string,
  timestampedKeyQuery,
  timestampedRangeQuery,
  tumbling,
  unlimited,
  calendar,
  versionedKeyQuery,
  versionsQuery,
  windowed,
  windowKeyQuery,
  windowRangeQuery,
} from '@millrace/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

/*
 * The queries of Kafka Streams' IQv2StoreIntegrationTest, of which docs/queries.md has a list, on every kind of store: committed, and in
 * the write buffer. Keys "0", "2", "4" are in partition 0, "1" and "3" in partition 1.
 */

const texts = { key: string(), value: string() }
const KEYS = ['0', '1', '2', '3', '4'] as const
const MINUTE = 60_000

const STATES = [
  ['committed', 'committed', true],
  ['committed, read with the buffer', 'uncommitted', true],
  ['in the buffer', 'uncommitted', false],
] as const

async function driverOf(plan: Plan, commits: boolean, stores: 'memory' | 'disk' = 'memory') {
  const stateDir = mkdtempSync(join(tmpdir(), 'queries-'))
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }))
  return await TopologyTestDriver.create(plan, {
    partitions: { in: 2 },
    processingGuarantee: 'exactly_once',
    commitEachRecord: false,
    commitIntervalMs: commits ? 1_000 : 3_600_000,
    ...(stores === 'memory' && { state: { store: memoryStore(), stateDir } }),
  })
}

/** Pipes what each key has, and commits it. */
async function fill(
  driver: TopologyTestDriver,
  records: readonly (readonly [key: string, value: string | null, timestamp: number])[],
  commits: boolean,
): Promise<void> {
  const input = driver.createInputTopic('in', texts)
  for (const [key, value, timestamp] of records)
    await input.pipeInput(key, value, { partition: Number(key) % 2, timestamp })
  if (commits) await driver.commit()
}

const ROWS = KEYS.map(key => [key, `v${key}`, 100 + Number(key)] as const)
const ENTRIES = ROWS.map(([key, value]) => [key, value])

describe.each(STATES)('a table, %s', (_name, isolation, commits) => {
  it.each([true, false])('caching %s', async caching => {
    const builder = new StreamsBuilder()
    builder.table('in', { ...texts, store: { name: 'rows', caching } })
    await using driver = await driverOf(builder.build(), commits)
    await fill(driver, [...ROWS, ['5', 'gone', 1], ['5', null, 2]], commits)
    const ask = <R>(query: Query<R>) => driver.query({ store: 'rows', query, isolation })
    const values = async (query: Query<readonly unknown[]>) => (await ask(query)).values()
    expect((await ask(keyQuery('2'))).onlyValue()).toBe('v2')
    expect((await ask(keyQuery('5'))).onlyValue()).toBeUndefined()
    expect((await ask(timestampedKeyQuery('3'))).onlyValue()).toEqual({ value: 'v3', timestamp: 103 })
    const at = (...keys: readonly number[]) => keys.map(key => ENTRIES[key])
    expect(await values(rangeQuery({ from: '0', to: '4' }))).toEqual([at(0, 2, 4), at(1, 3)])
    expect(await values(rangeQuery({ from: '1', to: '3' }))).toEqual([at(2), at(1, 3)])
    expect(await values(rangeQuery({ from: '3' }))).toEqual([at(4), at(3)])
    expect(await values(rangeQuery({ to: '3' }))).toEqual([at(0, 2), at(1, 3)])
    expect(await values(rangeQuery())).toEqual([at(0, 2, 4), at(1, 3)])
    expect(await values(rangeQuery({ reverse: true }))).toEqual([at(4, 2, 0), at(3, 1)])
    expect(await values(rangeQuery({ from: '1', to: '3', reverse: true }))).toEqual([at(2), at(3, 1)])
    expect(await values(rangeQuery({ from: '3', reverse: true }))).toEqual([at(4), at(3)])
    expect(await values(rangeQuery({ to: '3', reverse: true }))).toEqual([at(2, 0), at(3, 1)])
    expect(await values(timestampedRangeQuery({ from: '3' }))).toEqual([
      [['4', { value: 'v4', timestamp: 104 }]],
      [['3', { value: 'v3', timestamp: 103 }]],
    ])
    expect(await values(prefixQuery('4', string()))).toEqual([at(4), []])
    expect((await ask(rangeQuery({ limit: 2 }))).partitions.get(0)).toMatchObject({ value: at(0, 2), more: true })
    expect((await ask(rangeQuery({ limit: 3, reverse: true }))).partitions.get(0)).toMatchObject({ more: false })
  })
})

describe.each(STATES)('windows, %s', (_name, isolation, commits) => {
  it.each([
    ['tumbling', tumbling({ sizeMs: MINUTE, graceMs: 0 }), 2 * MINUTE],
    ['hopping', hopping({ sizeMs: MINUTE, advanceMs: MINUTE, graceMs: 0 }), 2 * MINUTE],
  ] as const)('%s', async (_windows, windows, end) => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(windows)
      .count({ store: { name: 'counts', retentionMs: 60 * MINUTE } })
    await using driver = await driverOf(builder.build(), commits)
    const records = [1, 1, 2, 3].flatMap(minute => KEYS.map(key => [key, 'x', minute * MINUTE + 5] as const))
    await fill(driver, records, commits)
    const ask = async <R>(query: Query<R>) => (await driver.query({ store: 'counts', query, isolation })).values()
    const counted = (minute: number, value: bigint) => [minute * MINUTE, { value, timestamp: minute * MINUTE + 5 }]
    expect(await ask(windowKeyQuery('2', { from: MINUTE, to: MINUTE }))).toEqual([[counted(1, 2n)], []])
    expect(await ask(windowKeyQuery('2', { from: 2 * MINUTE }))).toEqual([[counted(2, 1n), counted(3, 1n)], []])
    expect(await ask(windowKeyQuery('2', { from: MINUTE + 1, to: 2 * MINUTE - 1 }))).toEqual([[], []])
    expect(await ask(windowKeyQuery('2', { from: 4 * MINUTE }))).toEqual([[], []])
    expect(await ask(windowKeyQuery('2', { from: 2 * MINUTE, reverse: true }))).toEqual([
      [counted(3, 1n), counted(2, 1n)],
      [],
    ])
    const [even, odd] = await ask(windowRangeQuery({ from: MINUTE, to: MINUTE }))
    expect(even).toEqual(['0', '2', '4'].map(key => [windowed(key, MINUTE, end), counted(1, 2n)[1]]))
    expect(odd).toHaveLength(2)
    expect((await ask(windowRangeQuery()))[0]).toHaveLength(9)
    expect((await ask(windowRangeQuery({ keys: { from: '1', to: '2' } })))[0]).toHaveLength(3)
  })

  it('ends of unlimited windows and of days', async () => {
    const builder = new StreamsBuilder()
    const grouped = builder.stream('in', texts).groupByKey()
    grouped.windowedBy(unlimited()).count({ store: 'ever' })
    grouped.windowedBy(calendar({ unit: 'day', timeZone: 'Europe/Berlin', graceMs: 0 })).count({ store: 'days' })
    await using driver = await driverOf(builder.build(), commits)
    await fill(driver, [['0', 'x', Date.parse('2026-03-29T12:00:00Z')]], commits)
    const ask = async (store: string) => (await driver.query({ store, query: windowRangeQuery(), isolation })).values()
    expect((await ask('ever'))[0]?.[0]?.[0].window).toEqual({ start: 0, end: Infinity })
    const { start, end } = (await ask('days'))[0]![0]![0].window
    expect(end - start).toBe(23 * 60 * MINUTE)
  })
})

describe.each(STATES)('sessions, %s', (_name, isolation, commits) => {
  it('of a key', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 }))
      .count({ store: 'counts' })
    await using driver = await driverOf(builder.build(), commits)
    await fill(
      driver,
      [100, 105, 200].flatMap(time => KEYS.map(key => [key, 'x', time] as const)),
      commits,
    )
    const ask = async <R>(query: Query<R>) => (await driver.query({ store: 'counts', query, isolation })).values()
    expect(await ask(sessionQuery('2'))).toEqual([
      [
        [windowed('2', 100, 105), 2n],
        [windowed('2', 200, 200), 1n],
      ],
      [],
    ])
    expect(await ask(sessionQuery('3', { from: 150 }))).toEqual([[], [[windowed('3', 200, 200), 1n]]])
    expect(await ask(sessionQuery('9'))).toEqual([[], []])
  })
})

describe.each(STATES)('versions, %s', (_name, isolation, commits) => {
  it('latest, as of a time, and history', async () => {
    const builder = new StreamsBuilder()
    builder.table('in', { ...texts, store: { name: 'rows', historyRetentionMs: 10 * MINUTE } })
    await using driver = await driverOf(builder.build(), commits)
    await fill(
      driver,
      [
        ['2', 'a', 100],
        ['2', 'b', 200],
        ['2', null, 300],
        ['2', 'c', 400],
        ['3', 'x', 100],
      ],
      commits,
    )
    const ask = async <R>(query: Query<R>) => (await driver.query({ store: 'rows', query, isolation })).onlyValue()
    expect(await ask(versionedKeyQuery('2'))).toEqual({ value: 'c', timestamp: 400 })
    expect(await ask(versionedKeyQuery('2', { asOf: 150 }))).toEqual({ value: 'a', timestamp: 100, validTo: 200 })
    expect(await ask(versionedKeyQuery('2', { asOf: 300 }))).toBeUndefined()
    expect(await ask(versionedKeyQuery('2', { asOf: 99 }))).toBeUndefined()
    const versions = async (range: Parameters<typeof versionsQuery>[1]) =>
      (await driver.query({ store: 'rows', query: versionsQuery<string>('2', range), isolation })).values()[0]
    expect((await versions({}))?.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
    expect((await versions({ from: 150, to: 250 }))?.map(({ value }) => value)).toEqual(['a', 'b'])
    expect((await versions({ reverse: true, limit: 1 }))?.map(({ value }) => value)).toEqual(['c'])
  })
})

it('a store of a processor has no timestamps', async () => {
  const builder = new StreamsBuilder()
  const store = keyValueStore({ name: 'sums', key: string(), value: double() })
  builder.addStateStore(store)
  builder.stream('in', texts).process<string, string>(
    () => {
      let sums: KeyValueStore<string, number>
      return {
        init(context) {
          sums = context.store(store)
        },
        process({ key }) {
          sums.put(key, 1.5)
        },
      }
    },
    { stores: [store] },
  )
  await using driver = await driverOf(builder.build(), true)
  await fill(driver, [['2', 'x', 1]], true)
  expect((await driver.query({ store: 'sums', query: keyQuery('2') })).onlyValue()).toBe(1.5)
  const reasons = reasonsOf((await driver.query({ store: 'sums', query: timestampedKeyQuery('2') })).partitions)
  expect(reasons).toEqual(['UNKNOWN_QUERY_TYPE', 'UNKNOWN_QUERY_TYPE'])
})

function reasonsOf(partitions: ReadonlyMap<number, PartitionResult<unknown>>): readonly (FailureReason | 'ok')[] {
  return [...partitions.values()].map(result => (result.ok ? 'ok' : result.reason))
}

function counting() {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).groupByKey().count({ store: 'counts' })
  return builder.build()
}

describe('isolation', () => {
  it('committed shows what a transaction has committed, and nothing of the one under way', async () => {
    await using driver = await driverOf(counting(), false)
    const ask = async (isolation?: 'committed' | 'uncommitted') =>
      (await driver.query({ store: 'counts', query: keyQuery('2'), ...(isolation && { isolation }) })).onlyValue()
    await fill(driver, [['2', 'x', 1]], true)
    await fill(
      driver,
      [
        ['2', 'x', 2],
        ['2', 'x', 3],
      ],
      false,
    )
    expect([await ask('committed'), await ask('uncommitted'), await ask()]).toEqual([1n, 3n, 1n])
    await driver.commit()
    expect([await ask('committed'), await ask('uncommitted')]).toEqual([3n, 3n])
  })

  it('the default is uncommitted without transactions', async () => {
    await using driver = await TopologyTestDriver.create(counting(), {
      partitions: { in: 2 },
      processingGuarantee: 'at_least_once',
      commitEachRecord: false,
      commitIntervalMs: 3_600_000,
    })
    await fill(driver, [['2', 'x', 1]], false)
    const ask = async (isolation?: 'committed') =>
      (await driver.query({ store: 'counts', query: keyQuery('2'), ...(isolation && { isolation }) })).onlyValue()
    expect([await ask(), await ask('committed')]).toEqual([1n, undefined])
  })

  it('windows that expire with uncommitted records are still there for committed reads', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
      .count({ store: 'counts' })
    await using driver = await driverOf(builder.build(), false)
    await fill(driver, [['2', 'x', 5]], true)
    await fill(driver, [['2', 'x', 10 * MINUTE]], false)
    const starts = async (isolation: 'committed' | 'uncommitted') => {
      const result = await driver.query({ store: 'counts', query: windowKeyQuery('2'), isolation })
      return result.values()[0]?.map(([start]) => start)
    }
    expect([await starts('committed'), await starts('uncommitted')]).toEqual([[0], [10 * MINUTE]])
  })

  it('a query leaves no trace in the store: a cold key is read and counted on', async () => {
    await using driver = await driverOf(counting(), false)
    await fill(driver, [['2', 'x', 1]], true)
    await driver.query({ store: 'counts', query: rangeQuery(), isolation: 'uncommitted' })
    await fill(driver, [['2', 'x', 1]], true)
    expect((await driver.query({ store: 'counts', query: keyQuery('2') })).onlyValue()).toBe(2n)
  })
})

describe('failures', () => {
  it('partitions that do not exist, and a type that nobody knows', async () => {
    await using driver = await driverOf(counting(), true)
    const { partitions } = await driver.query({ store: 'counts', query: keyQuery('2'), partitions: [1, 2] })
    expect(reasonsOf(partitions)).toEqual(['ok', 'DOES_NOT_EXIST'])
    for (const query of [
      windowKeyQuery('2'),
      sessionQuery('2'),
      versionedKeyQuery('2'),
      { type: 'ping' } as unknown as Query<string>,
    ]) {
      const result = await driver.query<unknown>({ store: 'counts', query })
      expect(reasonsOf(result.partitions)).toEqual(['UNKNOWN_QUERY_TYPE', 'UNKNOWN_QUERY_TYPE'])
      expect(() => result.values()).toThrow(expect.objectContaining({ code: 'MILLRACE_QUERY_INCOMPLETE' }) as Error)
    }
  })

  it('window stores and session stores do not know the queries of each other', async () => {
    const builder = new StreamsBuilder()
    const grouped = builder.stream('in', texts).groupByKey()
    grouped.windowedBy(tumbling({ sizeMs: MINUTE, graceMs: 0 })).count({ store: 'windows' })
    grouped.windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 })).count({ store: 'sessions' })
    await using driver = await driverOf(builder.build(), true)
    for (const [store, query] of [
      ['windows', sessionQuery('2')],
      ['sessions', windowRangeQuery({ from: 0, to: 0 })],
      ['sessions', windowKeyQuery('2')],
    ] as const) {
      const { partitions } = await driver.query<unknown>({ store, query })
      expect(reasonsOf(partitions)).toEqual(['UNKNOWN_QUERY_TYPE', 'UNKNOWN_QUERY_TYPE'])
    }
  })

  it.each([
    [{ store: 'cuonts', query: keyQuery('2') }, 'MILLRACE_STORE_UNKNOWN', '"counts"'],
    [{ store: 'counts', query: keyQuery(undefined) }, 'MILLRACE_QUERY_INVALID', 'null or undefined'],
    [{ store: 'counts', query: keyQuery(7) }, 'MILLRACE_QUERY_INVALID', 'cannot be encoded'],
    [{ store: 'counts', query: rangeQuery({ from: 7 }) }, 'MILLRACE_QUERY_INVALID', 'cannot be encoded'],
    [{ store: 'counts', query: rangeQuery({ limit: 0 }) }, 'MILLRACE_QUERY_INVALID', 'limit'],
    [{ store: 'counts', query: undefined as never }, 'MILLRACE_QUERY_INVALID', 'keyQuery'],
    [{ store: 'counts', query: keyQuery('2'), isolation: 'dirty' as never }, 'MILLRACE_QUERY_INVALID', 'isolation'],
    [{ store: 'counts', query: keyQuery('2'), partitions: [-1] }, 'MILLRACE_QUERY_INVALID', 'partitions'],
    [{ store: 'counts', query: keyQuery('2'), maxLag: -1 }, 'MILLRACE_QUERY_INVALID', 'maxLag'],
    [{ store: 'counts', query: keyQuery('2'), after: [{}] as never }, 'MILLRACE_QUERY_INVALID', 'after'],
    [{ store: 'counts', query: windowKeyQuery('2', { from: Number.NaN }) }, 'MILLRACE_QUERY_INVALID', 'from'],
    [
      { store: 'counts', query: keyQuery('2'), position: [{ topic: 'other', partition: 0, offset: 1 }] },
      'MILLRACE_QUERY_AFTER_IMPOSSIBLE',
      '"in"',
    ],
  ])('%j', async (request, code, words) => {
    await using driver = await driverOf(counting(), true)
    const asked = driver.query(request)
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(words) as unknown })
  })

  it('a partition of another instance is not present there, and a position that is not reached is said', async () => {
    await using driver = await TopologyTestDriver.create(counting(), { partitions: { in: 2 }, instances: 2 })
    await fill(driver, [['2', 'x', 1]], true)
    const query = keyQuery<bigint>('2')
    const first = await driver.query({ store: 'counts', query }, { instance: 0 })
    const second = await driver.query({ store: 'counts', query }, { instance: 1 })
    expect([first, second].map(({ partitions }) => reasonsOf(partitions).join()).toSorted()).toEqual([
      'NOT_PRESENT,ok',
      'ok,NOT_PRESENT',
    ])
    const whole = await driver.query({ store: 'counts', query })
    expect([whole.complete, whole.onlyValue(), whole.position]).toEqual([
      true,
      1n,
      [{ topic: 'in', partition: 0, offset: 0 }],
    ])
    const position = [{ topic: 'in', partition: 0, offset: 1 }]
    const bound = await driver.query({ store: 'counts', query, position })
    expect(reasonsOf(bound.partitions)).toEqual(['NOT_UP_TO_BOUND', 'ok'])
    const after = await driver.query({ store: 'counts', query, after: position })
    expect(reasonsOf(after.partitions)).toEqual(['NOT_UP_TO_BOUND', 'ok'])
    expect(
      (await driver.query({ store: 'counts', query, position: whole.position, after: whole.position })).onlyValue(),
    ).toBe(1n)
  })

  it('two partitions with a value for one key', async () => {
    await using driver = await driverOf(counting(), true)
    const input = driver.createInputTopic('in', texts)
    for (const partition of [0, 1]) await input.pipeInput('a', 'x', { partition })
    await driver.commit()
    const result = await driver.query({ store: 'counts', query: keyQuery('a') })
    expect(() => result.onlyValue()).toThrow(expect.objectContaining({ code: 'MILLRACE_QUERY_AMBIGUOUS' }) as Error)
  })
})

describe('standbys', () => {
  const guarantees = ['exactly_once', 'at_least_once'] as const
  it.each(guarantees)(
    '%s: a standby answers where it is allowed to, and says its position',
    async processingGuarantee => {
      await using driver = await TopologyTestDriver.create(counting(), {
        partitions: { in: 1 },
        instances: 2,
        numStandbyReplicas: 1,
        processingGuarantee,
      })
      const input = driver.createInputTopic('in', texts)
      for (let turn = 0; turn < 3; turn++) await input.pipeInput('2', 'x')
      const query = keyQuery<bigint>('2')
      const [first, second] = await Promise.all(
        [0, 1].map(instance => driver.query({ store: 'counts', query }, { instance })),
      )
      const standby = first!.complete ? 1 : 0
      expect(reasonsOf((standby === 1 ? second! : first!).partitions)).toEqual(['NOT_ACTIVE'])
      const isolation = processingGuarantee === 'exactly_once' ? ('committed' as const) : ('uncommitted' as const)
      const wanted = [{ topic: 'in', partition: 0, offset: 2 }]
      const ask = () =>
        driver.query(
          { store: 'counts', query, standbys: true, isolation, position: wanted, maxLag: 0 },
          { instance: standby },
        )
      let result = await ask()
      for (let turn = 0; turn < 50 && !result.complete; turn++) {
        await driver.advanceWallClock(100)
        await new Promise(resolve => setImmediate(resolve))
        result = await ask()
      }
      expect(result.partitions.get(0)).toMatchObject({ ok: true, value: 3n, source: 'standby', position: wanted })
    },
  )

  it('without transactions a standby gives no committed reads', async () => {
    await using driver = await TopologyTestDriver.create(counting(), {
      partitions: { in: 1 },
      instances: 2,
      numStandbyReplicas: 1,
    })
    const asked = [0, 1].map(instance =>
      driver.query({ store: 'counts', query: keyQuery('2'), standbys: true, isolation: 'committed' }, { instance }),
    )
    const results = await Promise.allSettled(asked)
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('global tables', () => {
  it('answer on each instance, with a position in their topic', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('in', { ...texts, store: 'rows' })
    builder.stream('other', texts).foreach(() => undefined)
    await using driver = await driverOf(builder.build(), true)
    await fill(driver, ROWS, true)
    const result = await driver.query({ store: 'rows', query: keyQuery('3') })
    expect([result.onlyValue(), result.position]).toEqual([
      'v3',
      [
        { topic: 'in', partition: 0, offset: 2 },
        { topic: 'in', partition: 1, offset: 1 },
      ],
    ])
  })
})

describe('after a position', () => {
  it('waits for what goes over repartition topics and fixed topics, under both guarantees', async () => {
    for (const processingGuarantee of ['exactly_once', 'at_least_once'] as const) {
      const builder = new StreamsBuilder()
      builder
        .stream('in', texts)
        .groupBy(value => value, { key: string() })
        .count({ store: 'first' })
        .toStream()
        .to('middle', { value: long() })
      builder
        .stream('middle', { key: string(), value: long() })
        .groupBy(value => String(value), { key: string() })
        .count({ store: 'second' })
      await using driver = await TopologyTestDriver.create(builder.build(), {
        partitions: { in: 1, middle: 1 },
        processingGuarantee,
      })
      const input = driver.createInputTopic('in', texts)
      for (let turn = 0; turn < 3; turn++) await input.pipeInput('2', 'x')
      for (const store of ['first', 'second']) {
        const query = keyQuery(store === 'first' ? 'x' : '3')
        const ask = (offset: number) => driver.query({ store, query, after: [{ topic: 'in', partition: 0, offset }] })
        expect((await ask(2)).onlyValue()).toBe(store === 'first' ? 3n : 1n)
        expect(reasonsOf((await ask(3)).partitions)).toEqual(['NOT_UP_TO_BOUND'])
      }
    }
  })

  it('is refused where no way leads to the store', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).groupByKey().count({ store: 'counts' })
    builder.stream('other', texts).to(() => 'in', texts)
    await using driver = await TopologyTestDriver.create(builder.build(), { partitions: { in: 1, other: 1 } })
    const asked = driver.query({
      store: 'counts',
      query: keyQuery('2'),
      after: [{ topic: 'other', partition: 0, offset: 0 }],
    })
    await expect(asked).rejects.toMatchObject({ code: 'MILLRACE_QUERY_AFTER_IMPOSSIBLE' })
  })
})
