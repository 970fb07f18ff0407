import { joinWindows, keyValueStore, sessions, StreamsBuilder, string, tumbling } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import {
  attempts,
  count,
  flag,
  fn,
  name,
  only,
  options,
  optionalFn,
  type Slot,
  topic,
  wrongOutcome,
} from './argument-variants.ts'

const texts = { key: string(), value: string() }
const noop = () => undefined
const serde = only(string(), 'missing')
const neededSerde = only(string())
const serdes = { name: name('named'), key: serde, value: serde }
const named = options({ name: name('named') })
const optional = (slot: Slot): Slot => ({ ...slot, takes: ['missing', ...slot.takes] })
const number = (valid: number, ...more: string[]) => optional(count(valid, ...more))
const choice = (valid: string) => only(valid, 'missing')
const logging = only({ 'retention.ms': '5' }, 'missing', 'true', 'false', 'empty object')
const storeFields = { name: name('kept'), type: choice('memory'), caching: flag(true), logging }
const store = options(storeFields, ['missing', 'empty object', 'text'])
const windowed = options({ ...storeFields, retentionMs: number(60_000) }, ['missing', 'empty object', 'text'])
const kept = options({ ...serdes, store })
const keptWindows = options({ ...serdes, store: windowed })
/** Two functions make it a join by foreign key. */
const joinerOr = (slot: Slot): Slot => ({ ...slot, takes: [...slot.takes, 'function'] })
const windows = only(tumbling({ sizeMs: 10, graceMs: 0 }))
const late = optionalFn(noop)
const versions = only({ name: 'versions', historyRetentionMs: 5 })
const builderOf = only(keyValueStore({ name: 'store', ...texts }))
const process = options({ ...serdes, stores: only(['text'], 'missing', 'empty array') })
const joinOptions = options(
  {
    ...serdes,
    windows: only(joinWindows({ timeDifferenceMs: 5, graceMs: 0 })),
    otherValue: serde,
    storeName: name('joined'),
    logging,
    type: choice('memory'),
    onLate: late,
    onLateOther: late,
  },
  [],
)

/** Adds what the call needs, and gives the function to call. The topology is built afterwards. */
type Subject = (builder: StreamsBuilder) => (...args: never[]) => unknown

const on =
  <T extends object>(make: (builder: StreamsBuilder) => T, method: keyof T & string): Subject =>
  builder => {
    const subject = make(builder)
    return (...args) => (subject[method] as (...all: never[]) => unknown)(...args)
  }
const stream = (b: StreamsBuilder) => b.stream('in', texts)
const table = (b: StreamsBuilder) => b.table('table', texts)
const grouped = (b: StreamsBuilder) => stream(b).groupByKey()
const groupedTable = (b: StreamsBuilder) => table(b).groupBy((value, key) => [key, value], texts)
const timed = (b: StreamsBuilder) => grouped(b).windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
const session = (b: StreamsBuilder) => grouped(b).windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 }))
const cogrouped = (b: StreamsBuilder) => grouped(b).cogroup((all: string) => all)
const self = (b: StreamsBuilder) => b

