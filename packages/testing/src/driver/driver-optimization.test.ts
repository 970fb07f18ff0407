import {
  keyValueStore,
  type KeyValueStore,
  long,
  type Optimization,
  type ProcessorContext,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

describe('a table whose topic serves as its changelog', () => {
  function names() {
    const builder = new StreamsBuilder()
    const table = builder.table('names', { ...texts, store: 'kept' })
    builder
      .stream('asked', texts)
      .leftJoin(table, (_value, name) => String(name))
      .to('answers', texts)
    return builder.build({ optimization: ['reuse.ktable.source.topics'] })
  }

  it('writes no other, and is restored from it as far as it was processed', async () => {
    await using driver = await TopologyTestDriver.create(names())
    const input = driver.createInputTopic('names', texts)
    await input.pipeKeyValues([
      ['a', 'Ada'],
      ['b', 'Bob'],
      ['a', 'Alan'],
    ])
    await driver.removeInstance(0)
    await input.pipeInput('c', 'Cleo')
    await driver.addInstance()
    expect(driver.restorations().at(-1)).toMatchObject({ store: 'kept', topic: 'names', from: 0, to: 3, restored: 3 })
    await driver.createInputTopic('asked', texts).pipeKeyValues(['a', 'b', 'c', 'd'].map(key => [key, '?'] as const))
    expect(driver.createOutputTopic('answers', texts).readValuesToList()).toEqual(['Alan', 'Bob', 'Cleo', 'null'])
    expect(driver.producedTopicNames()).toEqual(['answers'])
  })

  it('restores only what its disk does not have', async () => {
    await using driver = await TopologyTestDriver.create(names())
    const input = driver.createInputTopic('names', texts)
    await input.pipeKeyValues([
      ['a', 'Ada'],
      ['b', 'Bob'],
    ])
    await driver.removeInstance(0)
    await driver.addInstance({ stateOf: 0 })
    expect(driver.restorations().at(-1)).toMatchObject({ from: 2, to: 2, restored: 0 })
    expect(await driver.storeEntries('kept')).toEqual([
      ['a', 'Ada'],
      ['b', 'Bob'],
    ])
  })
})

it('gives the same results with one repartition topic for all', async () => {
  const run = async (optimization: readonly Optimization[]) => {
    const builder = new StreamsBuilder()
    const words = builder.stream('words', texts).selectKey(value => value)
    words.groupByKey(texts).count({ store: 'counts' }).toStream().to('counted')
    words
      .filter((_value, key) => key !== 'b')
      .groupByKey(texts)
      .reduce((all, value) => all + value, { store: 'joined' })
      .toStream()
      .to('reduced')
    await using driver = await TopologyTestDriver.create(builder.build({ optimization }), { partitions: 2 })
    await driver.createInputTopic('words', texts).pipeValues(['a', 'b', 'a', 'c', 'a', 'b'])
    const repartitions = driver.producedTopicNames().filter(topic => topic.endsWith('-repartition'))
    const counted = driver.createOutputTopic('counted', { key: string(), value: long() }).readKeyValuesToMap()
    const reduced = driver.createOutputTopic('reduced', texts).readKeyValuesToMap()
    return { repartitions: repartitions.length, counted, reduced }
  }
  const [plain, merged] = [await run([]), await run(['merge.repartition.topics'])]
  expect([plain.repartitions, merged.repartitions]).toEqual([2, 1])
  expect(merged).toEqual({ ...plain, repartitions: 1 })
  expect(merged.counted.get('a')).toBe(3n)
})

it('keeps a read-only store on a topic, and restores it from there', async () => {
  const rates = keyValueStore({ name: 'rates', ...texts })
  const builder = new StreamsBuilder()
  builder.addReadOnlyStateStore(rates, 'rates-topic', { ...texts, name: 'keep-rates' }, () => {
    let store: KeyValueStore<string, string>
    return {
      init(context: ProcessorContext<never, never>) {
        store = context.store(rates)
      },
      process: ({ key, value }) => store.put(key, value),
    }
  })
  builder
    .stream('in', texts)
    .processValues<string>(
      () => {
        let ask: (key: string) => unknown
        let forward: (key: string, value: string) => unknown
        return {
          init(context) {
            ask = key => context.store(rates).get(key)
            forward = (key, value) => context.forward({ key, value })
          },
          async process({ key }) {
            await forward(key, String(await ask(key)))
          },
        }
      },
      { stores: ['rates'] },
    )
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('rates-topic', texts).pipeInput('eur', '1.1')
  await driver.removeInstance(0)
  await driver.addInstance()
  await driver.createInputTopic('in', texts).pipeKeyValues([
    ['eur', '?'],
    ['usd', '?'],
  ])
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['1.1', 'undefined'])
  expect(driver.producedTopicNames()).toEqual(['out'])
})
