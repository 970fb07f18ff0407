import { PROCESSOR_STORES } from './steps/processor-steps.ts'
import type { Op } from './spec.ts'

/** Operators that take a name, and are drawn with one and without. */
export const NAMED: ReadonlySet<Op> = new Set([
  ...([
    'stream',
    'table',
    'globalTable',
    'filter',
    'filterNot',
    'map',
    'mapValues',
    'flatMap',
    'flatMapValues',
  ] as const),
  ...(['selectKey', 'merge', 'peek', 'split', 'repartition', 'to', 'foreach', 'print', 'toTable', 'toStream'] as const),
  ...([
    'groupByKey',
    'groupBy',
    'count',
    'reduce',
    'aggregate',
    'join',
    'leftJoin',
    'globalJoin',
    'streamJoin',
  ] as const),
  ...(['tableGroupBy', 'tableCount', 'tableReduce', 'tableAggregate', 'tableJoin', 'foreignKeyJoin'] as const),
  ...(['suppress', 'transformValues', 'process', 'processValues'] as const),
])

/** Each of these must come in a run that asks for coverage: all that changes results and that Java has, but for `uncompared.ts`. */
export const REQUIRED: readonly string[] = [
  ...[...NAMED].flatMap(op => [`${op} name`, `${op} without a name`]),
  ...of('run', ['caching=true', 'caching=false', 'stores=memory', 'stores=persistent', 'repartitionAfterProcess']),
  ...of('run', ['commits=each', 'commits=asked', 'emitIntervalMs', 'rocksdb']),
  ...['input commit', 'input with a time of day'],
  ...of('run optimization=', ['reuse.ktable.source.topics', 'merge.repartition.topics', 'single.store.self.join'], ''),
  ...[
    'a source topic as changelog',
    'merged repartition topics',
    'a self-join over one store',
    'several sub-topologies',
  ],
  ...['a stream read twice', 'a table read twice'],
  ...of('input', ['wall clock', 'without a key', 'without a value', 'with headers', 'out of order', 'tied']),
  'input with a negative time',
  ...of('store', ['name', 'caching=true', 'caching=false', 'logging=false', 'type=memory', 'type=persistent']),
  ...of('store', ['retentionMs', 'historyRetentionMs', 'maxEntries']),
  ...['keyValue', 'window', 'session'].flatMap(kind =>
    of(`own ${kind}`, ['', ' cached', ' not logged', ' memory', ' persistent'], ''),
  ),
  ...['addStore retainDuplicates=true', 'addStore maxEntries'],
  ...['a stream of several topics', 'a pattern of several topics', 'a table of several topics', 'stream pattern'],
  ...['stream', 'table'].flatMap(op => [
    `${op} offsetReset=earliest`,
    ...of(`${op} extractor=`, ['recordTime', 'earlier', 'partitionTime', 'negativeIfX'], ''),
    ...of(`${op} badTimestamp=`, ['fail', 'skip', 'partition-time'], ''),
  ]),
  ...of('to', ['choice=byKey', 'choice=byLength', 'partitioner=first', 'partitioner=noneIfEven']),
  ...of('repartition', ['partitions', 'partitioner=first', 'partitioner=noneIfEven', 'partitioner=byDefault']),
  ...['split branches', 'split defaultBranch', 'toTable store', 'toStream selector=firstChar', 'windowedBy advanceMs'],
  ...['time', 'sliding', 'session'].flatMap(kind =>
    of(`windows ${kind}`, ['on-update', 'on-close', 'of a cogroup', 'grace', 'grace=0']),
  ),
  ...of('windows unlimited', ['on-update', 'of a cogroup']),
  ...['join', 'leftJoin'].flatMap(op => of(op, ['joiner=keyed', 'graceMs', 'graceMs=0'])),
  ...of('globalJoin', ['kind=inner', 'kind=left', 'joiner=keyed', 'selector=keyOrNull']),
  ...of('streamJoin', ['kind=inner', 'kind=left', 'kind=outer', 'joiner=keyed', 'logging=false', 'storeName']),
  ...of('streamJoin', ['graceMs', 'graceMs=0', 'type=persistent']),
  ...['streamJoin wholly before', 'streamJoin wholly after'],
  ...of('self-join', ['inner', 'left', 'outer']),
  ...of('tableJoin', ['join=inner', 'join=left', 'join=outer', 'store']),
  ...of('foreignKeyJoin', ['join=inner', 'join=left', 'store', 'selector=keyOrNull']),
  ...['until a time limit', 'until the window closes'].flatMap(until =>
    of(`suppress ${until}, `, ['unbounded', 'shut down when full'], ''),
  ),
  'suppress until a time limit, emit early when full',
  ...of('suppress', ['maxRecords', 'maxBytes', 'logging=false']),
  ...of('transformValues', ['counts', 'store']),
  ...Object.keys(PROCESSOR_STORES).map(processor => `process processor=${processor}`),
  ...Object.keys(PROCESSOR_STORES)
    .filter(processor => !processor.startsWith('hold'))
    .map(processor => `processValues processor=${processor}`),
]

function of(what: string, options: readonly string[], between = ' '): readonly string[] {
  return options.map(option => `${what}${between}${option}`)
}
