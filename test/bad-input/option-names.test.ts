import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { kafka } from '@millrace/client-wire'
import {
  isMillraceError,
  json,
  keyValueStore,
  OF_AN_APPLICATION,
  StreamsBuilder,
  string,
  systemClock,
  tumbling,
} from '@millrace/core'
import { forgetPerson, masterKey, personalData } from '@millrace/personal-data'
import { queryServer } from '@millrace/query-server'
import { KafkaStreams, OPTION_TABLE, resetApplication, silentLogger } from '@millrace/runtime'
import { startRegistry } from '@millrace/schema-registry'
import { TopologyTestDriver } from '@millrace/testing'
import { createTopics, openTopics } from 'millrace'
import { describe, expect, it } from 'vitest'

/* Which names options may have, see ADR 24. All calls with a constant compile: TypeScript checks names in literals only. */

/** All that a program says of a topic. */
const ORDERS = {
  topic: 'orders',
  name: 'orders',
  key: string(),
  value: string(),
  partitions: 2,
  replicationFactor: 1,
  configs: { 'cleanup.policy': 'delete' },
  partitioner: () => 0,
  timestampExtractor: () => 7,
  onBadTimestamp: 'skip',
  offsetReset: 'earliest',
} as const
/** How a topic is read. */
const READING = { key: string(), value: string(), timestampExtractor: () => 7, topic: 'orders' }

const cluster = () => memoryClient(new MemoryCluster({ clock: systemClock }))
/** All options of an application. */
const APPLICATION = {
  ...Object.fromEntries(Object.keys(OPTION_TABLE).map(option => [option, 'of the application'])),
  applicationId: 'app',
  client: cluster(),
  logger: silentLogger,
  clock: systemClock,
  stateDir: '/nowhere',
  replicationFactor: 1,
}
const client = APPLICATION.client
/** Without the one that is an option of `queryServer` too. */
const beside = Object.fromEntries(Object.entries(APPLICATION).filter(([option]) => option !== 'maxRequestBytes'))

it('the options of an application are known by their names', () => {
  expect([...OF_AN_APPLICATION]).toEqual(Object.keys(OPTION_TABLE))
})

describe('a constant that describes a topic is taken by', () => {
  const builder = () => new StreamsBuilder()
  const read = (b: StreamsBuilder) => b.stream('orders', READING)

  it.each<[string, () => unknown]>([
    [
      'stream and to',
      () =>
        builder()
          .stream('orders', ORDERS)
          .to('copies', { ...ORDERS, name: 'copied' }),
    ],
    ['table', () => builder().table('orders', ORDERS)],
    ['to', () => read(builder()).to('copies', READING)],
    [
      'groupByKey and reduce',
      () =>
        read(builder())
          .groupByKey(READING)
          .reduce(all => all, READING),
    ],
    ['groupBy', () => read(builder()).groupBy(value => value, READING)],
    ['repartition', () => read(builder()).repartition(READING)],
    ['toTable', () => read(builder()).toTable(READING)],
    ['createTopics', () => createTopics(cluster(), ORDERS)],
  ])('%s', async (_what, call) => {
    await expect((async () => await call())()).resolves.not.toThrow()
  })

  it('globalTable, but not how it is read, which cannot be set', () => {
    const { timestampExtractor: _extractor, onBadTimestamp: _policy, offsetReset: _reset, ...made } = ORDERS
    builder().globalTable('orders', made)
    expect(() => builder().globalTable('orders', READING)).toThrow(/no option "timestampExtractor"/)
  })

  it('the topics of the test driver', async () => {
    const b = builder()
    b.stream('orders', ORDERS).to('copies', { ...ORDERS, name: 'copied' })
    await using driver = await TopologyTestDriver.create(b.build(), { partitions: 2 })
    const input = driver.createInputTopic('orders', ORDERS)
    const output = driver.createOutputTopic('copies', ORDERS)
    await input.pipeInput('k', 'v')
    expect(output.readKeyValuesToList()).toEqual([['k', 'v']])
  })

  it('the topics of scripts', async () => {
    await using topics = await openTopics(cluster(), APPLICATION)
    await topics.create(ORDERS)
    await topics.write('orders', ORDERS, [{ key: 'k', value: 'v' }])
    for await (const record of await topics.read('orders', ORDERS)) {
      await topics.write('orders', ORDERS, [record])
      expect(record).toMatchObject({ key: 'k', value: 'v' })
      break
    }
  })
})

it.each<[string, () => unknown]>([
  ['openTopics', async () => await (await openTopics(client, APPLICATION)).close()],
  ['resetApplication', () => resetApplication({ ...APPLICATION, dryRun: true })],
  [
    'personalData',
    () => personalData({ ...APPLICATION, masterKey: masterKey(Buffer.alloc(32)) })[Symbol.asyncDispose](),
  ],
  ['forgetPerson', () => forgetPerson({ ...APPLICATION, subject: 'ada', dryRun: true })],
  ['startRegistry', async () => await (await startRegistry({ ...APPLICATION, port: 0 })).close()],
  [
    'queryServer',
    async () => {
      const b = new StreamsBuilder()
      b.table('orders', { key: string(), value: string(), store: 'orders' })
      const streams = new KafkaStreams(b.build(), { applicationId: 'app', client })
      await (await queryServer(streams, { ...beside, port: 0 })).close()
    },
  ],
])('the constant with the options of an application is taken by %s', async (_what, call) => {
  try {
    await call()
  } catch (error) {
    // There is nothing to reset and nobody to forget, which comes after the check of the options.
    expect(isMillraceError(error) ? error.code : error).not.toMatch(/ARGUMENT_INVALID|CONFIG_INVALID|SERVER_INVALID/)
  }
})

it.each<[what: string, call: () => unknown, problem: string]>([
  [
    'a misspelt option of a stream',
    () => new StreamsBuilder().stream('in', { timestampExtactor: () => 0 } as never),
    'no option "timestampExtactor"; did you mean "timestampExtractor"?',
  ],
  [
    "Kafka's name of an option",
    () => new KafkaStreams(plan(), { 'application.id': 'app', client } as never),
    'no such option exists; did you mean "applicationId"?',
  ],
  [
    'retentionMs of a store that has none',
    () =>
      stream()
        .groupByKey()
        .count({ store: { name: 'counts', retentionMs: 5 } as never }),
    'no option "retentionMs"; possible are name',
  ],
  [
    'advanceMs of windows that do not hop',
    () => tumbling({ sizeMs: 5, advanceMs: 1, graceMs: 0 } as never),
    'no option "advanceMs"; possible are sizeMs, graceMs',
  ],
  [
    'partitions of a topic that is made for a table',
    () => stream().toTable({ partitions: 3 } as never),
    'no option "partitions"; possible are',
  ],
  [
    'an option of the application in a store',
    () => keyValueStore({ name: 's', key: string(), value: json(), commitIntervalMs: 5 } as never),
    'no option "commitIntervalMs"; it is an option of KafkaStreams, possible are name',
  ],
  [
    'an option of the application in a client',
    () => kafka({ brokers: 'localhost:9092', sessionTimeoutMs: 5 } as never),
    'there is no such option; it is an option of KafkaStreams, possible are brokers',
  ],
])('%s is refused', (_what, call, problem) => {
  expect(call).toThrow(expect.objectContaining({ message: expect.stringContaining(problem) as string }) as Error)
})

const stream = () => new StreamsBuilder().stream('in', { key: string(), value: string() })
const plan = () => {
  const b = new StreamsBuilder()
  b.stream('in', { key: string(), value: string() }).to('out')
  return b.build()
}
