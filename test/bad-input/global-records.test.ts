import { json, type KafkaStreamsOptions, StreamsBuilder, string } from 'millrace'
import { describe, expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

interface Country {
  readonly name: string
}

/** Orders with the name of their country, which a global table has. */
function named() {
  const builder = new StreamsBuilder()
  const countries = builder.globalTable('countries', { key: string(), value: json<Country>(), store: 'countries' })
  builder
    .stream('orders', { key: string(), value: string() })
    .join(
      countries,
      code => code,
      (order, { name }) => `${order} ${name}`,
      { name: 'with-country' },
    )
    .to('named', { key: string(), value: string() })
  return builder.build()
}

const country = (key: string, value: string) => ({ partition: 0, key, value, timestamp: 1 })
const GOOD = country('de', '{"name":"Germany"}')
const BAD = country('fr', '{"name":')
const LATER = country('it', '{"name":"Italy"}')

async function withTopics(): Promise<MemoryApps> {
  const apps = await memoryApps()
  for (const topic of ['countries', 'orders', 'named', 'dead']) await apps.io.createTopic(topic, 1)
  return apps
}

async function order(apps: MemoryApps, code: string): Promise<void> {
  await apps.io.produce('orders', [{ partition: 0, key: `order-${code}`, value: code, timestamp: 2 }])
}

const valuesOf = async (apps: MemoryApps, topic: string) =>
  (await apps.io.readAll(topic)).map(({ value }) => String(value))

describe('a record of a global table that does not decode', () => {
  it.each<[string, NonNullable<KafkaStreamsOptions['onBadRecord']>, string]>([
    ['continue', 'continue', 'record skipped: it could not be processed'],
    [
      // Kafka Streams 4.3 says that it cannot be sent there, and goes on.
      'a dead-letter topic',
      { deadLetterTopic: 'dead' },
      'record skipped: it could not be processed; it is not in the dead-letter topic, because every instance reads the topics of global tables and stores',
    ],
  ])('is left out and said with %s', async (_policy, onBadRecord, message) => {
    await using apps = await withTopics()
    const app = apps.app(named(), { onBadRecord })
    await app.start()
    await apps.io.produce('countries', [GOOD, BAD, LATER])
    const said = () => apps.lines.filter(({ level }) => level === 'warn')
    await eventually(
      'a warning',
      10_000,
      async () => said().length,
      count => count > 0,
    )
    await eventually(
      'both',
      10_000,
      () => ordersOf(apps),
      values => new Set(values).size === 2,
    )
    expect(said()).toMatchObject([{ message, fields: { task: 'global', topic: 'countries', partition: 0, offset: 1 } }])
    expect(app.metrics().filter(({ name }) => name === 'failed-records')).toMatchObject([{ value: 1 }])
    expect(await apps.io.readAll('dead')).toEqual([])
    expect(app.state).toBe('RUNNING')
  })

  it('ends the application with "fail", and says where it is', async () => {
    await using apps = await withTopics()
    const app = apps.app(named(), { onBadRecord: 'fail' })
    await app.start()
    await apps.io.produce('countries', [GOOD, BAD])
    const error = await app.ended().catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'MILLRACE_PROCESSING_FAILED', cause: { code: 'MILLRACE_SERDE_DECODE' } })
    expect(String(error)).toContain('KSTREAM-SOURCE-0000000000 failed on countries-0 at offset 1 (task global)')
  })

  // As in Kafka Streams, what is there before the start is copied without being looked at.
  it('that was there before the start concerns nobody but the record that meets it', async () => {
    await using apps = await withTopics()
    await apps.io.produce('countries', [GOOD, BAD])
    const app = apps.app(named(), { onBadRecord: { deadLetterTopic: 'dead' } })
    await app.start()
    for (const code of ['de', 'fr', 'de']) await order(apps, code)
    await eventually(
      'two orders',
      10_000,
      () => valuesOf(apps, 'named'),
      values => values.length === 2,
    )
    expect(await valuesOf(apps, 'named')).toEqual(['de Germany', 'de Germany'])
    const dead = await eventually(
      'one dead',
      10_000,
      () => apps.io.readAll('dead'),
      list => list.length > 0,
    )
    expect(dead.map(({ key }) => String(key))).toEqual(['order-fr'])
    expect(app.state).toBe('RUNNING')
  })
})

/** Orders both countries once more: a global table is as far as it is when an order comes. */
async function ordersOf(apps: MemoryApps): Promise<readonly string[]> {
  for (const code of ['de', 'fr', 'it']) await order(apps, code)
  return await valuesOf(apps, 'named')
}
