import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type ClientFactory,
  keyValueStore,
  ManualClock,
  type Plan,
  seededRandom,
  StreamsBuilder,
  string,
  systemClock,
} from '@millrace/core'
import { consoleLogger, KafkaStreams, resetApplication, silentLogger } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { rehearseRestart, simulate, TopologyTestDriver } from '@millrace/testing'
import { createTopics, openTopics } from 'millrace'
import { expect, it } from 'vitest'
import {
  attempts,
  count,
  flag,
  fn,
  only,
  options,
  optionalFn,
  type Slot,
  topic,
  wrongOutcome,
} from './argument-variants.ts'

const texts = { key: string(), value: string() }
const store = keyValueStore({ name: 'text', ...texts })

function topology(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('text', texts)
    .process<string, string>(() => ({ process() {} }), { stores: [store] })
    .to('out', texts)
  return builder.build()
}

const plan = only(topology())
const cluster = () => new MemoryCluster({ clock: systemClock })
const client = only(memoryClient(cluster()))
const serde = only(string())
const serdes = options({ key: serde, value: serde }, [])
const time = only(5, 'missing', 'number', 'negative')
const headers = only([{ key: 'a', value: Buffer.from('b') }], 'missing', 'empty array')
const logger = only(silentLogger, 'missing')

/** What exists stays as it is, so its size is not looked at. */
const size = (...more: string[]) => count(1, ...more)
const existingTopic = options({ name: only('text', 'text'), partitions: size('negative', 'fraction') }, [])
const newTopic = options(
  { name: topic('text'), partitions: count(1), configs: only({}, 'missing', 'empty object') },
  [],
)

const application = () =>
  new KafkaStreams(topology(), { applicationId: 'app', client: memoryClient(cluster()), logger: silentLogger })
const driving =
  (use: (driver: TopologyTestDriver, ...args: never[]) => unknown) =>
  async (...args: never[]) => {
    await using driver = await TopologyTestDriver.create(topology(), { logger: silentLogger })
    return await use(driver, ...args)
  }
const reading =
  (use: (topics: Awaited<ReturnType<typeof openTopics>>, ...args: never[]) => unknown) =>
  async (...args: never[]) => {
    await using topics = await openTopics(memoryClient(cluster()), { logger: silentLogger })
    await topics.create({ name: 'text', partitions: 1 })
    return await use(topics, ...args)
  }
const input = (driver: TopologyTestDriver) => driver.createInputTopic('text', texts)
const closed = async (driver: Promise<TopologyTestDriver>) => await (await driver).close()

