import {
  joinWindows,
  type KeyValueStore,
  keyValueStore,
  type ProcessorContext,
  seededRandom,
  sessions,
  sessionStore,
  sliding,
  type StoreBuilder,
  StreamsBuilder,
  string,
  tumbling,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { gathered } from './test-stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
type Type = 'persistent' | 'memory'

/** Reads `in` and `other`, writes `out`; all its stores are of the type. */
type Topology = (builder: StreamsBuilder, type: Type) => void

const windows = tumbling({ sizeMs: 50, graceMs: 0 })
const named = (name: string, type: Type) => ({ ...texts, store: { name, type } })
const own = (name: string, type: Type) => ({ ...texts, name, type })
const append = (all: string, value: string) => all + value

const DSL: Readonly<Record<string, Topology>> = {
  table: (builder, type) => builder.table('in', named('rows', type)).toStream().to('out', texts),
  'versioned table': (builder, type) => {
    const table = builder.table('other', { ...texts, store: { name: 'rows', type, historyRetentionMs: 500 } })
    builder
      .stream('in', texts)
      .leftJoin(table, (a, b) => `${a} ${b}`)
      .to('out', texts)
  },
  'toTable, filter, mapValues': (builder, type) =>
    builder
      .stream('in', texts)
      .toTable(named('rows', type))
      .filter(() => true, named('filtered', type))
      .mapValues(value => value, named('mapped', type))
      .toStream()
      .to('out', texts),
  aggregate: (builder, type) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .aggregate(() => '', append, named('all', type))
      .toStream()
      .to('out', texts),
  'aggregate of windows': (builder, type) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(windows)
      .aggregate(() => '', append, named('all', type))
      .toStream((_value, { key }) => key)
      .to('out', texts),
  'aggregate of sliding windows': (builder, type) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sliding({ timeDifferenceMs: 30, graceMs: 100 }))
      .aggregate(() => '', append, named('all', type))
      .toStream((_value, { key }) => key)
      .to('out', texts),
  'aggregate of sessions': (builder, type) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sessions({ inactivityGapMs: 20, graceMs: 10 }))
      .aggregate(
        () => '',
        append,
        (one, other) => one + other,
        named('all', type),
      )
      .toStream((_value, { key }) => key)
      .to('out', texts),
  'aggregate of a table': (builder, type) =>
    builder
      .table('in', named('rows', type))
      .groupBy((value, key) => [value, key], texts)
      .aggregate(
        () => '',
        append,
        (all, value) => all.replace(value, ''),
        named('all', type),
      )
      .toStream()
      .to('out', texts),
  cogroup: (builder, type) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .cogroup(append)
      .cogroup(builder.stream('other', texts).groupByKey(), append)
      .aggregate(() => '', named('all', type))
      .toStream()
      .to('out', texts),
  'join of streams': (builder, type) =>
    builder
      .stream('in', texts)
      .outerJoin(builder.stream('other', texts), (a, b) => `${a} ${b}`, {
        windows: joinWindows({ beforeMs: 20, afterMs: 20, graceMs: 10 }),
        type,
      })
      .to('out', texts),
  'join of tables': (builder, type) =>
    builder
      .table('in', named('rows', type))
      .outerJoin(builder.table('other', named('others', type)), (a, b) => `${a} ${b}`, {
        ...named('joined', type),
      })
      .toStream()
      .to('out', texts),
  'join by foreign key': (builder, type) =>
    builder
      .table('in', named('rows', type))
      .leftJoin(
        builder.table('other', named('others', type)),
        value => value.slice(0, 1),
        (a, b) => `${a} ${b}`,
        named('joined', type),
      )
      .toStream()
      .to('out', texts),
}

const PROCESSORS: Readonly<Record<string, Topology>> = {
  'a key-value store': withStore(
    type => keyValueStore(own('kept', type)),
    async (store, key, value) => {
      const before = await store.get(key)
      store.put(key, value)
      return before
    },
  ),
  'a window store': withStore(
    type => windowStore({ ...own('kept', type), windowSizeMs: 50, retentionMs: 500 }),
    async (store, key, value, timestamp) => {
      const before = await gathered(store.fetchRange(key, 0, timestamp))
      store.put(key, value, Math.floor(timestamp / 50) * 50)
      return before
    },
  ),
  'a window store with duplicates': withStore(
    type => windowStore({ ...own('kept', type), windowSizeMs: 50, retentionMs: 500, retainDuplicates: true }),
    async (store, key, value, timestamp) => {
      const before = await gathered(store.fetchRange(key, 0, timestamp))
      store.put(key, value, Math.floor(timestamp / 50) * 50)
      return before
    },
  ),
  'a session store': withStore(
    type => sessionStore({ ...own('kept', type), retentionMs: 500 }),
    async (store, key, value, timestamp) => {
      const before = await gathered(store.fetch(key))
      store.put({ key, window: { start: timestamp, end: timestamp + 5 } }, value)
      return before
    },
  ),
  'a versioned store': withStore(
    type => versionedStore({ ...own('kept', type), historyRetentionMs: 500 }),
    async (store, key, value, timestamp) => {
      const before = await gathered(store.versions(key))
      await store.put(key, value, timestamp)
      return before
    },
  ),
}

