import { TopologyTestDriver } from '@millrace/testing'
import {
  hopping,
  joinWindows,
  keyValueStore,
  KafkaStreams,
  type KafkaStreamsOptions,
  lruMap,
  memoryClient,
  MemoryCluster,
  rocksdb,
  sessions,
  sessionStore,
  sliding,
  StreamsBuilder,
  string,
  systemClock,
  timeWindowed,
  tumbling,
  unlimited,
  versionedStore,
  windowStore,
} from 'millrace'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
const text = string()

/** No number of anything. What is `Infinity` to some options, and a negative number to others, is added where it is wrong. */
const NEVER_GOOD: readonly unknown[] = [
  NaN,
  -Infinity,
  0.5,
  '1000',
  '',
  null,
  {},
  [1000],
  10n,
  true,
  2 ** 53,
  2 ** 63,
  1e300,
]
const wrongFrom = (least: number) => [...NEVER_GOOD, least - 1]
const limited = (least: number) => [...wrongFrom(least), Infinity]

function plan() {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out')
  return builder.build()
}

describe('options of an application', () => {
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  it.each<[keyof KafkaStreamsOptions, readonly unknown[]]>([
    ['commitIntervalMs', limited(0)],
    ['metadataRefreshMs', wrongFrom(1)],
    ['stateCleanupDelayMs', wrongFrom(1)],
    ['maxTaskIdleMs', wrongFrom(-1)],
    ['emitIntervalMs', limited(0)],
    ['idleAdvanceMs', limited(1)],
    ['replicationFactor', [...limited(1), 32_768]],
    ['bufferedBytesPerPartition', wrongFrom(1)],
    ['stateBufferBytes', wrongFrom(1)],
    ['restoreBufferBytes', limited(1024)],
    ['numStandbyReplicas', limited(0)],
    ['acceptableRecoveryLag', wrongFrom(0)],
    ['maxWarmupReplicas', limited(1)],
    ['probingRebalanceIntervalMs', wrongFrom(1000)],
    // The broker is told these in an int32.
    ['sessionTimeoutMs', [...limited(1000), 2 ** 31]],
    ['transactionTimeoutMs', [...limited(1000), 2 ** 31]],
    ['processingTimeoutMs', wrongFrom(10)],
    ['closeTimeoutMs', wrongFrom(0)],
    ['windowedChangelogExtraMs', limited(0)],
  ])('%s', (option, wrong) => {
    for (const value of wrong) {
      const options = { applicationId: 'app', client, [option]: value } as unknown as KafkaStreamsOptions
      expect(() => new KafkaStreams(plan(), options), String(value)).toThrow(
        expect.objectContaining({
          code: 'MILLRACE_CONFIG_INVALID',
          message: expect.stringMatching(new RegExp(`option ${option} is .*it must be a whole number`)) as unknown,
        }),
      )
    }
  })

  it.each([...limited(0), undefined])('offsetReset.backMs: %s', backMs => {
    const options = { applicationId: 'app', client, offsetReset: { backMs } } as unknown as KafkaStreamsOptions
    expect(() => new KafkaStreams(plan(), options)).toThrow(/^MILLRACE_CONFIG_INVALID: The option offsetReset/)
  })

  it.each<Partial<KafkaStreamsOptions>>([
    { closeTimeoutMs: Infinity },
    { closeTimeoutMs: 30 * 24 * 3_600_000 },
    { probingRebalanceIntervalMs: Infinity },
    { stateCleanupDelayMs: Infinity },
    { metadataRefreshMs: Infinity },
    { maxTaskIdleMs: -1 },
    { sessionTimeoutMs: 2 ** 31 - 1 },
    { commitIntervalMs: 0 },
  ])('%j is accepted', options => {
    expect(new KafkaStreams(plan(), { applicationId: 'app', client, ...options }).state).toBe('CREATED')
  })
})