const CALLS: readonly (readonly [title: string, (...args: never[]) => unknown, ...Slot[]])[] = [
  [
    'new KafkaStreams',
    (...args) => new KafkaStreams(...(args as unknown as ConstructorParameters<typeof KafkaStreams>)),
    plan,
    only({ applicationId: 'app', client: client.valid }),
  ],
  [
    'on',
    (...args) => application().on(...(args as never as ['error', () => void])),
    only('error'),
    fn(() => undefined),
  ],
  [
    'off',
    (...args) => application().off(...(args as never as ['error', () => void])),
    only('error'),
    fn(() => undefined),
  ],
  // The name of a signal is what `process.once` hands over.
  [
    'close',
    (...args) => application().close(...(args as [])),
    options({ leave: flag(true) }, ['missing', 'empty object', 'text', 'empty text', 'unusable text']),
  ],
  [
    'TopologyTestDriver.create',
    (...args) => closed(TopologyTestDriver.create(...(args as never as [Plan]))),
    plan,
    options({
      partitions: only(2, 'missing', 'number', 'empty object', 'misspelt option'),
      instances: only(1, 'missing', 'number'),
      commitEachRecord: flag(true),
      initialWallClockMs: only(5, 'missing', 'number'),
      logger,
    }),
  ],
  [
    'createInputTopic',
    driving((driver, ...args) => driver.createInputTopic(...(args as never as ['text', typeof texts]))),
    topic('text'),
    options({ key: serde, value: serde, startMs: time, autoAdvanceMs: time }, []),
  ],
  [
    'createOutputTopic',
    driving((driver, ...args) => driver.createOutputTopic(...(args as never as ['text', typeof texts]))),
    topic('out'),
    serdes,
  ],
  [
    'pipeInput',
    driving((driver, ...args) => input(driver).pipeInput(...(args as never as ['k', 'v']))),
    only('k', 'text', 'empty text', 'unusable text', 'null', 'missing'),
    only('v', 'text', 'empty text', 'unusable text', 'null'),
    options({ timestamp: only(5, 'missing', 'number'), headers, partition: only(0, 'missing') }),
  ],
  [
    'pipeRecords',
    driving((driver, ...args) => input(driver).pipeRecords(...(args as never as [[]]))),
    only([{ value: 'v' }], 'empty array', 'Map'),
    options({ commit: only('once', 'missing') }),
  ],
  [
    'pipeKeyValues',
    driving((driver, ...args) => input(driver).pipeKeyValues(...(args as never as [[]]))),
    only([['k', 'v']], 'empty array', 'Map'),
    options({ commit: only('once', 'missing') }),
  ],
  [
    'pipeValues',
    driving((driver, ...args) => input(driver).pipeValues(...(args as never as [[]]))),
    only(['v'], 'empty array', 'array with null', 'Map'),
    options({ commit: only('once', 'missing') }),
  ],
  [
    'advanceTime',
    driving((driver, ...args) => input(driver).advanceTime(...(args as never as [5]))),
    only(5, 'number', 'negative'),
  ],
  ['advanceWallClock', driving((driver, ...args) => driver.advanceWallClock(...(args as never as [5]))), count(5)],
  [
    'stepWallClock',
    driving((driver, ...args) => driver.stepWallClock(...(args as never as [5]))),
    count(5, 'negative'),
  ],
  [
    'addInstance',
    driving((driver, ...args) => driver.addInstance(...(args as []))),
    options({ stateOf: only(undefined, 'missing') }),
  ],
  [
    'removeInstance',
    driving((driver, ...args) => driver.removeInstance(...(args as never as [0]))),
    only(0),
    options({ crash: flag(false) }),
  ],
  ['store', driving((driver, ...args) => driver.store(...(args as never as ['text']))), only(store, 'text')],
  ['storeParts', driving((driver, ...args) => driver.storeParts(...(args as never as [typeof store]))), only(store)],
  ['keyValueStore', driving((driver, ...args) => driver.keyValueStore(...(args as never as ['text']))), topic('text')],
  ['storeEntries', driving((driver, ...args) => driver.storeEntries(...(args as never as ['text']))), topic('text')],
  [
    'memoryClient',
    memoryClient,
    only(cluster()),
    options({
      transactions: only('none', 'missing'),
      rebalance: only('eager', 'missing'),
      hearsAfterMs: only(0, 'missing', 'number', 'negative', 'fraction'),
      losesHeartbeat: optionalFn(() => false),
    }),
  ],
  [
    'new MemoryCluster',
    (...args) => new MemoryCluster(...(args as never as [{ clock: ManualClock }])),
    options(
      {
        clock: only(new ManualClock()),
        seed: only(1, 'missing', 'number', 'negative', 'fraction'),
        checksums: flag(true),
      },
      [],
    ),
  ],
  ['createTopic', (...args) => cluster().createTopic(...(args as never as [{ name: 'a'; partitions: 1 }])), newTopic],
  ['rocksdb', rocksdb, options({ memoryBytes: only(5, 'missing', 'number') })],
  ['consoleLogger', consoleLogger, only('warn', 'missing')],
  ['createTopics', (...args) => createTopics(...(args as never as [ClientFactory])), client, existingTopic],
  [
    'openTopics',
    async (...args) => await (await openTopics(...(args as never as [ClientFactory]))).close(),
    client,
    options({ logger }),
  ],
  [
    'write',
    reading((topics, ...args) => topics.write(...(args as never as ['a', typeof texts, []]))),
    topic('text'),
    serdes,
    only([{ key: 'k', value: 'v' }], 'empty array', 'Map'),
  ],
  [
    'read',
    reading((topics, ...args) => topics.read(...(args as never as ['a', typeof texts]))),
    topic('text'),
    serdes,
    options({ from: only('latest', 'missing'), signal: only(new AbortController().signal, 'missing') }),
  ],
  [
    'resetApplication',
    (...args) => resetApplication(...(args as never as [never])),
    options(
      {
        applicationId: topic('app'),
        client,
        inputTopics: only([], 'missing', 'empty array'),
        intermediateTopics: only([], 'missing', 'empty array'),
        internalTopics: only([], 'missing', 'empty array'),
        to: only('earliest', 'missing'),
        force: flag(false),
        dryRun: only(true, 'missing', 'true', 'false'),
        stateDir: only('/nowhere', 'missing', 'text', 'unusable text', 'empty text'),
        logger,
        clock: only(systemClock, 'missing'),
      },
      [],
    ),
  ],
  [
    'new ManualClock',
    (...args) => new ManualClock(...(args as [])),
    only(5, 'missing', 'number', 'negative', 'fraction'),
  ],
  [
    'advance',
    (...args) => new ManualClock().advance(...(args as never as [5])),
    only(5, 'number', 'negative', 'fraction'),
  ],
  ['seededRandom', seededRandom, only(5, 'number', 'negative', 'fraction')],
  ['simulate', (...args) => simulate(...(args as never as [Plan, never])), plan, only({ seed: 1, input: [] })],
  ['rehearseRestart', (...args) => rehearseRestart(...(args as never as [Plan, never])), only(undefined), only({})],
]

/** Attempts whose usable form takes long and is tested elsewhere. */
const SLOW = new Set(['simulate', 'rehearseRestart'])
const calls = CALLS.map(([title, subject, ...slots]) => ({ title, subject, slots }))

it.each(calls)('the arguments of $title', { timeout: 60_000 }, async ({ title, subject, slots }) => {
  const wrong: string[] = []
  for (const attempt of attempts(slots)) {
    if (attempt.title === 'an argument too many' || (SLOW.has(title) && attempt.usable)) continue
    const problem = await wrongOutcome(attempt, args => subject(...(args as never[])))
    if (problem !== undefined) wrong.push(problem)
  }
  expect(wrong).toEqual([])
})
