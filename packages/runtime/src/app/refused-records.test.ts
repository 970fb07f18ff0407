import { type ClientFactory, type Headers, millraceError, string, StreamsBuilder } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'

const texts = { key: string(), value: string() }
const HOUR = 3_600_000
const START = 10 * HOUR

const GUARANTEES = ['at_most_once', 'at_least_once', 'exactly_once'] as const
/** With the limits known, what is refused is found while it is in hand; without, the broker says it. */
const KNOWLEDGE = ['known', 'unknown'] as const
const cases = GUARANTEES.flatMap(guarantee => KNOWLEDGE.map(limits => [guarantee, limits] as const))

type App = ReturnType<typeof testApplication>

/** `out` takes 300 bytes and no times of tomorrow, `dead` takes 3 000 bytes and the same times. */
function application(): App {
  const app = testApplication({ in: 1 }, START)
  const times = { 'message.timestamp.after.max.ms': String(HOUR) }
  app.cluster.createTopic({ name: 'out', partitions: 1, configs: { ...times, 'max.message.bytes': '300' } })
  app.cluster.createTopic({ name: 'dead', partitions: 1, configs: { ...times, 'max.message.bytes': '3000' } })
  return app
}

/** The client of somebody who may not see the configuration of topics. */
function withoutRight(factory: ClientFactory): ClientFactory {
  const refused = async () => {
    throw millraceError('MILLRACE_CLIENT_NOT_AUTHORIZED', {
      operation: 'Describing',
      principal: 'nobody',
      right: 'DescribeConfigs',
      resource: 'it',
      reason: 'no',
    })
  }
  const overriding = <T extends object>(target: T, name: string, value: unknown): T =>
    new Proxy(target, {
      get: (of, property) => {
        if (property === name) return value
        const found: unknown = Reflect.get(of, property, of)
        return typeof found === 'function' ? found.bind(of) : found
      },
    })
  return context => {
    const client = factory(context)
    return overriding(client, 'admin', () => overriding(client.admin(), 'describeTopicConfigs', refused))
  }
}

interface ReadRecord {
  readonly value: string
  readonly headers: Headers
}

async function everything({ client }: App, topic: string): Promise<readonly ReadRecord[]> {
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic, partition: 0, offset: 0 }])
  const found: ReadRecord[] = []
  for (let batches = await consumer.poll(0); batches.length > 0; batches = await consumer.poll(0)) {
    for (const batch of batches) {
      for (const cursor = batch.cursor(); cursor.advance();) {
        const value = cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd)
        found.push({ value, headers: cursor.headers() })
      }
    }
  }
  await consumer.close()
  return found
}

const valuesOf = async (app: App, topic: string) => (await everything(app, topic)).map(({ value }) => value)

/** Runs until all is committed, or throws what ends it. */
async function run(app: App, instance: Instance): Promise<void> {
  for (let round = 0; round < 60; round++) {
    await Promise.all([instance.step(0), app.clock.advance(1_000)])
  }
}

function copying() {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out', texts)
  return builder.build()
}

const bad: readonly (readonly [string, { readonly value: string; readonly timestamp: number }])[] = [
  ['too large', { value: 'x'.repeat(400), timestamp: START }],
  ['of tomorrow', { value: 'ahead', timestamp: START + 24 * HOUR }],
]

it.each(bad.flatMap(([what, record]) => cases.map(([guarantee, limits]) => ({ what, record, guarantee, limits }))))(
  'keeps a record that is $what in the dead-letter topic and writes the others: $guarantee, limits $limits',
  async ({ record, guarantee, limits }) => {
    // Its offset is committed before: it can be left out, but not be processed again.
    const lost = guarantee === 'at_most_once' && limits === 'unknown'
    const app = application()
    await app.send('in', [{ value: 'one', timestamp: START }, record, { value: 'three', timestamp: START }])
    const client = limits === 'known' ? app.factory : withoutRight(app.factory)
    const options = { client, processingGuarantee: guarantee, onBadRecord: { deadLetterTopic: 'dead' } }
    const instance = await app.start(copying(), options)
    await run(app, instance)
    await app.send('in', [{ value: 'four', timestamp: START }])
    await run(app, instance)
    const written = await valuesOf(app, 'out')
    expect(written.at(-1)).toBe('four')
    if (!lost) expect(new Set(written)).toEqual(new Set(['one', 'three', 'four']))
    if (guarantee === 'exactly_once' || limits === 'known') expect(written).toEqual(['one', 'three', 'four'])
    expect(await valuesOf(app, 'dead')).toEqual(lost ? [] : [record.value])
    expect(await app.committed('in')).toBe(4)
    await instance.end({ clean: true, leave: true })
  },
)

