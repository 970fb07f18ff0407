import {
  keyValueStore,
  keyValueStoreWithHeaders,
  lruMap,
  memoryStore,
  type Plan,
  type Position,
  type ProcessorRecord,
  type Query,
  rangeQuery,
  sessionQuery,
  sessions,
  sessionStore,
  type StoreBuilder,
  StreamsBuilder,
  string,
  tumbling,
  windowed,
  windowKeyQuery,
  windowStore,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testApplication } from '../app/application.fixture.ts'

/*
 * The behaviours of Kafka Streams' PositionRestartIntegrationTest: after records have been processed, and again after a restart, the position of a
 * query is that of the input, for each kind of store, cached or not, logged or not. docs/queries-beside-kafka-streams.md has the list. Here the disk
 * is lost as well, where there is a changelog.
 */

const texts = { key: string(), value: string() }
const SIZE_MS = 300_000
const DAY_MS = 86_400_000
/** Two records in each partition. */
const INPUT: Position = [
  { topic: 'in', partition: 0, offset: 1 },
  { topic: 'in', partition: 1, offset: 1 },
]

interface Settings {
  readonly type: 'persistent' | 'memory'
  readonly caching: boolean
  readonly logging: boolean
}

type Make = (settings: Settings) => { readonly plan: Plan; readonly query: Query<unknown> }

const everything = rangeQuery()
const windows = windowKeyQuery('a', { from: 0, to: DAY_MS })
const ofSession = sessionQuery('a')

/** A topology whose processor puts each record into a store. */
function processor<Store>(
  store: StoreBuilder<Store>,
  query: Query<unknown>,
  put: (store: Store, record: ProcessorRecord<string, string>) => void,
) {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(store)
    .stream('in', texts)
    .process(
      () => {
        let opened: Store
        return {
          init(context) {
            opened = context.store(store)
          },
          process: record => put(opened, record),
        }
      },
      { stores: [store] },
    )
  return { plan: builder.build(), query }
}

const STORES: Readonly<Record<string, Make>> = {
  'a table'(store) {
    const builder = new StreamsBuilder()
    builder.table('in', { ...texts, store: { name: 'store', ...store } })
    return { plan: builder.build(), query: everything }
  },
  'windows of the DSL'(store) {
    const builder = new StreamsBuilder()
    const grouped = builder.stream('in', texts).groupByKey()
    grouped.windowedBy(tumbling({ sizeMs: SIZE_MS, graceMs: 0 })).count({ store: { name: 'store', ...store } })
    return { plan: builder.build(), query: windows }
  },
  'sessions of the DSL'(store) {
    const builder = new StreamsBuilder()
    const grouped = builder.stream('in', texts).groupByKey()
    grouped.windowedBy(sessions({ inactivityGapMs: SIZE_MS, graceMs: 0 })).count({ store: { name: 'store', ...store } })
    return { plan: builder.build(), query: ofSession }
  },
  'a key-value store of a processor': settings =>
    processor(keyValueStore({ name: 'store', ...texts, ...settings }), everything, (store, { key, value }) =>
      store.put(key, value),
    ),
  'a store with timestamps and headers of a processor': settings =>
    processor(
      keyValueStoreWithHeaders({ name: 'store', ...texts, ...settings }),
      everything,
      (store, { key, value, timestamp, headers }) => store.put(key, { value, timestamp, headers }),
    ),
  'a window store of a processor': settings =>
    processor(
      windowStore({ name: 'store', ...texts, ...settings, windowSizeMs: SIZE_MS, retentionMs: DAY_MS }),
      windows,
      (store, { key, value, timestamp }) => store.put(key, value, timestamp - (timestamp % SIZE_MS)),
    ),
  'a session store of a processor': settings =>
    processor(
      sessionStore({ name: 'store', ...texts, ...settings, retentionMs: DAY_MS }),
      ofSession,
      (store, { key, value, timestamp }) => store.put(windowed(key, timestamp, timestamp), value),
    ),
  'an LRU store of a processor': ({ caching, logging }) =>
    processor(
      lruMap({ name: 'store', ...texts, caching, logging, maxEntries: 100 }),
      everything,
      (store, { key, value }) => store.put(key, value),
    ),
}

const CASES = Object.keys(STORES)
  .flatMap(name =>
    [true, false].flatMap(caching =>
      (['persistent', 'memory'] as const).flatMap(type =>
        // What is in memory and has no changelog does not survive a restart.
        (type === 'memory' ? [true] : [true, false]).map(logging => ({ name, type, caching, logging })),
      ),
    ),
  )
  .filter(
    ({ name, caching }) =>
      // Stores with headers are never cached.
      !(name.includes('headers') && caching),
  )
  .filter(({ name, type }) => !(name.startsWith('an LRU') && type === 'persistent'))

describe.each(['exactly_once', 'at_least_once'] as const)('under %s the position is that of the input', guarantee => {
  it.each(CASES)('after a restart: $name, $type, caching $caching, logging $logging', async ({ name, ...settings }) => {
    const { plan, query } = STORES[name]!(settings)
    const app = testApplication({ in: 2 })
    const root = await mkdtemp(join(tmpdir(), 'position-restart-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    for (const partition of [0, 1]) {
      await app.send(
        'in',
        ['a', 'b'].map(value => ({ value, partition, timestamp: 1_000 })),
      )
    }
    const start = (directory: string) =>
      app.start(plan, {
        processingGuarantee: guarantee,
        commitIntervalMs: 100,
        processId: 'p',
        store: settings.type === 'memory' ? memoryStore() : rocksdb(),
        stateDir: join(root, directory),
      })
    let instance = await start('disk')
    /** A disk takes time that is not virtual. */
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round++) {
        await app.run([instance], 1)
        await new Promise(resolve => setTimeout(resolve, 2))
      }
    }
    const reachesInput = async () => {
      for (let round = 0; round < 500 && !instance.ready; round++) await rounds(1)
      await rounds(5)
      const isolation = guarantee === 'exactly_once' ? 'committed' : 'uncommitted'
      const request = { store: 'store', query, partitions: [0, 1], position: INPUT, isolation, timeoutMs: 0 } as const
      let result = await instance.queries!.query(request)
      for (let round = 0; round < 500 && !isDeepStrictEqual(result.position, INPUT); round++) {
        await rounds(1)
        result = await instance.queries!.query(request)
      }
      expect(result.position, [...result.partitions.values()].map(one => (one.ok ? 'ok' : one.message)).join()).toEqual(
        INPUT,
      )
      return result.values()
    }
    const values = await reachesInput()
    expect(values.flat().length).toBeGreaterThan(0)
    const reboot = async (how: { readonly clean: boolean; readonly directory: string }) => {
      await instance.end({ clean: how.clean, leave: true })
      instance = await start(how.directory)
      expect(await reachesInput()).toEqual(values)
    }
    await reboot({ clean: true, directory: 'disk' })
    await reboot({ clean: false, directory: 'disk' })
    if (settings.logging) await reboot({ clean: true, directory: 'another-disk' })
    await instance.end({ clean: true, leave: true })
    await app.client.close()
  })
})
