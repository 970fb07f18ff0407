import { readFileSync } from 'node:fs'
import {
  lruMap,
  type Plan,
  type Processor,
  type ProcessorContext,
  StreamsBuilder,
  string,
  tumbling,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { gathered } from './test-stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const used = lruMap({ name: 'used', ...texts, maxEntries: 3 })

/** Does what a value says: a name of an operation, or the value to put. */
function user(): Processor<string, string, string, string> {
  let context!: ProcessorContext<string, string>
  return {
    init: given => {
      context = given
    },
    process: async ({ key, value }) => {
      const store = context.store(used)
      const forward = (found: string | undefined) => context.forward({ key, value: found ?? 'null' })
      if (value === 'get') return await forward(await store.get(key))
      if (value === 'delete') return await forward(await store.delete(key))
      if (value.startsWith('absent')) return await forward(await store.putIfAbsent(key, value))
      if (value !== 'all') return store.put(key, value)
      const entries = await gathered(store.all())
      await forward(entries.map(([each, kept]) => `${each}=${kept};`).join(''))
    },
  }
}

/** A processor's store of the three keys that were used last, and a table's, with which a stream is joined. */
function twoMaps(caching: boolean): Plan {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(used)
    .stream('uses', texts)
    .process(user, { stores: ['used'] })
    .to('found', texts)
  const table = builder.table('rows', { ...texts, store: { name: 'kept', maxEntries: 3, caching } })
  table.toStream().to('changes', texts)
  builder
    .stream('looks', texts)
    .leftJoin(table, (look, row) => look + row)
    .to('found', texts)
  return builder.build()
}

// Made by Kafka Streams itself: see test/differential/describe-java/LruMaps.java.
const java = readFileSync(new URL('fixtures/lru-maps.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
const TOPICS = ['used-changelog', 'kept-changelog', 'changes', 'found']

it('puts, reads, logs and forgets record for record as Kafka Streams does', async () => {
  await using driver = await TopologyTestDriver.create(twoMaps(false))
  const outputs = TOPICS.map(name => {
    const topic = name.endsWith('-changelog') ? `topology-test-driver-${name}` : name
    return { name, output: driver.createOutputTopic(topic, texts) }
  })
  const lines: string[] = []
  for (const line of java.filter(each => each.startsWith('in '))) {
    const [, topic = '', key = '', value = '', timestamp] = line.split(' ')
    const input = driver.createInputTopic(topic, { key: string(), value: string() })
    await input.pipeInput(key, value === 'null' ? null : value, { timestamp: Number(timestamp) })
    lines.push(line)
    for (const { name, output } of outputs) {
      for (const each of output.readRecordsToList()) {
        lines.push(`${name} ${each.key} ${each.value} ${each.timestamp}`)
      }
    }
  }
  expect(lines).toEqual(java)
})

describe('after a restart', () => {
  it.each([{ crash: true, stateOf: 0 }, { crash: false, stateOf: 0 }, { crash: true }])(
    'has what was written last, in the order of the changelog: %j',
    async ({ crash, ...disk }) => {
      await using driver = await TopologyTestDriver.create(twoMaps(false))
      const uses = driver.createInputTopic('uses', texts)
      const rows = driver.createInputTopic('rows', texts)
      for (const key of ['a', 'b', 'c', 'd']) {
        await uses.pipeInput(key, 'x')
        await rows.pipeInput(key, 'x')
      }
      await uses.pipeInput('b', 'get')
      await driver.removeInstance(0, { crash })
      await driver.addInstance(disk)
      const left = ['b', 'c', 'd'].map(key => [key, 'x'])
      expect(await driver.storeEntries('used')).toEqual(left)
      expect(await driver.storeEntries('kept')).toEqual(left)
      await uses.pipeInput('e', 'x')
      await rows.pipeInput('e', 'x')
      expect((await driver.storeEntries('used')).map(([key]) => key)).toEqual(['c', 'd', 'e'])
      expect((await driver.storeEntries('kept')).map(([key]) => key)).toEqual(['c', 'd', 'e'])
    },
  )
})

it('counts through a cache what was put when it is flushed, after it was emitted', async () => {
  await using driver = await TopologyTestDriver.create(twoMaps(true), { commitEachRecord: false })
  const rows = driver.createInputTopic('rows', texts)
  const looks = driver.createInputTopic('looks', texts)
  const found = driver.createOutputTopic('found', texts)
  const values = () => found.readRecordsToList().map(({ value }) => value)
  for (const key of ['a', 'b', 'c', 'd', 'e']) await rows.pipeInput(key, '1')
  await looks.pipeInput('a', 'before ')
  await driver.commit()
  await looks.pipeInput('a', 'after ')
  await looks.pipeInput('c', 'after ')
  for (const key of ['a', 'd']) await rows.pipeInput(key, '2')
  await driver.commit()
  for (const key of ['a', 'b', 'c', 'd', 'e']) await looks.pipeInput(key, `${key} `)
  await driver.commit()
  expect(values()).toEqual(['before 1', 'after null', 'after 1', 'a 2', 'b null', 'c 1', 'd 2', 'e null'])
  const changes = driver.createOutputTopic('changes', texts).readRecordsToList()
  expect(changes.map(({ key, value }) => `${key}=${value}`)).toEqual(['a=1', 'b=1', 'c=1', 'd=1', 'e=1', 'a=2', 'd=2'])
  expect((await driver.storeEntries('kept')).map(([key]) => key)).toEqual(['a', 'c', 'd'])
})

it('is counted by partition', async () => {
  await using driver = await TopologyTestDriver.create(twoMaps(false), { partitions: 4 })
  const uses = driver.createInputTopic('uses', texts)
  await uses.pipeRecords(Array.from({ length: 200 }, (_, n) => ({ key: `key-${n}`, value: 'x' })))
  expect(await driver.store(used).approximateCount()).toBe(12)
})

describe('what cannot be', () => {
  const named = { ...texts, name: 'rows' }
  const table = (store: object) => new StreamsBuilder().table('in', { ...texts, store })
  it.each<readonly [reason: string, attempt: () => unknown]>([
    ['maxEntries must be a whole number from 1, but it is 0', () => lruMap({ ...named, maxEntries: 0 })],
    ['maxEntries must be a whole number from 1, but it is undefined', () => lruMap(named as never)],
    ['a store with maxEntries needs a name', () => table({ maxEntries: 1 })],
    ['a store with maxEntries is kept in memory', () => table({ name: 'rows', maxEntries: 1, type: 'persistent' })],
    [
      'a store with maxEntries is kept in memory',
      () => lruMap({ ...named, maxEntries: 1, type: 'persistent' } as never),
    ],
    ['leave ttlMs out', () => table({ name: 'rows', maxEntries: 1, ttlMs: 1 })],
    ['leave ttlMs out', () => lruMap({ ...named, maxEntries: 1, ttlMs: 1 } as never)],
    ['a versioned store has no maxEntries', () => table({ name: 'rows', maxEntries: 1, historyRetentionMs: 1 })],
    [
      'a store of windows has no maxEntries',
      () => {
        const windowed = new StreamsBuilder()
          .stream('in', texts)
          .groupByKey()
          .windowedBy(tumbling({ sizeMs: 1, graceMs: 0 }))
        return windowed.count({ store: { maxEntries: 1, name: 'rows' } as object })
      },
    ],
    [
      'a global store has the whole of its topic',
      () => new StreamsBuilder().globalTable('in', { ...texts, store: { name: 'rows', maxEntries: 1 } as object }),
    ],
    [
      'a global store has the whole of its topic',
      () => new StreamsBuilder().addGlobalStore(used, 'in', texts, () => ({ process: () => undefined })),
    ],
  ])('%s', (reason, attempt) => {
    const message: unknown = expect.stringContaining(reason)
    expect(attempt).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID', message }))
  })
})
