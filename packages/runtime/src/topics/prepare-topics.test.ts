import type { KafkaStreamsOptions } from '../config/options.ts'
import { type ClientFactory, keyValueStore, StreamsBuilder, string, tumbling } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../app/application.fixture.ts'

const texts = { key: string(), value: string() }
const HOUR_MS = 3_600_000

async function created(build: (builder: StreamsBuilder) => void, options: Partial<KafkaStreamsOptions> = {}) {
  const app = testApplication({ in: 3 })
  const builder = new StreamsBuilder()
  build(builder)
  const instance = await app.start(builder.build(), options)
  await app.run([instance], 5)
  const topics = app.cluster.topicNames().filter(name => name !== 'in')
  await instance.end({ clean: true, leave: true })
  return Object.fromEntries(
    topics.map(name => [name, { partitions: app.cluster.partitionCount(name), ...app.cluster.topicConfigs(name) }]),
  )
}

const counted = (builder: StreamsBuilder) =>
  builder.stream('in', texts).groupBy(value => value, { key: string(), name: 'words' })

it('a repartition topic has no limit of time, and a changelog of a table is compacted', async () => {
  const topics = await created(builder => counted(builder).count({ store: 'counts' }))
  expect(topics).toEqual({
    'app-words-repartition': expect.objectContaining({
      partitions: 3,
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
    }) as unknown,
    'app-counts-changelog': expect.objectContaining({ partitions: 3, 'cleanup.policy': 'compact' }) as unknown,
  })
})

it.each([
  [{}, 2 * HOUR_MS + 86_400_000],
  [{ windowedChangelogExtraMs: 5 }, 2 * HOUR_MS + 5],
])('a windowed changelog is kept longer than its windows: %j', async (options, retentionMs) => {
  const windows = tumbling({ sizeMs: HOUR_MS, graceMs: HOUR_MS })
  const topics = await created(builder => counted(builder).windowedBy(windows).count({ store: 'hourly' }), options)
  expect(topics['app-hourly-changelog']).toMatchObject({
    'cleanup.policy': 'compact,delete',
    'retention.ms': String(retentionMs),
  })
})

it('settings of a changelog are those that the store was given', async () => {
  const logging = { 'delete.retention.ms': '17' }
  const topics = await created(builder => {
    builder.addStateStore(keyValueStore({ name: 'own', ...texts, logging }))
    builder.stream('in', texts).process(() => ({ process: () => undefined }), { stores: ['own'] })
  })
  expect(topics['app-own-changelog']).toMatchObject({ 'cleanup.policy': 'compact', ...logging })
})

it('a store without logging has no changelog', async () => {
  const topics = await created(builder => counted(builder).count({ store: { name: 'counts', logging: false } }))
  expect(Object.keys(topics)).toEqual(['app-words-repartition'])
})

it.each([
  [{ replicationFactor: 2 }, [2, 2]],
  [{}, [undefined, undefined]],
])('internal topics have the replication factor of the option: %j', async (options, factors) => {
  const asked: (number | undefined)[] = []
  const app = testApplication({ in: 3 })
  const builder = new StreamsBuilder()
  counted(builder).count({ store: 'counts' })
  const client: ClientFactory = context => {
    const made = app.factory(context)
    const admin = made.admin()
    const create = admin.createTopics.bind(admin)
    admin.createTopics = async topics => {
      asked.push(...topics.map(({ replicationFactor }) => replicationFactor))
      await create(topics)
    }
    made.admin = () => admin
    return made
  }
  const instance = await app.start(builder.build(), { client, ...options })
  await app.run([instance], 5)
  await instance.end({ clean: true, leave: true })
  expect(asked).toEqual(factors)
})
