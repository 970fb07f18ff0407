import {
  customStore,
  keyValueStore,
  lruMap,
  type ProcessorContext,
  sessionStore,
  type StateStore,
  type StateStoreContext,
  type StoreBuilder,
  StreamsBuilder,
  string,
  versionedStore,
  type Windowed,
  windowStore,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

type Context = ProcessorContext<string, string>
interface Change {
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

/** A kind of state: how a record changes it, and what can be seen of it. */
interface Kind {
  readonly builder?: StoreBuilder
  change(context: Context, change: Change): void | Promise<void>
  see?(context: Context): Promise<unknown>
}

function kind<Store>(
  builder: StoreBuilder<Store>,
  change: (store: Store, change: Change) => unknown,
  see: (store: Store) => Promise<unknown> | AsyncIterable<unknown>,
): Kind {
  return {
    builder,
    change: async (context, one) => void (await change(context.store(builder), one)),
    async see(context) {
      const seen = see(context.store(builder))
      return Symbol.asyncIterator in seen ? await gathered(seen) : await seen
    },
  }
}

async function gathered(entries: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const list: unknown[] = []
  for await (const entry of entries) list.push(entry)
  return list
}

const sessionOf = (key: string, timestamp: number): Windowed<string> => ({
  key,
  window: { start: timestamp - (timestamp % 10), end: timestamp },
})

/** Its memory is of its own: only what it has put into `entries` can be undone by the engine. */
interface Joined extends StateStore<string, string> {
  add(key: string, value: string): void
  readonly all: string
}

const joined = customStore({
  name: 'state',
  ...texts,
  open: ({ entries }: StateStoreContext<string, string>): Joined => {
    const own = new Map<string, string>()
    return {
      async restore(committed) {
        for await (const [key, value] of committed) own.set(key, value)
      },
      add(key, value) {
        own.set(key, `${own.get(key) ?? ''}${value}`)
        entries.put(key, own.get(key)!)
      },
      get all() {
        return JSON.stringify([...own].map(String).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
      },
    }
  },
})

const caches = [true, false].map(caching => [caching ? 'cached ' : '', caching] as const)

const KINDS: Readonly<Record<string, () => Kind>> = {
  ...Object.fromEntries(
    caches.flatMap(([cached, caching]) => [
      [
        `${cached}key-value store`,
        () =>
          kind(
            keyValueStore({ name: 'state', ...texts, caching }),
            async (store, { key, value }) => store.put(key, `${(await store.get(key)) ?? ''}${value}`),
            store => store.all(),
          ),
      ],
      [
        `${cached}window store`,
        () =>
          kind(
            windowStore({ name: 'state', ...texts, caching, windowSizeMs: 10, retentionMs: 60 }),
            (store, { key, value, timestamp }) => store.put(key, value, timestamp - (timestamp % 10)),
            store => store.all(),
          ),
      ],
      [
        `${cached}session store`,
        () =>
          kind(
            sessionStore({ name: 'state', ...texts, caching, retentionMs: 60 }),
            (store, { key, value, timestamp }) => store.put(sessionOf(key, timestamp), value),
            store => store.all(),
          ),
      ],
    ]),
  ),
  'window store with duplicates': () =>
    kind(
      windowStore({ name: 'state', ...texts, windowSizeMs: 10, retentionMs: 60, retainDuplicates: true }),
      (store, { key, value, timestamp }) => store.put(key, value, timestamp - (timestamp % 10)),
      store => store.all(),
    ),
  'versioned store': () =>
    kind(
      versionedStore({ name: 'state', ...texts, historyRetentionMs: 60 }),
      (store, { key, value, timestamp }) => store.put(key, value, timestamp),
      async store => [await gathered(store.versions('a')), await gathered(store.versions('b'))],
    ),
  // A bad record reads `a` and puts a third key, so that without its undoing other keys are gone.
  'LRU map': () =>
    kind(
      lruMap({ name: 'state', ...texts, maxEntries: 2 }),
      async (store, { key, value }) => {
        if (value === 'bad') await store.get('a')
        store.put(value === 'bad' ? 'third' : key, value)
      },
      store => store.all(),
    ),
  'timers that are set': () => ({
    change(context, { key, value }) {
      const timer = context.schedule(10, 'stream-time', async () => {
        timer.cancel()
        await context.forward({ key, value: `timer of ${value}` })
      })
    },
  }),
  'timers that are cancelled': () => {
    const set: { cancel(): void }[] = []
    return {
      change(context, { key, value }) {
        if (value === 'bad') set.pop()?.cancel()
        else set.push(context.schedule(10, 'stream-time', () => context.forward({ key, value: `timer of ${value}` })))
      },
    }
  },
  'store of the user': () =>
    kind(
      joined,
      (store, { key, value }) => store.add(key, value),
      async store => store.all,
    ),
}

function planOf({ builder: store, change, see }: Kind, inAsync: boolean) {
  const builder = new StreamsBuilder()
  const passed = builder.stream('in', texts).process<string, string>(
    () => {
      let context: Context
      return {
        init: given => void (context = given),
        async process({ key, value, timestamp }) {
          if (value === 'show') {
            if (see !== undefined) await context.forward({ key, value: JSON.stringify(await see(context)) })
            return
          }
          await change(context, { key, value, timestamp })
          await context.forward({ key, value })
        },
      }
    },
    store === undefined ? {} : { stores: [store] },
  )
  const check = (value: string) => {
    if (value === 'bad') throw new Error('it is bad')
    return value
  }
  const checked = inAsync ? passed.mapValuesAsync(async value => check(value)) : passed.mapValues(value => check(value))
  checked.to('out', texts)
  return builder.build()
}

const RECORDS = [
  ['a', '1', 1],
  ['a', 'bad', 2],
  ['b', 'bad', 3],
  ['b', '2', 11],
  ['a', 'bad', 95],
  ['a', '3', 12],
  ['c', '4', 25],
  ['a', 'bad', 26],
  ['a', 'show', 27],
  ['b', '5', 41],
] as const

const GUARANTEES = ['exactly_once', 'at_least_once'] as const
const cases = Object.keys(KINDS)
  .flatMap(name =>
    GUARANTEES.flatMap(guarantee =>
      [true, false].flatMap(commitEachRecord =>
        [false, true].map(inAsync => ({ name, guarantee, commitEachRecord, inAsync })),
      ),
    ),
  )
  .filter(one => !isLimit(one))

type Case = (typeof cases)[number]

/** The tasks go back to their last commit. */
function isLate({ name, inAsync }: { readonly name: string; readonly inAsync: boolean }): boolean {
  return inAsync || name === 'store of the user'
}

/** See the limits in ADR 8: timers do not outlive a task, and a versioned changelog cannot say that there was no version. */
function isLimit(one: { readonly name: string; readonly inAsync: boolean; readonly guarantee: string }): boolean {
  const { name, guarantee } = one
  if (!isLate(one)) return false
  return name.startsWith('timers') || (name === 'versioned store' && guarantee === 'at_least_once')
}

async function run(one: Case, records: readonly (readonly [string, string, number])[]) {
  const driver = await TopologyTestDriver.create(planOf(KINDS[one.name]!(), one.inAsync), {
    onBadRecord: 'continue',
    processingGuarantee: one.guarantee,
    commitEachRecord: one.commitEachRecord,
    instances: 1,
  })
  const input = driver.createInputTopic('in', texts)
  await input.pipeRecords(records.map(([key, value, timestamp]) => ({ key, value, timestamp })))
  await driver.commit()
  // What is restored from the changelogs is shown once more.
  await driver.removeInstance(0)
  await driver.addInstance()
  await input.pipeRecords([{ key: 'b', value: 'show', timestamp: 42 }])
  await driver.commit()
  const seen = driver.createOutputTopic('out', texts).readRecordsToList()
  await driver.close()
  return seen.map(({ key, value, timestamp }) => ({ key, value, timestamp }))
}

it.each(cases)(
  'a record that fails below leaves nothing in $name: $guarantee, each commit $commitEachRecord, in an asynchronous operator $inAsync',
  async one => {
    const good = RECORDS.filter(([, value]) => value !== 'bad')
    const [seen, wanted] = [await run(one, RECORDS), await run(one, good)]
    // Without a transaction, what was sent before a record failed late is sent again. What comes last shows the restored state.
    const again = isLate(one) && one.guarantee === 'at_least_once'
    const left = (records: typeof seen) => (again ? records.slice(-1) : records)
    expect(left(seen)).toEqual(left(wanted))
  },
)