const METHODS: readonly (readonly [title: string, Subject, ...Slot[]])[] = [
  [
    'StreamsBuilder.stream',
    on(self, 'stream'),
    topic('a'),
    options({
      ...serdes,
      timestampExtractor: optionalFn(() => 0),
      onBadTimestamp: choice('fail'),
      offsetReset: choice('latest'),
    }),
  ],
  ['StreamsBuilder.table', on(self, 'table'), topic('a'), options({ ...serdes, store })],
  ['StreamsBuilder.table, late', on(self, 'table'), topic('a'), options({ ...serdes, store: versions, onLate: late })],
  ['toTable, late', on(stream, 'toTable'), options({ ...serdes, store: versions, onLate: late })],
  ['StreamsBuilder.addStateStore', on(self, 'addStateStore'), builderOf],
  ['filter', on(stream, 'filter'), fn(() => true), named],
  ['filterNot', on(stream, 'filterNot'), fn(() => true), named],
  ['map', on(stream, 'map'), fn(noop), named],
  ['mapValues', on(stream, 'mapValues'), fn(noop), named],
  [
    'mapValuesAsync',
    on(stream, 'mapValuesAsync'),
    fn(noop),
    options({
      name: name('named'),
      concurrency: number(4),
      ordering: choice('key'),
      timeoutMs: number(5),
      retry: options({ times: count(3), backoffMs: number(5), maxBackoffMs: number(5) }, ['missing']),
    }),
  ],
  ['flatMap', on(stream, 'flatMap'), fn(noop), named],
  ['flatMapValues', on(stream, 'flatMapValues'), fn(noop), named],
  ['selectKey', on(stream, 'selectKey'), fn(noop), named],
  [
    'deduplicate',
    on(stream, 'deduplicate'),
    options(
      {
        ...serdes,
        by: fn(noop),
        id: neededSerde,
        withinMs: count(5),
        graceMs: number(5),
        store: options({ name: name('seen'), type: choice('memory'), logging }, ['missing', 'empty object', 'text']),
        onLate: late,
      },
      [],
    ),
  ],
  ['peek', on(stream, 'peek'), fn(noop), named],
  ['foreach', on(stream, 'foreach'), fn(noop), named],
  [
    'print',
    on(stream, 'print'),
    options({
      name: name('named'),
      label: only('l', 'missing', 'text', 'empty text', 'unusable text'),
      format: optionalFn(noop),
      write: optionalFn(noop),
    }),
  ],
  ['split', on(stream, 'split'), named],
  ['branch', on(b => stream(b).split(), 'branch'), only(() => true, 'function', 'misspelt option'), named],
  ['defaultBranch', on(b => stream(b).split(), 'defaultBranch'), named],
  ['exhaustive', on(b => stream(b).split(), 'exhaustive')],
  ['noDefaultBranch', on(b => stream(b).split(), 'noDefaultBranch')],
  [
    'repartition',
    on(stream, 'repartition'),
    options({ ...serdes, partitions: number(3), partitioner: optionalFn(noop) }),
  ],
  ['to', on(stream, 'to'), only('out', 'text', 'function'), options({ ...serdes, partitioner: optionalFn(noop) })],
  ['toTable', on(stream, 'toTable'), options({ ...serdes, store })],
  ['groupBy', on(b => stream(b), 'groupBy'), fn(noop), options({ ...serdes, partitions: number(3) })],
  ['groupByKey', on(stream, 'groupByKey'), options({ ...serdes, partitions: number(3) })],
  [
    'process',
    on(b => stream(b.addStateStore(keyValueStore({ name: 'text', ...texts }))), 'process'),
    fn(noop),
    process,
  ],
  [
    'processValues',
    on(b => stream(b.addStateStore(keyValueStore({ name: 'text', ...texts }))), 'processValues'),
    fn(noop),
    process,
  ],
  ['table.filter', on(table, 'filter'), fn(() => true), kept],
  ['table.filterNot', on(table, 'filterNot'), fn(() => true), kept],
  ['table.mapValues', on(table, 'mapValues'), fn(noop), kept],
  [
    'transformValues',
    on(b => table(b.addStateStore(keyValueStore({ name: 'text', ...texts }))), 'transformValues'),
    fn(noop),
    options({ ...serdes, store, stores: only(['text'], 'missing', 'empty array') }),
  ],
  ['table.groupBy', on(table, 'groupBy'), fn(noop), options({ name: name('named'), key: serde, value: serde })],
  [
    'suppress',
    on(table, 'suppress'),
    options(
      {
        name: name('named'),
        until: only('time-limit'),
        waitMs: count(5),
        maxRecords: number(5),
        maxBytes: number(5),
        whenFull: choice('emit-early'),
        logging,
      },
      [],
    ),
  ],
  ['toStream', on(table, 'toStream'), fn(noop), named],
  ['count', on(grouped, 'count'), kept],
  [
    'count, expiring',
    on(grouped, 'count'),
    options({
      store: options({ name: only('kept', 'text'), ttlMs: count(5), ttlBy: only('wall-clock', 'missing') }, [
        'missing',
        'text',
        'empty object',
      ]),
    }),
  ],
  [
    'count, versioned',
    on(grouped, 'count'),
    options({
      store: options({ name: only('kept', 'text'), historyRetentionMs: number(5) }, [
        'missing',
        'text',
        'empty object',
      ]),
    }),
  ],
  [
    'count, bounded',
    on(grouped, 'count'),
    options({
      store: options({ name: only('kept', 'text'), maxEntries: number(5) }, ['missing', 'text', 'empty object']),
    }),
  ],
  ['reduce', on(grouped, 'reduce'), fn(noop), kept],
  ['aggregate', on(grouped, 'aggregate'), fn(noop), fn(noop), kept],
  ['topN', on(grouped, 'topN'), options({ name: name('named'), n: count(3), by: fn(noop), value: serde, store }, [])],
  [
    'distinctCount',
    on(grouped, 'distinctCount'),
    fn(noop),
    options({ name: name('named'), id: neededSerde, maxIds: number(3), store }, []),
  ],
  ['cogroup', on(grouped, 'cogroup'), fn(noop)],
  ['windowedBy', on(grouped, 'windowedBy'), windows, options({ emitStrategy: choice('on-close'), onLate: late })],
  ['table.count', on(groupedTable, 'count'), kept],
  ['table.reduce', on(groupedTable, 'reduce'), fn(noop), fn(noop), kept],
  ['table.aggregate', on(groupedTable, 'aggregate'), fn(noop), fn(noop), fn(noop), kept],
  ['windowed.count', on(timed, 'count'), keptWindows],
  ['windowed.reduce', on(timed, 'reduce'), fn(noop), keptWindows],
  ['windowed.aggregate', on(timed, 'aggregate'), fn(noop), fn(noop), keptWindows],
  [
    'windowed.topN',
    on(timed, 'topN'),
    options({ name: name('named'), n: count(3), by: fn(noop), value: serde, store: windowed }, []),
  ],
  [
    'windowed.distinctCount',
    on(timed, 'distinctCount'),
    fn(noop),
    options({ name: name('named'), id: neededSerde, maxIds: number(3), store: windowed }, []),
  ],
  ['session.count', on(session, 'count'), keptWindows],
  ['session.reduce', on(session, 'reduce'), fn(noop), keptWindows],
  ['session.aggregate', on(session, 'aggregate'), fn(noop), fn(noop), fn(noop), keptWindows],
  [
    'session.topN',
    on(session, 'topN'),
    options({ name: name('named'), n: count(3), by: fn(noop), value: serde, store: windowed }, []),
  ],
  [
    'session.distinctCount',
    on(session, 'distinctCount'),
    fn(noop),
    options({ name: name('named'), id: neededSerde, maxIds: number(3), store: windowed }, []),
  ],
  ['cogrouped.aggregate', on(cogrouped, 'aggregate'), fn(noop), kept],
  ['cogrouped.windowedBy', on(cogrouped, 'windowedBy'), windows, options({ onLate: late })],
  [
    'windowed cogrouped.aggregate',
    on(b => cogrouped(b).windowedBy(tumbling({ sizeMs: 10, graceMs: 0 })), 'aggregate'),
    fn(noop),
    keptWindows,
  ],
  [
    'session cogrouped.aggregate',
    on(b => cogrouped(b).windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 })), 'aggregate'),
    fn(noop),
    fn(noop),
    keptWindows,
  ],
  [
    'build',
    on(b => (stream(b), b), 'build'),
    options({
      optimization: only('all', 'missing', 'empty array'),
      requireNames: flag(true),
      repartitionAfterProcess: flag(true),
    }),
  ],
]

