import { TopologyTestDriver } from '@millrace/testing'
import {
  keyValueStore,
  long,
  type Plan,
  type ProcessorContext,
  StreamsBuilder,
  string,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }

/** What came out since it was last asked, as `key=value@timestamp`. */
function reader(driver: TopologyTestDriver, name: string): () => readonly string[] {
  const topic = name.endsWith('-changelog') ? `topology-test-driver-${name}` : name
  const output = driver.createOutputTopic(topic, texts)
  return () => output.readRecordsToList().map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`)
}

type RowsStore = { readonly caching?: boolean; readonly type?: 'persistent' | 'memory'; readonly ttlBy?: 'wall-clock' }

/** A table whose rows stay for 100 ms, the table's updates, and the keys of each value. */
function tableOf(store: RowsStore): Plan {
  const builder = new StreamsBuilder()
  const table = builder.table('in', { ...texts, store: { name: 'rows', ttlMs: 100, ...store } })
  table.toStream().to('out')
  table
    .groupBy((value, key) => [value, key], texts)
    .aggregate(
      () => '',
      (keys, key) => keys + key,
      (keys, key) => keys.replace(key, ''),
      { value: string(), store: { name: 'keys-of', caching: false } },
    )
    .toStream()
    .to('keys-of', texts)
  return builder.build()
}

describe('a table whose rows expire by stream time', () => {
  it.each<RowsStore>([{ caching: false }, { caching: false, type: 'memory' }])(
    'deletes them in the order of their times, before the record that brings the time: %j',
    async store => {
      await using driver = await TopologyTestDriver.create(tableOf(store))
      const input = driver.createInputTopic('in', texts)
      const [out, keysOf, changelog] = ['out', 'keys-of', 'rows-changelog'].map(name => reader(driver, name))
      await input.pipeInput('b', 'x', { timestamp: 20 })
      await input.pipeInput('a', 'x', { timestamp: 10 })
      await input.pipeInput('c', 'y', { timestamp: 109 })
      expect(out!()).toEqual(['b=x@20', 'a=x@10', 'c=y@109'])
      expect(keysOf!()).toEqual(['x=b@20', 'x=ba@20', 'y=c@109'])
      changelog!()
      await input.pipeInput('a', 'z', { timestamp: 120 })
      expect(out!()).toEqual(['a=null@110', 'b=null@120', 'a=z@120'])
      expect(changelog!()).toEqual(['a=null@110', 'b=null@120', 'a=z@120'])
      expect(keysOf!()).toEqual(['x=b@110', 'x=@120', 'z=a@120'])
      expect(await driver.storeEntries('rows')).toEqual([
        ['a', 'z'],
        ['c', 'y'],
      ])
    },
  )

  it('emits through a cache once for each key and commit, and not what came and went between two', async () => {
    await using driver = await TopologyTestDriver.create(tableOf({ caching: true }), { commitEachRecord: false })
    const input = driver.createInputTopic('in', texts)
    const [out, keysOf, changelog] = ['out', 'keys-of', 'rows-changelog'].map(name => reader(driver, name))
    await input.pipeInput('a', 'x', { timestamp: 10 })
    await input.pipeInput('b', 'x', { timestamp: 10 })
    await driver.commit()
    expect(out!()).toEqual(['a=x@10', 'b=x@10'])
    await input.pipeInput('c', 'x', { timestamp: 20 })
    await input.pipeInput('a', 'y', { timestamp: 500 })
    await driver.commit()
    // In the order of the last changes: b expires before the record that moves time on is put.
    expect(out!()).toEqual(['b=null@110', 'a=y@500'])
    expect(changelog!().slice(-2)).toEqual(['b=null@110', 'a=y@500'])
    expect(keysOf!().slice(-3)).toEqual(['x=a@110', 'x=@500', 'y=a@500'])
  })

  it('counts time from the last put, whenever that was', async () => {
    await using driver = await TopologyTestDriver.create(tableOf({ caching: false }))
    const input = driver.createInputTopic('in', texts)
    const out = reader(driver, 'out')
    for (const timestamp of [10, 60, 150, 200]) await input.pipeInput('a', 'kept', { timestamp })
    await input.pipeInput('a', 'put back', { timestamp: 120 })
    await input.pipeInput('b', 'came too late', { timestamp: 50 })
    await input.pipeInput('c', 'x', { timestamp: 219 })
    expect(out().slice(-3)).toEqual(['b=came too late@50', 'b=null@150', 'c=x@219'])
    await input.pipeInput('c', 'x', { timestamp: 220 })
    expect(out()).toEqual(['a=null@220', 'c=x@220'])
  })

  it('begins an aggregate again', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .count({ store: { name: 'counts', ttlMs: 100, caching: false } })
      .toStream()
      .to('out')
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', texts)
    for (const timestamp of [0, 50, 149, 249, 250]) await input.pipeInput('a', 'x', { timestamp })
    const out = driver.createOutputTopic('out', { key: string(), value: long() })
    expect(out.readRecordsToList().map(({ value }) => value)).toEqual([1n, 2n, 3n, null, 1n, 2n])
  })

  it('keeps its changelog, whatever the optimiser may do', () => {
    const builder = new StreamsBuilder()
    builder.table('in', { ...texts, store: { name: 'rows', ttlMs: 100 } })
    const [store] = builder.build({ optimization: 'all' }).stores
    expect(store!.changelog).toEqual({ topic: 'rows-changelog', isSource: false, configs: {} })
  })
})

describe('by the wall clock', () => {
  it('deletes while nothing comes in', async () => {
    const start = 1_000_000
    await using driver = await TopologyTestDriver.create(tableOf({ caching: true, ttlBy: 'wall-clock' }), {
      initialWallClockMs: start,
    })
    const input = driver.createInputTopic('in', texts)
    const [out, keysOf] = ['out', 'keys-of'].map(name => reader(driver, name))
    await input.pipeInput('a', 'x', { timestamp: start })
    await input.pipeInput('b', 'x', { timestamp: start + 5_000 })
    await driver.advanceWallClock(99)
    expect(out!()).toEqual([`a=x@${start}`, `b=x@${start + 5_000}`])
    await driver.advanceWallClock(1)
    expect(out!()).toEqual([`a=null@${start + 100}`])
    expect(keysOf!().at(-1)).toBe(`x=b@${start + 5_000}`)
    await driver.advanceWallClock(5_000)
    expect(await driver.storeEntries('rows')).toEqual([])
  })
})

describe('the store of a processor', () => {
  const notes = keyValueStore({ name: 'notes', ...texts, ttlMs: 100 })

  /** Puts each value and passes on what was there; `?` only looks. */
  function lastOf(): Plan {
    const builder = new StreamsBuilder()
    builder
      .addStateStore(notes)
      .stream('in', texts)
      .process<string, string>(
        () => {
          let context!: ProcessorContext<string, string>
          return {
            init: given => {
              context = given
            },
            process: async ({ key, value }) => {
              const store = context.store(notes)
              await context.forward({ key, value: (await store.get(key)) ?? 'nothing' })
              if (value !== '?') store.put(key, value)
            },
          }
        },
        { stores: ['notes'] },
      )
      .to('out', texts)
    return builder.build()
  }

  it('gives back what has not expired, though it keeps no timestamps to be seen', async () => {
    await using driver = await TopologyTestDriver.create(lastOf())
    const input = driver.createInputTopic('in', texts)
    const out = reader(driver, 'out')
    await input.pipeInput('a', 'one', { timestamp: 10 })
    await input.pipeInput('a', '?', { timestamp: 109 })
    await input.pipeInput('b', '?', { timestamp: 110 })
    await input.pipeInput('a', '?', { timestamp: 110 })
    expect(out()).toEqual(['a=nothing@10', 'a=one@109', 'b=nothing@110', 'a=nothing@110'])
    expect(reader(driver, 'notes-changelog')()).toEqual(['a=one@10', 'a=null@110'])
    expect(await driver.store(notes).get('a')).toBeUndefined()
  })

  it.each(['kept', 'lost'] as const)('expires after a restart as before it, with its disk %s', async disk => {
    await using driver = await TopologyTestDriver.create(lastOf())
    const input = driver.createInputTopic('in', texts)
    await input.pipeInput('a', 'one', { timestamp: 10 })
    await input.pipeInput('b', 'two', { timestamp: 20 })
    await driver.removeInstance(0, { crash: true })
    await driver.addInstance(disk === 'kept' ? { stateOf: 0 } : {})
    const changelog = reader(driver, 'notes-changelog')
    changelog()
    await input.pipeInput('c', '?', { timestamp: 110 })
    expect(changelog()).toEqual(['a=null@110'])
    await input.pipeInput('b', '?', { timestamp: 119 })
    expect(reader(driver, 'out')().at(-1)).toBe('b=two@119')
    await input.pipeInput('b', '?', { timestamp: 120 })
    expect(changelog()).toEqual(['b=null@120'])
  })

  it('expires in any number, a part at a time', async () => {
    await using driver = await TopologyTestDriver.create(lastOf(), { commitEachRecord: false })
    const input = driver.createInputTopic('in', texts)
    const keys = Array.from({ length: 5_000 }, (_, index) => `key-${index}`)
    await input.pipeRecords(keys.map((key, index) => ({ key, value: 'x', timestamp: Math.floor(index / 500) })))
    await input.pipeInput('last', 'x', { timestamp: 50 })
    await input.pipeInput('key-4999', '?', { timestamp: 109 })
    await driver.commit()
    expect(reader(driver, 'out')().at(-1)).toBe('key-4999=nothing@109')
    expect(await driver.storeEntries('notes')).toEqual([['last', 'x']])
    const logged = reader(driver, 'notes-changelog')().filter(line => line.includes('=null'))
    expect(new Set(logged).size).toBe(5_000)
    expect(logged).toHaveLength(5_000)
    const times = logged.map(line => Number(line.split('@')[1]))
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })
})

describe('what cannot be', () => {
  const named = { ...texts, name: 'rows' }
  const table = (store: object) => new StreamsBuilder().table('in', { ...texts, store })
  const unwindowed = 'windows expire by retentionMs: leave ttlMs out'
  it.each<readonly [reason: string, attempt: () => unknown]>([
    ['ttlMs must be a whole number of milliseconds from 1, but it is 0', () => keyValueStore({ ...named, ttlMs: 0 })],
    ['ttlMs must be a whole number of milliseconds from 1, but it is 0.5', () => table({ name: 'rows', ttlMs: 0.5 })],
    ['ttlBy needs ttlMs', () => keyValueStore({ ...named, ttlBy: 'wall-clock' })],
    [
      'ttlBy must be "stream-time" or "wall-clock", but it is "x"',
      () => keyValueStore({ ...named, ttlMs: 1, ttlBy: 'x' as never }),
    ],
    ['a store with ttlMs needs a name', () => table({ ttlMs: 1 })],
    ['versions expire by historyRetentionMs', () => table({ name: 'rows', ttlMs: 1, historyRetentionMs: 1 })],
    [
      'versions expire by historyRetentionMs',
      () => versionedStore({ ...named, historyRetentionMs: 1, ttlMs: 1 } as never),
    ],
    [unwindowed, () => windowStore({ ...named, windowSizeMs: 1, retentionMs: 1, ttlMs: 1 } as never)],
    [
      'ttlMs needs a changelog of its own',
      () => new StreamsBuilder().globalTable('in', { ...texts, store: { name: 'rows', ttlMs: 1 } as object }),
    ],
    [
      'ttlMs needs a changelog of its own',
      () =>
        new StreamsBuilder().addReadOnlyStateStore(keyValueStore({ ...named, ttlMs: 1 }), 'in', texts, () => ({
          process: () => undefined,
        })),
    ],
  ])('%s', (reason, attempt) => {
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID', message: expect.stringContaining(reason) }),
    )
  })
})
