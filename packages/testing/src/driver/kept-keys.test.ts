import {
  bytes,
  json,
  type KeyValueStore,
  keyValueStore,
  type Serde,
  string,
  StreamsBuilder,
  timeWindowed,
  tumbling,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

interface Place {
  town: string
}
const places = json<Place>({ propertyOrder: 'sorted' })

/** Of each kind of key: how it is made, and how a program changes it after it was put. */
const kinds: Record<string, { serde: Serde<never>; make(): never; change(key: never): void }> = {
  'an object': kind(
    places,
    () => ({ town: 'a' }),
    key => (key.town = 'z'),
  ),
  bytes: kind(
    bytes(),
    () => Buffer.of(1, 2),
    key => key.fill(9),
  ),
  'a key in a window': kind(
    timeWindowed(places, { sizeMs: 10 }),
    () => ({ key: { town: 'a' }, window: { start: 0, end: 10 } }),
    ({ key }) => (key.town = 'z'),
  ),
}

function kind<K>(serde: Serde<K>, make: () => K, change: (key: K) => void) {
  return { serde, make, change } as never
}

describe.each(Object.entries(kinds))(
  '%s as a key that is changed after it was put',
  (_name, { serde, make, change }) => {
    it.each([true, false])('stays the key that was put (caching %s)', async caching => {
      const builder = new StreamsBuilder()
      const store = keyValueStore<never, string>({ name: 'kept', key: serde, value: string(), caching })
      builder
        .addStateStore(store)
        .stream('in', { key: string(), value: string() })
        .process(
          () => {
            let kept: KeyValueStore<never, string>
            return {
              init: context => void (kept = context.store(store)),
              async process({ value }) {
                const key = make()
                kept.put(key, value)
                change(key)
              },
            }
          },
          { stores: ['kept'] },
        )
      await using driver = await TopologyTestDriver.create(builder.build())
      const input = driver.createInputTopic('in', { key: string(), value: string() })
      for (const value of ['1', '2']) await input.pipeInput('k', value)
      expect(await driver.storeEntries('kept')).toEqual([[make(), '2']])
      const logged = driver.createOutputTopic('topology-test-driver-kept-changelog', { key: serde, value: string() })
      expect(logged.readKeyValuesToList().map(([key]) => key)).toEqual([make(), make()])
    })
  },
)

it('counts windows of a key that a later operator changes', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: places, value: string() })
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
    .count({ store: 'counts' })
    .toStream()
    .foreach((_count, { key }) => void (key.town = 'z'))
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', { key: places, value: string() })
  for (const _ of [1, 2]) await input.pipeInput({ town: 'a' }, 'v', { timestamp: 5 })
  const counts = await driver.windowStoreEntries<Place, bigint>('counts')
  expect(counts).toEqual([[{ key: { town: 'a' }, window: { start: 0, end: 10 } }, 2n]])
})

it('keeps the value that was put, and not what the program makes of it later', async () => {
  const builder = new StreamsBuilder()
  const sums = json<{ n: number }>()
  builder
    .stream('in', { key: string(), value: string() })
    .groupByKey()
    .aggregate(
      () => ({ n: 0 }),
      sum => ((sum.n += 1), sum),
      { store: 'sums', value: sums },
    )
    .toStream()
    .foreach(sum => void (sum !== null && (sum.n = 99)))
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', { key: string(), value: string() })
  for (const _ of [1, 2]) await input.pipeInput('k', 'v')
  expect(await driver.keyValueStore('sums').get('k')).toMatchObject({ n: 2 })
})
