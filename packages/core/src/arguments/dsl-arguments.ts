import { BranchedKStream, type Split } from '../dsl/branched-kstream.ts'
import {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from '../dsl/cogrouped-kstream.ts'
import { GlobalKTable } from '../dsl/global-ktable.ts'
import { KGroupedStream } from '../dsl/kgrouped-stream.ts'
import { KGroupedTable } from '../dsl/kgrouped-table.ts'
import { KStream } from '../dsl/kstream.ts'
import { KTable } from '../dsl/ktable.ts'
import { SessionWindowedKStream } from '../dsl/session-windowed-kstream.ts'
import type { StreamsBuilder } from '../dsl/streams-builder.ts'
import { TimeWindowedKStream } from '../dsl/time-windowed-kstream.ts'
import {
  aBoolean,
  aFunction,
  aSerde,
  aSupplier,
  aText,
  checkedInside,
  dslObject,
  either,
  kindOf,
  listOf,
  oneOf,
  optional,
  optionsOf,
  type Fields,
} from './check.ts'
import { type Argument, checkMethods } from './checked-methods.ts'
import { NOTHING_ELSE, OF_A_GLOBAL_TOPIC, OF_A_READ_TOPIC, OF_A_TOPIC } from './option-names.ts'
import {
  aStoreBuilder,
  GLOBAL_STORE,
  LATE,
  LOGGING,
  NAME,
  PROCESS,
  SEEN_STORE,
  SERDES,
  someJoinWindows,
  someWindows,
  SOURCE,
  STORE,
  STORE_TYPE,
  WINDOW_STORE,
} from './options.ts'

/*
 * The arguments of all methods of the DSL. A serde that is missing is an error of `build()`, because only the whole topology shows whether
 * it is needed.
 */

const given = (fields: Fields, ignored = ignoredBeside(fields)): Argument => [
  'options',
  optional(optionsOf(fields, ignored)),
]
const required = (fields: Fields, ignored = ignoredBeside(fields)): Argument => ['options', optionsOf(fields, ignored)]
/** Who takes serdes may be given the constant in which a program has them. */
const ignoredBeside = (fields: Fields) => (Object.hasOwn(fields, 'value') ? OF_A_READ_TOPIC : NOTHING_ELSE)
const fn = (name: string): Argument => [name, aFunction]
const supplier: Argument = ['supplier', aSupplier]
const withName = given(NAME)

const aStream = dslObject('a stream of this builder', 'KStream')
const aTable = dslObject('a table of this builder', 'KTable')
const groupedStream = dslObject('a stream grouped with groupBy or groupByKey', 'KGroupedStream')

const sinkOptions: Fields = { ...SERDES, partitioner: optional(aFunction) }
const streamJoinOptions: Fields = {
  ...SERDES,
  ...LATE,
  windows: someJoinWindows,
  otherValue: optional(aSerde),
  storeName: checkedInside,
  ...LOGGING,
  ...STORE_TYPE,
  onLateOther: optional(aFunction),
}
const suppressOptions: Fields = {
  ...NAME,
  until: oneOf('window-closes', 'time-limit'),
  waitMs: checkedInside,
  maxRecords: checkedInside,
  maxBytes: checkedInside,
  whenFull: optional(oneOf('emit-early', 'shut-down')),
  ...LOGGING,
}
const kept = given({ ...SERDES, ...STORE })
const windowsKept = given({ ...SERDES, ...WINDOW_STORE })
const rankOptions: Fields = { ...NAME, n: checkedInside, by: aFunction, value: optional(aSerde) }
const distinctOptions: Fields = { ...NAME, id: aSerde, maxIds: checkedInside }

/** A stream joins three things, with arguments of their own. */
function streamJoin([other]: readonly unknown[]): readonly Argument[] {
  switch (kindOf(other)) {
    case 'GlobalKTable':
      return [['other', checkedInside], fn('keySelector'), fn('joiner'), withName]
    case 'KTable':
      return [['other', checkedInside], fn('joiner'), given({ ...SERDES, graceMs: checkedInside })]
    default: {
      const joined = dslObject('a stream, table or global table', 'KStream', 'KTable', 'GlobalKTable')
      return [['other', joined], fn('joiner'), required(streamJoinOptions)]
    }
  }
}

/** Two functions make it a join by foreign key. */
function tableJoin(args: readonly unknown[]): readonly Argument[] {
  const byForeignKey = typeof args[2] === 'function' || args.length > 3
  if (!byForeignKey) return [['other', aTable], fn('joiner'), kept]
  return [
    ['other', aTable],
    fn('foreignKey'),
    fn('joiner'),
    given({ ...SERDES, ...STORE, partitioner: optional(aFunction), otherPartitioner: optional(aFunction) }),
  ]
}

/** Called once, before the first builder. */
export function checkDslArguments(): void {
  checkMethods<KStream<unknown, unknown>>(KStream, 'KStream', {
    filter: [fn('predicate'), withName],
    filterNot: [fn('predicate'), withName],
    map: [fn('mapper'), withName],
    mapValues: [fn('mapper'), withName],
    mapValuesAsync: [
      fn('mapper'),
      given({
        ...NAME,
        concurrency: checkedInside,
        ordering: optional(oneOf('key', 'partition', 'none')),
        timeoutMs: checkedInside,
        retry: optional(optionsOf({ times: checkedInside, backoffMs: checkedInside, maxBackoffMs: checkedInside })),
      }),
    ],
    flatMap: [fn('mapper'), withName],
    flatMapValues: [fn('mapper'), withName],
    selectKey: [fn('mapper'), withName],
    deduplicate: [
      required({
        ...SERDES,
        ...LATE,
        by: aFunction,
        id: aSerde,
        withinMs: checkedInside,
        graceMs: checkedInside,
        ...SEEN_STORE,
      }),
    ],
    merge: [['other', aStream], withName],
    peek: [fn('action'), withName],
    foreach: [fn('action'), withName],
    print: [given({ ...NAME, label: optional(aText), format: optional(aFunction), write: optional(aFunction) })],
    split: [withName],
    repartition: [given({ ...sinkOptions, partitions: checkedInside })],
    to: [['topic', checkedInside], given(sinkOptions, OF_A_TOPIC)],
    toTable: [given({ ...SERDES, ...LATE, ...STORE })],
    groupBy: [fn('selector'), given({ ...SERDES, partitions: checkedInside })],
    groupByKey: [given({ ...SERDES, partitions: checkedInside })],
    join: streamJoin,
    leftJoin: streamJoin,
    outerJoin: [['other', aStream], fn('joiner'), required(streamJoinOptions)],
    process: [supplier, given(PROCESS)],
    processValues: [supplier, given(PROCESS)],
  })

  checkMethods<KTable<unknown, unknown>>(KTable, 'KTable', {
    filter: [fn('predicate'), kept],
    filterNot: [fn('predicate'), kept],
    mapValues: [fn('mapper'), kept],
    transformValues: [supplier, given({ ...PROCESS, ...STORE })],
    groupBy: [fn('selector'), given(SERDES)],
    join: tableJoin,
    leftJoin: tableJoin,
    outerJoin: [['other', aTable], fn('joiner'), kept],
    suppress: [required(suppressOptions)],
    toStream: ([first]) => (typeof first === 'function' ? [fn('mapper'), withName] : [withName]),
  })

  checkMethods<GlobalKTable<unknown, unknown>>(GlobalKTable, 'GlobalKTable', {})

  checkMethods<KGroupedStream<unknown, unknown>>(KGroupedStream, 'KGroupedStream', {
    count: [kept],
    reduce: [fn('reducer'), kept],
    aggregate: [fn('initializer'), fn('aggregator'), kept],
    topN: [required({ ...rankOptions, ...STORE })],
    distinctCount: [fn('by'), required({ ...distinctOptions, ...STORE })],
    cogroup: [fn('aggregator')],
    windowedBy: [['windows', someWindows], given({ ...LATE, emitStrategy: optional(oneOf('on-update', 'on-close')) })],
  })

  checkMethods<KGroupedTable<unknown, unknown>>(KGroupedTable, 'KGroupedTable', {
    count: [kept],
    reduce: [fn('adder'), fn('subtractor'), kept],
    aggregate: [fn('initializer'), fn('adder'), fn('subtractor'), kept],
  })

  checkMethods<TimeWindowedKStream<unknown, unknown>>(TimeWindowedKStream, 'TimeWindowedKStream', {
    count: [windowsKept],
    reduce: [fn('reducer'), windowsKept],
    aggregate: [fn('initializer'), fn('aggregator'), windowsKept],
    topN: [required({ ...rankOptions, ...WINDOW_STORE })],
    distinctCount: [fn('by'), required({ ...distinctOptions, ...WINDOW_STORE })],
  })

  checkMethods<SessionWindowedKStream<unknown, unknown>>(SessionWindowedKStream, 'SessionWindowedKStream', {
    count: [windowsKept],
    reduce: [fn('reducer'), windowsKept],
    aggregate: [fn('initializer'), fn('aggregator'), fn('merger'), windowsKept],
    topN: [required({ ...rankOptions, ...WINDOW_STORE })],
    distinctCount: [fn('by'), required({ ...distinctOptions, ...WINDOW_STORE })],
  })

  checkMethods<CogroupedKStream<unknown, unknown>>(CogroupedKStream, 'CogroupedKStream', {
    cogroup: [['grouped', groupedStream], fn('aggregator')],
    aggregate: [fn('initializer'), kept],
    windowedBy: [['windows', someWindows], given(LATE)],
  })

  checkMethods<TimeWindowedCogroupedKStream<unknown, unknown>>(
    TimeWindowedCogroupedKStream,
    'TimeWindowedCogroupedKStream',
    { aggregate: [fn('initializer'), windowsKept] },
  )

  checkMethods<SessionWindowedCogroupedKStream<unknown, unknown>>(
    SessionWindowedCogroupedKStream,
    'SessionWindowedCogroupedKStream',
    { aggregate: [fn('initializer'), fn('merger'), windowsKept] },
  )

  checkMethods<BranchedKStream<Split>>(BranchedKStream, 'BranchedKStream', {
    branch: [['predicate', checkedInside], withName],
    defaultBranch: [withName],
    exhaustive: [],
    noDefaultBranch: [],
  })
}

/** The same for the builder, which calls it. */
export function checkBuilderArguments(builder: { readonly prototype: StreamsBuilder }): void {
  const onTopic = [
    ['store', aStoreBuilder],
    ['topic', aText],
    required(SERDES, OF_A_GLOBAL_TOPIC),
    supplier,
  ] as const satisfies readonly Argument[]
  checkMethods<StreamsBuilder>(builder, 'StreamsBuilder', {
    stream: [['topics', checkedInside], given(SOURCE, OF_A_TOPIC)],
    table: [['topics', checkedInside], given({ ...SOURCE, ...LATE, ...STORE }, OF_A_TOPIC)],
    globalTable: [['topic', aText], given({ ...SERDES, ...GLOBAL_STORE }, OF_A_GLOBAL_TOPIC)],
    addGlobalStore: onTopic,
    addReadOnlyStateStore: onTopic,
    addStateStore: [['store', aStoreBuilder]],
    build: [
      given({
        optimization: optional(
          either('"none", "all" or an array of optimizations', oneOf('none', 'all'), listOf(checkedInside, 'an array')),
        ),
        requireNames: optional(aBoolean),
        repartitionAfterProcess: optional(aBoolean),
      }),
    ],
  })
}