it.each(cases)(
  'ends with the operator and the record named, where the policy says so: %s, limits %s',
  async (guarantee, limits) => {
    const app = application()
    await app.send('in', [{ value: 'one' }, { value: 'x'.repeat(400) }])
    const client = limits === 'known' ? app.factory : withoutRight(app.factory)
    const instance = await app.start(copying(), { client, processingGuarantee: guarantee })
    await expect(run(app, instance)).rejects.toMatchObject({
      code: 'MILLRACE_PROCESSING_FAILED',
      message: expect.stringMatching(/KSTREAM-SINK-0000000001 failed on in-0 at offset 1 .*RECORD_(TOO_LARGE|REFUSED)/),
    })
    await instance.end({ clean: false, leave: true })
  },
)

it.each(cases)('finds the record whose result a cache has held back: %s, limits %s', async (guarantee, limits) => {
  if (guarantee === 'at_most_once') return expect(guarantee).toBe('at_most_once')
  const app = application()
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .reduce((whole, part) => whole + part, { store: 'joined' })
    .toStream()
    .to('out', texts)
  const records = ['a'.repeat(150), 'b'.repeat(150), 'c'].map(value => ({ key: 'k', value, timestamp: START }))
  await app.send('in', records)
  const client = limits === 'known' ? app.factory : withoutRight(app.factory)
  const options = { client, processingGuarantee: guarantee, onBadRecord: { deadLetterTopic: 'dead' } }
  const instance = await app.start(builder.build(), options)
  await run(app, instance)
  expect((await valuesOf(app, 'out')).at(-1)).toBe('a'.repeat(150) + 'c')
  expect(await valuesOf(app, 'dead')).toEqual(['b'.repeat(150)])
  await instance.end({ clean: true, leave: true })
})

it.each(cases)(
  'names no record where that of a row in a changelog is not known, and the policy is to fail: %s, limits %s',
  async (guarantee, limits) => {
    const app = application()
    const builder = new StreamsBuilder()
    builder.table('in', { ...texts, store: 'rows' })
    const configs = { 'cleanup.policy': 'compact', 'message.timestamp.after.max.ms': String(HOUR) }
    app.cluster.createTopic({ name: 'app-rows-changelog', partitions: 1, configs })
    await app.send('in', [{ key: 'k', value: 'v', timestamp: START + 24 * HOUR }])
    const client = limits === 'known' ? app.factory : withoutRight(app.factory)
    const instance = await app.start(builder.build(), { client, processingGuarantee: guarantee })
    const failure: unknown = await run(app, instance).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'MILLRACE_PROCESSING_FAILED', kind: 'fatal' })
    const { message } = failure as Error
    expect(message).toMatch(
      /(Writing what earlier records have left in caches and stores|rows) failed \(task 0_0\): .*app-rows-changelog/,
    )
    expect(message).not.toMatch(/\(none\)|-1\b/)
    await instance.end({ clean: false, leave: true })
  },
)

it('cuts a copy that the dead-letter topic does not take, and marks it', async () => {
  const app = application()
  await app.send('in', [{ key: 'k', value: 'y'.repeat(5_000) }, { value: 'next' }])
  const instance = await app.start(copying(), { onBadRecord: { deadLetterTopic: 'dead' } })
  await run(app, instance)
  expect(await valuesOf(app, 'out')).toEqual(['next'])
  const [letter, ...others] = await everything(app, 'dead')
  expect(others).toEqual([])
  expect(letter!.value).toMatch(/^y+$/)
  expect(letter!.value.length).toBeLessThan(3_000)
  const marks = letter!.headers.filter(({ key }) => key === '__streams.errors.cut').map(({ value }) => String(value))
  expect(marks).toEqual([expect.stringContaining('of 5000 bytes')])
  await instance.end({ clean: true, leave: true })
})

it('creates internal topics that take what the application may send', async () => {
  const app = application()
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupBy(value => value, texts)
    .count({ store: 'counts' })
  const instance = await app.start(builder.build(), { maxRequestBytes: 5_000_000 })
  const admin = app.client.admin()
  for (const topic of ['app-counts-repartition', 'app-counts-changelog']) {
    expect(await admin.describeTopicConfigs(topic)).toMatchObject({ 'max.message.bytes': '5000000' })
  }
  await instance.end({ clean: true, leave: true })
})

it('loses only what was begun when the broker has refused a record under at_most_once', async () => {
  const app = testApplication({ in: 1 })
  app.cluster.createTopic({ name: 'out', partitions: 1, configs: { 'message.timestamp.after.max.ms': String(HOUR) } })
  const seen: string[] = []
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: string() })
    .peek(value => void seen.push(value))
    .to('out')
  await app.send(
    'in',
    ['ahead', 'a', 'b'].map(value => ({ value, timestamp: value === 'ahead' ? 2 * HOUR : 0 })),
  )
  const instance = await app.start(builder.build(), {
    processingGuarantee: 'at_most_once',
    client: withoutRight(app.factory),
    commitIntervalMs: 0,
    onBadRecord: 'continue',
  })
  for (let round = 0; round < 100; round++) {
    // One record at a time, so that the others wait when it is refused.
    await instance.step(0, 1)
    await app.clock.advance(100)
  }
  expect(seen).toEqual(['ahead', 'a', 'b'])
  expect(await app.committed('in')).toBe(3)
  await instance.end({ clean: true, leave: true })
})
