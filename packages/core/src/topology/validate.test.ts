import { describe, expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { tumbling } from '../dsl/windows.ts'
import { isMillraceError, type ErrorCode } from '../errors/millrace-error.ts'
import type { Serde } from '../serde/serde.ts'
import { json } from '../serde/json.ts'
import { list } from '../serde/list.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore, windowStore } from '../state/store-builder.ts'

const texts = { key: string(), value: string() }
const keep = <V>(value: V) => value
const byValue = (value: string) => value
const supplier = () => ({ process() {} })

/** What JavaScript lets through and TypeScript would not. */
const unchecked = (options: unknown) => options as never

function errorOf(write: (builder: StreamsBuilder) => unknown) {
  const builder = new StreamsBuilder()
  try {
    write(builder)
    builder.build()
  } catch (error) {
    if (isMillraceError(error)) return error
    throw error
  }
  throw new Error('no error was thrown')
}

type Case = readonly [what: string, code: ErrorCode, says: readonly string[], write: (b: StreamsBuilder) => unknown]

const READ = {
  stream: (b: StreamsBuilder, topic: string) => b.stream(topic, texts),
  table: (b: StreamsBuilder, topic: string) => b.table(topic, texts),
  globalTable: (b: StreamsBuilder, topic: string) => b.globalTable(topic, texts),
}

/** Two readers of one topic that cannot share a source, in both orders. */
function twice(one: 'stream' | 'table' | 'globalTable', other: 'table' | 'globalTable'): readonly Case[] {
  return [[one, other] as const, [other, one] as const].map(([first, second]) => [
    `a topic read by ${first} and ${second}`,
    'MILLRACE_TOPOLOGY_TOPIC_READ_TWICE',
    ['"a"', 'KSTREAM-SOURCE-'],
    b => {
      READ[first](b, 'a')
      READ[second](b, 'a')
    },
  ])
}

const cases: readonly Case[] = [
  ['a topology without a source', 'MILLRACE_TOPOLOGY_EMPTY', [], () => undefined],
  [
    'a sink without a value serde',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['value serde', 'sink "out-sink"', 'to()'],
    b =>
      b
        .stream('in', texts)
        .map((value, key) => [key, value])
        .to('out', unchecked({ key: string(), name: 'out-sink' })),
  ],
  [
    'a regrouping without a key serde',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['key serde', 'KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition', 'groupByKey()'],
    b =>
      b
        .stream('in', texts)
        .map((value, key) => [value, key])
        .groupByKey(unchecked(undefined))
        .count(),
  ],
  [
    'a grouping by a new key without the value serde',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['value serde', 'groupBy()'],
    b =>
      b
        .stream('in', texts)
        .map((value, key) => [key, value])
        .groupBy(byValue, unchecked({ key: string() }))
        .count(),
  ],
  [
    'a join that redistributes without serdes',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['key serde', 'join()'],
    b => b.stream('in', texts).selectKey(byValue).join(b.table('t', texts), keep, unchecked(undefined)),
  ],
  [
    'a store without a value serde',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['value serde', 'store "totals"', '{ value: '],
    b =>
      b
        .stream('in', texts)
        .groupByKey()
        .aggregate(() => 0, keep, unchecked({ store: { name: 'totals' } })),
  ],
  [
    'streams that merge with different serdes',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['value serde', 'to()'],
    b =>
      b
        .stream('a', texts)
        .merge(b.stream('b', { ...texts, value: { ...string() } }))
        .to('out'),
  ],
  [
    'a stream without options',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['key serde', 'stream()'],
    b => b.stream('in', unchecked(undefined)),
  ],
  [
    'a table without options',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['key serde', 'table()'],
    b => b.table('in', unchecked(undefined)),
  ],
  [
    'a grouping without options',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['key serde', 'groupBy()'],
    b => b.stream('in', texts).groupBy(byValue, unchecked(undefined)).count(),
  ],
  [
    'an aggregation without options',
    'MILLRACE_TOPOLOGY_SERDE_MISSING',
    ['value serde', '{ value: '],
    b =>
      b
        .stream('in', texts)
        .groupByKey()
        .aggregate(() => 0, keep, unchecked(undefined)),
  ],
  [
    'two operators of one name',
    'MILLRACE_TOPOLOGY_NAME_DUPLICATE',
    ['"twice"'],
    b =>
      b
        .stream('in', texts)
        .filter(() => true, { name: 'twice' })
        .filter(() => true, { name: 'twice' }),
  ],
  [
    'a name that is no topic name',
    'MILLRACE_TOPOLOGY_NAME_INVALID',
    ['"by size"'],
    b => b.stream('in', texts).groupByKey({ name: 'by size' }),
  ],
  ['a topic without a name', 'MILLRACE_TOPOLOGY_NAME_INVALID', ['topic'], b => b.stream('', texts)],
  ['a sink without a topic', 'MILLRACE_TOPOLOGY_NAME_INVALID', ['topic'], b => b.stream('in', texts).to('')],
  ['no topics', 'MILLRACE_TOPOLOGY_OPTION_INVALID', ['stream', 'empty'], b => b.stream([], texts)],
  [
    'two stores of one name',
    'MILLRACE_TOPOLOGY_STORE_DUPLICATE',
    ['"s"'],
    b => {
      b.table('t', { ...texts, store: 's' })
      b.stream('in', texts).groupByKey().count({ store: 's' })
    },
  ],
  [
    'a store that nobody adds',
    'MILLRACE_TOPOLOGY_STORE_UNKNOWN',
    ['"reader"', '"sene"'],
    b => {
      b.addStateStore(keyValueStore({ name: 'seen', ...texts }))
      b.stream('in', texts).process(supplier, { name: 'reader', stores: ['sene'] })
    },
  ],
  [
    'sources that overlap',
    'MILLRACE_TOPOLOGY_SOURCES_OVERLAP',
    ['"b"'],
    b => {
      b.stream(['a', 'b'], texts)
      b.stream(['b', 'c'], texts)
    },
  ],
  [
    'one topic read from different ends',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"a"', 'offsetReset'],
    b => {
      b.stream('a', texts)
      b.stream('a', { ...texts, offsetReset: 'latest' })
    },
  ],
  [
    'one topic read with two value serdes',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"a"', 'KSTREAM-SOURCE-0000000000', 'KSTREAM-SOURCE-0000000001', 'value serdes (string and json)', 'mapValues'],
    b => {
      b.stream('a', texts)
      b.stream('a', { key: string(), value: json() })
    },
  ],
  [
    'one topic read with two key serdes',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['key serdes (string and list(string))'],
    b => {
      b.stream('a', texts)
      b.stream('a', { key: list(string()), value: string() })
    },
  ],
  [
    'one topic read with two serdes of one name',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['value serdes (two of own)'],
    b => {
      b.stream('a', { key: string(), value: { ...string(), name: 'own' } })
      b.stream('a', { key: string(), value: { ...string(), name: 'own' } })
    },
  ],
  [
    'a pattern read with two value serdes',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"/a.*/"', 'value serdes (string and json)'],
    b => {
      b.stream(/a.*/, texts)
      b.stream(/a.*/, { key: string(), value: json() })
    },
  ],
  [
    'one topic read with and without an extractor',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"a"', 'timestampExtractor'],
    b => {
      b.stream('a', texts)
      b.stream('a', { ...texts, timestampExtractor: () => 5 })
    },
  ],
  [
    'one topic read with two extractors',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"a"', 'timestampExtractor'],
    b => {
      b.stream('a', { ...texts, timestampExtractor: () => 4 })
      b.stream('a', { ...texts, timestampExtractor: () => 5 })
    },
  ],
  [
    'one topic read with two policies for bad timestamps',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"a"', 'onBadTimestamp'],
    b => {
      b.stream('a', { ...texts, onBadTimestamp: 'skip' })
      b.stream('a', texts)
    },
  ],
  [
    'a stream and a read-only store of one topic with two serdes',
    'MILLRACE_TOPOLOGY_SOURCES_DIFFER',
    ['"a"', 'value serdes (string and json)'],
    b => {
      b.stream('a', texts)
      const serdes = { key: string(), value: json() }
      b.addReadOnlyStateStore(keyValueStore({ name: 's', ...serdes }), 'a', serdes, supplier)
    },
  ],
  ...(['stream', 'table'] as const).map((reader): Case => [
    `a topic named by a ${reader} that a pattern matches`,
    'MILLRACE_TOPOLOGY_SOURCES_OVERLAP',
    ['"orders"', 'KSTREAM-SOURCE-0000000000'],
    b => {
      b.stream(/ord.*/, texts)
      READ[reader](b, 'orders')
    },
  ]),
  [
    'a topic of a global table that a pattern matches',
    'MILLRACE_TOPOLOGY_SOURCES_OVERLAP',
    ['"orders"'],
    b => {
      b.globalTable('orders', texts)
      b.stream(/ord.*/, texts)
    },
  ],
  ...twice('table', 'globalTable'),
  ...twice('stream', 'globalTable'),
  ...twice('table', 'table'),
  ...twice('globalTable', 'globalTable'),
  [
    'a topic read as a stream and as a table',
    'MILLRACE_TOPOLOGY_TOPIC_READ_TWICE',
    ['"a"', 'KSTREAM-SOURCE-0000000000', 'KSTREAM-SOURCE-0000000002'],
    b => {
      b.stream('a', texts)
      b.table('a', texts)
    },
  ],
  [
    'a sink into an own changelog',
    'MILLRACE_TOPOLOGY_TOPIC_INTERNAL',
    ['counts-changelog'],
    b => b.stream('in', texts).groupByKey().count({ store: 'counts' }).toStream().to('counts-changelog'),
  ],
  [
    'a sink into an own repartition topic',
    'MILLRACE_TOPOLOGY_TOPIC_INTERNAL',
    ['by-key-repartition'],
    b => b.stream('in', texts).repartition({ name: 'by-key' }).to('by-key-repartition'),
  ],
  [
    'a source of an own changelog',
    'MILLRACE_TOPOLOGY_TOPIC_INTERNAL',
    ['counts-changelog'],
    b => {
      b.stream('in', texts).groupByKey().count({ store: 'counts' })
      b.stream('counts-changelog', texts)
    },
  ],
  [
    'fixed partition counts that differ',
    'MILLRACE_TOPOLOGY_PARTITIONS_DIFFER',
    ['"j"', 'left-repartition', '2', 'right-repartition', '3'],
    b => {
      const table = b.stream('b', texts).repartition({ name: 'right', partitions: 3 }).toTable()
      b.stream('a', texts).repartition({ name: 'left', partitions: 2 }).join(table, keep, { name: 'j' })
    },
  ],
  [
    'no partitions',
    'MILLRACE_TOPOLOGY_OPTION_INVALID',
    ['partitions', '0'],
    b => b.stream('a', texts).repartition({ partitions: 0 }),
  ],
  [
    'a stream of another builder',
    'MILLRACE_TOPOLOGY_FOREIGN',
    ['merge'],
    b => b.stream('a', texts).merge(new StreamsBuilder().stream('b', texts)),
  ],
  [
    'a table of another builder',
    'MILLRACE_TOPOLOGY_FOREIGN',
    ['leftJoin'],
    b => b.stream('a', texts).leftJoin(new StreamsBuilder().table('b', texts), keep),
  ],
  [
    'windows without grace',
    'MILLRACE_TOPOLOGY_OPTION_INVALID',
    ['graceMs is missing'],
    () => tumbling(unchecked({ sizeMs: 5 })),
  ],
  ['windows of no length', 'MILLRACE_TOPOLOGY_OPTION_INVALID', ['sizeMs'], () => tumbling({ sizeMs: 0, graceMs: 0 })],
  ['a negative grace', 'MILLRACE_TOPOLOGY_OPTION_INVALID', ['graceMs'], () => tumbling({ sizeMs: 1, graceMs: -1 })],
  [
    'a retention shorter than window and grace',
    'MILLRACE_TOPOLOGY_OPTION_INVALID',
    ['"w"', '14', '15'],
    b =>
      b
        .stream('in', texts)
        .groupByKey()
        .windowedBy(tumbling({ sizeMs: 10, graceMs: 5 }))
        .count({ store: { name: 'w', retentionMs: 14 } }),
  ],
  [
    'a window store that forgets its windows',
    'MILLRACE_TOPOLOGY_OPTION_INVALID',
    ['retentionMs'],
    () => windowStore({ name: 'w', ...texts, windowSizeMs: 10, retentionMs: 5 }),
  ],
  [
    'two branches of one name',
    'MILLRACE_TOPOLOGY_OPTION_INVALID',
    ['"large"'],
    b =>
      b
        .stream('in', texts)
        .split()
        .branch(() => true, { name: 'large' })
        .branch(() => true, { name: 'large' }),
  ],
]

describe('streams of one topic', () => {
  it('share a source when they read it alike, though their serdes are two objects', () => {
    const builder = new StreamsBuilder()
    const timestampExtractor = () => 5
    const options = () => ({ key: string(), value: json<{ a: number }>({ name: 'A' }), timestampExtractor })
    builder.stream(['a', 'b'], options()).to('one')
    builder.stream(['b', 'a'], options()).to('two')
    expect(builder.build().nodes.filter(({ kind }) => kind === 'source')).toHaveLength(1)
  })
})

describe('repartition topics that optimization makes one', () => {
  const plan = (value: () => Serde<string> | Serde<never>) => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', texts).selectKey(byValue)
    stream.groupByKey({ key: string(), value: string(), name: 'one' }).count()
    stream.groupByKey({ key: string(), value: value() as Serde<string>, name: 'two' }).count()
    return builder.build({ optimization: 'all' })
  }

  it('are refused where one would lose its serde', () => {
    expect(() => plan(() => list(string()) as unknown as Serde<never>)).toThrow(
      /MILLRACE_TOPOLOGY_SOURCES_DIFFER: .*"one.*" and "two.*" .*value serdes \(string and list\(string\)\)/,
    )
    expect(plan(() => string()).repartitionTopics).toHaveLength(1)
  })
})

describe('what cannot run is refused with a remedy', () => {
  it.each(cases)('%s', (_what, code, says, write) => {
    const error = errorOf(write)
    expect(error.code).toBe(code)
    expect(error.kind).toBe('topology')
    for (const words of says) expect(`${error.message}\n${error.hint}`).toContain(words)
  })
})