/** Calls with another stream or table, which has to belong to the same builder. */
const OTHERS: readonly (readonly [title: string, (builder: StreamsBuilder) => readonly [Slot, ...Slot[]], Subject])[] =
  [
    ['merge', b => [only(b.stream('other', texts)), named], on(stream, 'merge')],
    ['join with a stream', b => [only(b.stream('other', texts)), fn(noop), joinOptions], on(stream, 'join')],
    ['leftJoin with a stream', b => [only(b.stream('other', texts)), fn(noop), joinOptions], on(stream, 'leftJoin')],
    ['outerJoin with a stream', b => [only(b.stream('other', texts)), fn(noop), joinOptions], on(stream, 'outerJoin')],
    ['join with a table', b => [only(b.table('other', texts)), fn(noop), options({ ...serdes })], on(stream, 'join')],
    [
      'leftJoin with a table',
      b => [only(b.table('other', texts)), fn(noop), options({ ...serdes })],
      on(stream, 'leftJoin'),
    ],
    [
      'join with a global table',
      b => [only(b.globalTable('other', texts)), fn(noop), fn(noop), named],
      on(stream, 'join'),
    ],
    [
      'leftJoin with a global table',
      b => [only(b.globalTable('other', texts)), fn(noop), fn(noop), named],
      on(stream, 'leftJoin'),
    ],
    ['join of tables', b => [only(b.table('other', texts)), fn(noop), joinerOr(kept)], on(table, 'join')],
    ['leftJoin of tables', b => [only(b.table('other', texts)), fn(noop), joinerOr(kept)], on(table, 'leftJoin')],
    ['outerJoin of tables', b => [only(b.table('other', texts)), fn(noop), kept], on(table, 'outerJoin')],
    [
      'join by foreign key',
      b => [
        only(b.table('other', texts)),
        fn(noop),
        fn(noop),
        options({ ...serdes, store, partitioner: optionalFn(noop), otherPartitioner: optionalFn(noop) }),
      ],
      on(table, 'join'),
    ],
    ['another cogroup', b => [only(b.stream('other', texts).groupByKey()), fn(noop)], on(cogrouped, 'cogroup')],
    [
      'addGlobalStore',
      () => [builderOf, topic('a'), options(serdes, ['empty object']), fn(noop)],
      on(self, 'addGlobalStore'),
    ],
    [
      'addReadOnlyStateStore',
      () => [builderOf, topic('a'), options(serdes, ['empty object']), fn(noop)],
      on(self, 'addReadOnlyStateStore'),
    ],
    [
      'globalTable',
      () => [
        topic('a'),
        options({
          ...serdes,
          store: options({ name: name('kept'), type: choice('memory') }, ['missing', 'empty object', 'text']),
        }),
      ],
      on(self, 'globalTable'),
    ],
  ]

async function check(
  slots: (builder: StreamsBuilder) => readonly Slot[],
  subject: Subject,
): Promise<readonly string[]> {
  const wrong: string[] = []
  const titles = attempts(slots(new StreamsBuilder()))
  for (const [index] of titles.entries()) {
    const builder = new StreamsBuilder()
    const attempt = attempts(slots(builder))[index]!
    const problem = await wrongOutcome(attempt, args => {
      subject(builder)(...(args as never[]))
      if (!attempt.usable) builder.build()
    })
    if (problem !== undefined) wrong.push(problem)
  }
  return wrong
}

describe('the arguments of', () => {
  it.each(METHODS.map(([title, subject, ...slots]) => ({ title, subject, slots })))(
    '$title',
    async ({ subject, slots }) => {
      expect(await check(() => slots, subject)).toEqual([])
    },
  )

  it.each(OTHERS)('%s', async (_title, slots, subject) => {
    expect(await check(slots, subject)).toEqual([])
  })
})