const FROM_TOPICS: Readonly<Record<string, Topology>> = {
  'a read-only store': (builder, type) => {
    const kept = keyValueStore(own('kept', type))
    builder.addReadOnlyStateStore(kept, 'other', texts, () => {
      let store!: NonNullable<(typeof kept)['store']>
      return {
        init: context => {
          store = context.store(kept)
        },
        process: ({ key, value }) => store.put(key, value),
      }
    })
    const ask = lookingUp(kept)
    builder
      .stream('in', texts)
      .process<string, string>(ask, { stores: ['kept'] })
      .to('out', texts)
  },
  'a global table': (builder, type) => {
    const table = builder.globalTable('other', named('rows', type))
    builder
      .stream('in', texts)
      .leftJoin(
        table,
        (_value, key) => key,
        (a, b) => `${a} ${b}`,
      )
      .to('out', texts)
  },
  'a global store': (builder, type) => {
    const kept = keyValueStore({ ...own('kept', type), logging: false })
    builder.addGlobalStore(kept, 'other', texts, () => {
      let store!: NonNullable<(typeof kept)['store']>
      return {
        init: context => {
          store = context.store(kept)
        },
        process: ({ key, value }) => store.put(key, value),
      }
    })
    builder.stream('in', texts).process<string, string>(lookingUp(kept)).to('out', texts)
  },
}

function lookingUp(kept: StoreBuilder<KeyValueStore<string, string>>) {
  return () => {
    let context!: ProcessorContext<string, string>
    return {
      init: (given: ProcessorContext<string, string>) => {
        context = given
      },
      process: async ({ key }: { readonly key: string }) => {
        await context.forward({ key, value: String(await context.store(kept).get(key)) })
      },
    }
  }
}

function withStore<Store>(
  make: (type: Type) => StoreBuilder<Store>,
  use: (store: Store, key: string, value: string, timestamp: number) => Promise<unknown>,
): Topology {
  return (builder, type) => {
    const kept = make(type)
    builder
      .addStateStore(kept)
      .stream('in', texts)
      .process<string, string>(
        () => {
          let context!: ProcessorContext<string, string>
          return {
            init: given => {
              context = given
            },
            process: async ({ key, value, timestamp }) => {
              const before = await use(context.store(kept), key, value, timestamp)
              await context.forward({ key, value: JSON.stringify(before ?? null) })
            },
          }
        },
        { stores: ['kept'] },
      )
      .to('out', texts)
  }
}

/** Records of both topics, in no order of time, some of them deletions. */
function records() {
  const random = seededRandom(5)
  return Array.from({ length: 40 }, (_, n) => ({
    topic: random() < 0.7 ? 'in' : 'other',
    key: 'abc'[Math.floor(random() * 3)]!,
    value: `${'abc'[Math.floor(random() * 3)]}${n}`,
    timestamp: 10 * n + Math.floor(random() * 40),
  }))
}

/** What comes out, and how many records were restored with the disk kept; without `restarts`, of a run without any. */
async function run(topology: Topology, type: Type, restarts: boolean) {
  const builder = new StreamsBuilder()
  topology(builder, type)
  // So that both topics are there, whichever the topology reads.
  const plan = builder.build()
  const topics = new Set(plan.nodes.flatMap(node => (node.kind === 'source' ? node.topics : [])))
  await using driver = await TopologyTestDriver.create(plan, { initialWallClockMs: 0 })
  let restored: number | undefined
  const all = records()
  for (const [index, { topic, key, value, timestamp }] of all.entries()) {
    if (restarts && index === Math.floor(all.length / 2)) {
      await driver.removeInstance(0, { crash: true })
      await driver.addInstance({ stateOf: 0 })
      restored = driver.restorations().reduce((sum, event) => sum + event.restored, 0)
    }
    if (restarts && index === Math.floor((all.length * 3) / 4)) {
      await driver.removeInstance(1, { crash: true })
      await driver.addInstance()
    }
    if (topics.has(topic)) await driver.createInputTopic(topic, texts).pipeInput(key, value, { timestamp })
  }
  const out = driver.createOutputTopic('out', texts).readRecordsToList()
  return { out: out.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`), restored }
}

describe.each([
  ['the DSL', Object.entries(DSL)],
  ['processors', Object.entries(PROCESSORS)],
  ['topics of others', Object.entries(FROM_TOPICS)],
] as const)('the stores of %s, in memory and persistent', (_whose, topologies) => {
  it.each(topologies)('%s: the same results, after crashes too', async (_name, topology) => {
    const calm = await run(topology, 'persistent', false)
    expect(calm.out.length).toBeGreaterThan(5)
    expect((await run(topology, 'memory', false)).out).toEqual(calm.out)
    const persistent = await run(topology, 'persistent', true)
    expect(persistent.out).toEqual(calm.out)
    expect(persistent.restored, 'what is on disk needs no restoring').toBe(0)
    const inMemory = await run(topology, 'memory', true)
    expect(inMemory.out).toEqual(calm.out)
    expect(inMemory.restored, 'what was in memory comes from the changelog').toBeGreaterThan(0)
  })
})
