import { keyValueStore, type KeyValueStore, type ProcessorContext, StreamsBuilder, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const byText = (a: string | null, b: string | null) => String(a).localeCompare(String(b))
const texts = { key: string(), value: string() }

function withCountries(join: 'join' | 'leftJoin') {
  const builder = new StreamsBuilder()
  const countries = builder.globalTable('countries', { ...texts, store: 'countries' })
  const orders = builder.stream('orders', texts)
  const countryOf = (country: string) => (country === '' ? null : country)
  const combine = (order: string, country: string | null, key: string) => `${key} ${order} ${country}`
  const joined =
    join === 'join' ? orders.join(countries, countryOf, combine) : orders.leftJoin(countries, countryOf, combine)
  joined.to('out', texts)
  return builder.build()
}

describe('a stream joined with a global table', () => {
  it.each([
    ['join', ['1 de Germany', '3 fr France']],
    ['leftJoin', ['1 de Germany', '2 fr null', '0  null', 'null  null', '3 fr France', 'null xx null', '6 de null']],
  ] as const)('%s: meets the value of the key that is selected, as it is then', async (join, expected) => {
    await using driver = await TopologyTestDriver.create(withCountries(join))
    const countries = driver.createInputTopic('countries', texts)
    const orders = driver.createInputTopic('orders', texts)
    const out = driver.createOutputTopic('out', texts)
    await countries.pipeInput('de', 'Germany')
    await orders.pipeInput('1', 'de')
    await orders.pipeInput('2', 'fr')
    await orders.pipeInput('0', '')
    await orders.pipeInput(null, '')
    await countries.pipeInput('fr', 'France')
    await countries.pipeInput(null, 'Nowhere')
    await orders.pipeInput('3', 'fr')
    await orders.pipeInput('4', null)
    await orders.pipeInput(null, 'xx')
    await countries.pipeInput('de', null)
    await orders.pipeInput('6', 'de')
    expect(out.readValuesToList()).toEqual(expected)
    const dropped = driver
      .metrics()
      .filter(({ name, tags }) => name === 'dropped-records' && tags['task-id'] === 'global')
    expect(dropped.map(({ tags, value }) => [tags['reason'], value])).toEqual([['null-key', 1]])
  })

  it('finds all partitions in every instance, those of before its start included', async () => {
    const plan = withCountries('join')
    await using driver = await TopologyTestDriver.create(plan, {
      partitions: { countries: 3, orders: 2 },
      instances: 2,
    })
    const countries = driver.createInputTopic('countries', texts)
    const orders = driver.createInputTopic('orders', texts)
    await countries.pipeInput('a', 'A', { partition: 0 })
    await countries.pipeInput('b', 'B', { partition: 2 })
    await driver.addInstance()
    await countries.pipeInput('c', 'C', { partition: 1 })
    for (const partition of [0, 1]) {
      for (const key of ['a', 'b', 'c']) await orders.pipeInput('k', key, { partition })
    }
    const found = driver.createOutputTopic('out', texts).readValuesToList().toSorted(byText)
    expect(found).toEqual(['k a A', 'k a A', 'k b B', 'k b B', 'k c C', 'k c C'])
    expect(await driver.storeEntries('countries')).toEqual([
      ['a', 'A'],
      ['b', 'B'],
      ['c', 'C'],
    ])
  })

  it('goes on from the position that its state stands for', async () => {
    await using driver = await TopologyTestDriver.create(withCountries('join'))
    const countries = driver.createInputTopic('countries', texts)
    await countries.pipeKeyValues([
      ['a', 'A'],
      ['b', 'B'],
    ])
    await driver.removeInstance(0)
    await countries.pipeInput('c', 'C')
    const back = driver.restorations().length
    await driver.addInstance({ stateOf: 0 })
    expect(driver.restorations().slice(back)).toEqual([
      expect.objectContaining({ task: 'global', store: 'countries', from: 2, to: 3, restored: 1 }),
    ])
    await driver.addInstance()
    expect(driver.restorations().at(-1)).toMatchObject({ from: 0, to: 3, restored: 3 })
  })
})

// As Kafka Streams 4.3.1 has it: 'v' meets G, 'w' meets null, the record without a value is dropped.
it.each([
  ['leftJoin', ['vG', 'wnull']],
  ['join', []],
] as const)('keeps records without a key in a repartition topic only for a left join: %s', async (join, expected) => {
  const builder = new StreamsBuilder()
  const global = builder.globalTable('g', texts)
  const stream = builder
    .stream('s', texts)
    .selectKey(() => null as unknown as string)
    .repartition(texts)
  const byValue = (value: string) => value
  const combine = (one: string, other: string | null) => `${one}${other}`
  const joined = join === 'join' ? stream.join(global, byValue, combine) : stream.leftJoin(global, byValue, combine)
  joined.to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('g', texts).pipeInput('v', 'G')
  const input = driver.createInputTopic('s', texts)
  for (const value of ['v', 'w', null]) await input.pipeInput('k', value)
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(expected)
})

describe('a global store', () => {
  function withCodes(write: (store: KeyValueStore<string, string>) => unknown = () => undefined) {
    const codes = keyValueStore({ name: 'codes', ...texts })
    const builder = new StreamsBuilder()
    builder.addGlobalStore(codes, 'codes-topic', texts, () => {
      let store: KeyValueStore<string, string>
      return {
        init(context: ProcessorContext<never, never>) {
          store = context.store(codes)
        },
        process({ key, value }) {
          store.put(value, key)
        },
      }
    })
    builder
      .stream('in', texts)
      .process<string, string>(() => {
        let context: ProcessorContext<string, string>
        return {
          init(given) {
            context = given
          },
          async process({ key, value }) {
            const store = context.store(codes)
            write(store)
            await context.forward({ key, value: (await store.get(value)) ?? 'unknown' })
          },
        }
      })
      .to('out', texts)
    return builder.build()
  }

  it('is kept by its processor, also what was there before, and read by every other', async () => {
    await using driver = await TopologyTestDriver.create(withCodes(), { partitions: 2 })
    const codes = driver.createInputTopic('codes-topic', texts)
    await codes.pipeInput('x', 'one', { partition: 0 })
    await codes.pipeInput('y', 'two', { partition: 1 })
    await driver.addInstance()
    await driver.removeInstance(0)
    await driver.createInputTopic('in', texts).pipeValues(['one', 'two', 'three'])
    const out = driver.createOutputTopic('out', texts)
    expect(out.readValuesToList().toSorted(byText)).toEqual(['unknown', 'x', 'y'])
  })

  it('is written to by its own processor only', async () => {
    const driver = await TopologyTestDriver.create(withCodes(store => store.put('a', 'b')))
    const piped = driver.createInputTopic('in', texts).pipeInput('k', 'v')
    await expect(piped).rejects.toMatchObject({ message: expect.stringContaining('MILLRACE_STORE_READ_ONLY') })
    await driver.close()
  })
})
