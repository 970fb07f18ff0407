import { json, type Logger, sessions, string, StreamsBuilder } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

interface ShopKey {
  readonly shop: number
  readonly region: string
}

async function warningsOf(build: (builder: StreamsBuilder) => void): Promise<unknown[]> {
  const builder = new StreamsBuilder()
  build(builder)
  const warnings: unknown[] = []
  const nothing = () => {}
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warn: (fields, text) => void warnings.push([(fields as { usedBy?: unknown }).usedBy, text]),
    error: nothing,
  }
  const instance = await testApplication({ in: 1, 'in-2': 1 }).start(builder.build(), { logger })
  await instance.end({ clean: true, leave: true })
  return warnings
}

const text = expect.stringMatching(/keys of json\(\) are only equal if .* propertyOrder/)

it('names what compares keys of json() whose property order is not decided', async () => {
  const key = json<ShopKey>()
  expect(await warningsOf(b => void b.table('in', { key, value: string(), store: 'shops' }))).toEqual([
    [['shops'], text],
  ])
  expect(
    await warningsOf(b => {
      const grouped = b.stream('in', { key: string(), value: string() }).selectKey(() => ({ shop: 1, region: 'n' }))
      grouped
        .groupByKey({ key, value: string(), name: 'by-shop' })
        .windowedBy(sessions({ inactivityGapMs: 1, graceMs: 0 }))
        .count({ store: 'sessions' })
    }),
  ).toEqual([[['sessions', 'by-shop-repartition-sink'], text]])
})

it('says nothing where it is decided, where keys are not compared, and of values', async () => {
  for (const propertyOrder of ['sorted', 'as-given'] as const) {
    const key = json<ShopKey>({ propertyOrder })
    expect(await warningsOf(b => void b.table('in', { key, value: string() }))).toEqual([])
  }
  const serdes = { key: json<ShopKey>(), value: string() }
  expect(await warningsOf(b => b.stream('in', serdes).to('in-2', serdes))).toEqual([])
  expect(await warningsOf(b => void b.table('in', { key: string(), value: json<ShopKey>() }))).toEqual([])
})