describe('options of operators and stores', () => {
  const stream = () => new StreamsBuilder().stream('in', texts)
  const grouped = () => stream().groupByKey()
  const named = { name: 'rows', ...texts }
  const table = () => new StreamsBuilder().table('in', { ...texts, store: 'rows' })
  it.each<[string, string, readonly unknown[], (value: never) => unknown]>([
    ['tumbling', 'sizeMs', limited(1), sizeMs => tumbling({ sizeMs, graceMs: 0 })],
    ['tumbling', 'graceMs', limited(0), graceMs => tumbling({ sizeMs: 1, graceMs })],
    ['hopping', 'advanceMs', limited(1), advanceMs => hopping({ sizeMs: 10, advanceMs, graceMs: 0 })],
    ['sliding', 'timeDifferenceMs', limited(0), timeDifferenceMs => sliding({ timeDifferenceMs, graceMs: 0 })],
    ['sessions', 'inactivityGapMs', limited(1), inactivityGapMs => sessions({ inactivityGapMs, graceMs: 0 })],
    ['unlimited', 'startMs', limited(0), startMs => unlimited({ startMs })],
    ['joinWindows', 'timeDifferenceMs', limited(0), timeDifferenceMs => joinWindows({ timeDifferenceMs, graceMs: 0 })],
    [
      'joinWindows',
      'beforeMs',
      [...NEVER_GOOD, Infinity],
      beforeMs => joinWindows({ beforeMs, afterMs: 9, graceMs: 0 }),
    ],
    ['joinWindows', 'afterMs', [...NEVER_GOOD, Infinity], afterMs => joinWindows({ beforeMs: 9, afterMs, graceMs: 0 })],
    ['joinWindows', 'graceMs', limited(0), graceMs => joinWindows({ timeDifferenceMs: 1, graceMs })],
    ['suppress', 'waitMs', limited(0), waitMs => table().suppress({ until: 'time-limit', waitMs })],
    [
      'suppress',
      'maxRecords',
      wrongFrom(0),
      maxRecords => table().suppress({ until: 'time-limit', waitMs: 1, maxRecords }),
    ],
    ['suppress', 'maxBytes', wrongFrom(0), maxBytes => table().suppress({ until: 'time-limit', waitMs: 1, maxBytes })],
    [
      'mapValuesAsync',
      'concurrency',
      limited(1),
      concurrency => stream().mapValuesAsync(async value => value, { concurrency }),
    ],
    [
      'mapValuesAsync',
      'timeoutMs',
      limited(1),
      timeoutMs => stream().mapValuesAsync(async value => value, { timeoutMs }),
    ],
    [
      'mapValuesAsync',
      'retry.times',
      limited(0),
      times => stream().mapValuesAsync(async value => value, { retry: { times } }),
    ],
    [
      'mapValuesAsync',
      'retry.backoffMs',
      limited(0),
      backoffMs => stream().mapValuesAsync(async value => value, { retry: { times: 1, backoffMs } }),
    ],
    [
      'mapValuesAsync',
      'retry.maxBackoffMs',
      limited(0),
      maxBackoffMs => stream().mapValuesAsync(async value => value, { retry: { times: 1, maxBackoffMs } }),
    ],
    [
      'deduplicate',
      'withinMs',
      limited(1),
      withinMs => stream().deduplicate({ by: value => value, id: text, withinMs }),
    ],
    [
      'deduplicate',
      'graceMs',
      limited(0),
      graceMs => stream().deduplicate({ by: value => value, id: text, withinMs: 1, graceMs }),
    ],
    ['repartition', 'partitions', [...limited(1), 2 ** 31], partitions => stream().repartition({ partitions })],
    ['topN', 'n', limited(1), n => grouped().topN({ n, by: value => value.length })],
    ['distinctCount', 'maxIds', limited(1), maxIds => grouped().distinctCount(value => value, { id: text, maxIds })],
    ['keyValueStore', 'ttlMs', limited(1), ttlMs => keyValueStore({ ...named, ttlMs })],
    ['lruMap', 'maxEntries', limited(1), maxEntries => lruMap({ ...named, maxEntries })],
    [
      'windowStore',
      'windowSizeMs',
      wrongFrom(1),
      windowSizeMs => windowStore({ ...named, windowSizeMs, retentionMs: 10 }),
    ],
    [
      'windowStore',
      'retentionMs',
      wrongFrom(1),
      retentionMs => windowStore({ ...named, windowSizeMs: 1, retentionMs }),
    ],
    ['sessionStore', 'retentionMs', wrongFrom(1), retentionMs => sessionStore({ ...named, retentionMs })],
    [
      'versionedStore',
      'historyRetentionMs',
      limited(0),
      historyRetentionMs => versionedStore({ ...named, historyRetentionMs }),
    ],
    ['timeWindowed', 'sizeMs', wrongFrom(0), sizeMs => timeWindowed(text, { sizeMs })],
    [
      'stream',
      'offsetReset.backMs',
      limited(0),
      backMs => new StreamsBuilder().stream('in', { ...texts, offsetReset: { backMs } }),
    ],
  ])('%s: %s', (_operator, option, wrong, use) => {
    for (const value of wrong) {
      // Left out is not wrong, and null stands for it in a default.
      expect(() => use(value as never), String(value)).toThrow(
        expect.objectContaining({
          code: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
          message: expect.stringMatching(new RegExp(`${option.replace('.', '\\.')} must be a whole number`)) as unknown,
        }),
      )
    }
  })

  it.each([...limited(1)])('a schedule of %s', async intervalMs => {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).process<string, string>(() => ({
      init: context => void context.schedule(intervalMs as never, 'wall-clock', () => undefined),
      process() {},
    }))
    await expect(TopologyTestDriver.create(builder.build())).rejects.toThrow('MILLRACE_PUNCTUATION_INTERVAL')
  })

  it.each([undefined, 'wall_clock', 1])('a schedule of the type %s', async type => {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).process<string, string>(() => ({
      init: context => void context.schedule(100, type as never, () => undefined),
      process() {},
    }))
    await expect(TopologyTestDriver.create(builder.build())).rejects.toThrow(
      /MILLRACE_TOPOLOGY_OPTION_INVALID.*type is stream-time or wall-clock/,
    )
  })

  it.each([NaN, Infinity, -1, '5', null, {}, 2 ** 53])(
    'a record that is forwarded with the time %s',
    async timestamp => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', texts)
        .process<string, string>(() => {
          let forward: (record: never) => void
          return {
            init: context => void (forward = record => void context.forward(record)),
            process: record => forward({ ...record, timestamp } as never),
          }
        })
        .to('out', texts)
      await using driver = await TopologyTestDriver.create(builder.build())
      await expect(driver.createInputTopic('in', texts).pipeInput('a', '1')).rejects.toThrow(
        /MILLRACE_PROCESSING_FAILED.*MILLRACE_TIMESTAMP_INVALID/,
      )
    },
  )
})

