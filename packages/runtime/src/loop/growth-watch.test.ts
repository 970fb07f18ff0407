import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../app/application.fixture.ts'
import type { Instance } from '../app/instance.ts'

const texts = { key: string(), value: string() }
const REFRESH_MS = 5_000
type App = ReturnType<typeof testApplication>

/** What it has read, and the plan that reads. */
function copying(...topics: readonly (string | RegExp)[]) {
  const seen: string[] = []
  const builder = new StreamsBuilder()
  for (const topic of topics) builder.stream(topic, texts).foreach(value => void seen.push(value))
  return { seen, plan: builder.build() }
}

function counting(topic: string | RegExp) {
  const builder = new StreamsBuilder()
  builder
    .stream(topic as string, texts)
    .groupBy(value => value, { ...texts, name: 'by-value' })
    .count({ store: 'counts' })
  return builder.build()
}

/** As long as three looks take. */
async function run(app: App, ...instances: readonly Instance[]): Promise<void> {
  await app.run(instances, 30, REFRESH_MS / 10)
}

const options = { metadataRefreshMs: REFRESH_MS }
const ending = { clean: true, leave: true }

it.each([
  ['a topic by its name', 'in'],
  ['a topic that a pattern has found', /in/],
])('follows growth where no state depends on partitions: %s', async (_what, topic) => {
  const app = testApplication({ in: 1 })
  const { seen, plan } = copying(topic)
  const instance = await app.start(plan, options)
  await run(app, instance)
  app.cluster.createPartitions('in', 3)
  await app.send('in', [
    { value: 'a', partition: 0 },
    { value: 'b', partition: 1 },
    { value: 'c', partition: 2 },
  ])
  await run(app, instance)
  expect([...seen].sort()).toEqual(['a', 'b', 'c'])
  await instance.end(ending)
})

it.each([
  ['a topic by its name', 'in'],
  ['a topic that a pattern has found', /in/],
])('ends with MILLRACE_TOPIC_GROWN where state depends on them: %s', async (_what, topic) => {
  const app = testApplication({ in: 1 })
  const instance = await app.start(counting(topic), options)
  await run(app, instance)
  app.cluster.createPartitions('in', 3)
  await expect(run(app, instance)).rejects.toMatchObject({
    code: 'MILLRACE_TOPIC_GROWN',
    message: expect.stringContaining('"in" has grown from 1 to 3 partitions'),
  })
  await instance.end({ clean: false, leave: true })
})

it.each([
  ['repartition topic', 'app-by-value-repartition', 'in'],
  ['changelog', 'app-counts-changelog', 'in'],
  ['repartition topic that a pattern feeds', 'app-by-value-repartition', /in/],
  ['changelog of what a pattern reads', 'app-counts-changelog', /in/],
])('ends when somebody lets an internal topic grow: a %s', async (_what, internal, topic) => {
  const app = testApplication({ in: 1 })
  const instance = await app.start(counting(topic), options)
  await run(app, instance)
  app.cluster.createPartitions(internal, 4)
  await expect(run(app, instance)).rejects.toMatchObject({
    code: 'MILLRACE_TOPIC_PARTITIONS_CHANGED',
    message: expect.stringContaining(`"${internal}" has 4 partitions, but this topology needs 1`),
  })
  await instance.end({ clean: false, leave: true })
})

it.each([
  ['read', 'in', () => copying('in', 'other').plan],
  ['read into a store', 'in', () => counting('in')],
  ['a repartition topic', 'app-by-value-repartition', () => counting('in')],
])('ends with MILLRACE_TOPIC_MISSING when a topic is deleted that is %s', async (_what, topic, plan) => {
  const app = testApplication({ in: 1, other: 1 })
  const instance = await app.start(plan(), options)
  await run(app, instance)
  app.cluster.deleteTopic(topic)
  await expect(run(app, instance)).rejects.toMatchObject({
    code: 'MILLRACE_TOPIC_MISSING',
    message: expect.stringContaining(`"${topic}" does not exist`),
  })
  await instance.end({ clean: false, leave: true })
})

it('goes on without a topic that a pattern has found, and follows the growth of another', async () => {
  const app = testApplication({ 'in-a': 1, 'in-b': 1 })
  const { seen, plan } = copying(/in-.*/)
  const instance = await app.start(plan, options)
  await run(app, instance)
  app.cluster.deleteTopic('in-a')
  // The instance itself waits for the topic to come back for a while.
  await Promise.all([run(app, instance), app.clock.advance(10_000)])
  app.cluster.createPartitions('in-b', 2)
  await app.send('in-b', [{ value: 'b', partition: 1 }])
  await run(app, instance)
  expect(seen).toEqual(['b'])
  await instance.end(ending)
})

it('follows growth that comes before the first look', async () => {
  const app = testApplication({ in: 1 })
  const { seen, plan } = copying('in')
  const instance = await app.start(plan, options)
  await app.run([instance], 2, REFRESH_MS / 10)
  app.cluster.createPartitions('in', 2)
  await app.send('in', [{ value: 'a', partition: 1 }])
  await run(app, instance)
  expect(seen).toEqual(['a'])
  await instance.end(ending)
})