describe('options of other parts', () => {
  it.each(limited(1))('memoryBytes of rocksdb(): %s', memoryBytes => {
    expect(() => rocksdb({ memoryBytes } as never)).toThrow(/MILLRACE_CONFIG_INVALID: The option memoryBytes/)
  })

  it.each<[string, readonly unknown[]]>([
    // An object names topics.
    ['partitions', [...limited(1).filter(value => typeof value !== 'object'), null]],
    ['instances', limited(1)],
    ['initialWallClockMs', limited(0)],
  ])('%s of the test driver', async (option, wrong) => {
    for (const value of wrong) {
      await expect(TopologyTestDriver.create(plan(), { [option]: value }), String(value)).rejects.toThrow(
        `MILLRACE_CONFIG_INVALID: The option ${option} is`,
      )
    }
  })

  it.each(limited(0))('the test driver is to advance by %s', async ms => {
    await using driver = await TopologyTestDriver.create(plan())
    await expect(driver.advanceWallClock(ms as number)).rejects.toThrow('MILLRACE_CONFIG_INVALID')
    await driver.advanceWallClock(1)
    expect(driver.wallClockMs).toBeGreaterThan(0)
  })

  it.each([...NEVER_GOOD, Infinity])('a record for the test driver at the time %s', async timestamp => {
    await using driver = await TopologyTestDriver.create(plan())
    const input = driver.createInputTopic('in', texts)
    await expect(input.pipeInput('a', '1', { timestamp } as never)).rejects.toThrow(
      'MILLRACE_CONFIG_INVALID: The option timestamp is',
    )
  })
})
