import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { joinWindows } from '../assemble/stream-joins.ts'
import { sessions } from '../dsl/windows.ts'
import { string } from '../serde/text-serdes.ts'
import { refuseKeyFirst } from './value-first.ts'

const texts = { key: string(), value: string() }
const kept = { value: string() }
const near = { windows: joinWindows({ timeDifferenceMs: 1, graceMs: 0 }) }
const session = sessions({ inactivityGapMs: 1, graceMs: 0 })
const keyValue = (key: string, value: string) => `${key} ${value}`
const holds = (key: string, value: string) => key === value
const pairs = (key: string, value: string) => [key, value] as const
const javaJoiner = (key: string, left: string, right: string) => `${key} ${left} ${right}`
const javaAggregator = (key: string, value: string, aggregate: string) => `${key} ${value} ${aggregate}`

const stream = (b: StreamsBuilder, topic = 'in') => b.stream(topic, texts)
const table = (b: StreamsBuilder, topic = 't') => b.table(topic, texts)

it.each<[string, (builder: StreamsBuilder) => unknown]>([
  ['filter', b => stream(b).filter(holds)],
  ['filterNot', b => stream(b).filterNot(holds)],
  ['map', b => stream(b).map(pairs)],
  ['flatMap', b => stream(b).flatMap((key, value) => [[key, value]])],
  ['mapValues', b => stream(b).mapValues(keyValue)],
  ['mapValuesAsync', b => stream(b).mapValuesAsync(async (key, value) => key + value)],
  ['flatMapValues', b => stream(b).flatMapValues((key, value) => [key, value])],
  ['selectKey', b => stream(b).selectKey(keyValue)],
  ['groupBy', b => stream(b).groupBy(keyValue, { key: string() }).count()],
  ['peek', b => stream(b).peek(keyValue)],
  ['foreach', b => stream(b).foreach(keyValue)],
  ['print', b => stream(b).print({ format: keyValue })],
  ['split', b => stream(b).split().branch(holds).noDefaultBranch()],
  ['to', b => stream(b).to(keyValue)],
  ['a partitioner', b => stream(b).to('out', { partitioner: (key, value) => (key < value ? 0 : 1) })],
  ['deduplicate', b => stream(b).deduplicate({ by: keyValue, id: string(), withinMs: 1 })],
  ['a join of two streams', b => stream(b).join(stream(b, 'other'), javaJoiner, near)],
  ['a join with a table', b => stream(b).join(table(b), javaJoiner)],
  ['a join with a global table', b => stream(b).join(b.globalTable('g', texts), keyValue, one => one)],
  [
    'reduce of a cogroup',
    b =>
      stream(b)
        .groupByKey()
        .cogroup(javaAggregator)
        .aggregate(() => '', kept),
  ],
  [
    'aggregate',
    b =>
      stream(b)
        .groupByKey()
        .aggregate(() => '', javaAggregator, kept),
  ],
  [
    'aggregate with the value first',
    b =>
      stream(b)
        .groupByKey()
        .aggregate(
          () => '',
          (value, acc) => acc + value,
          kept,
        ),
  ],
  [
    'a merger',
    b =>
      stream(b)
        .groupByKey()
        .windowedBy(session)
        .aggregate(
          () => '',
          all => all,
          javaJoiner,
          kept,
        ),
  ],
  ['topN', b => stream(b).groupByKey().topN({ n: 1, by: keyValue })],
  ['distinctCount', b => stream(b).groupByKey().distinctCount(keyValue, { id: string() })],
  ['KTable.filter', b => table(b).filter(holds)],
  ['KTable.mapValues', b => table(b).mapValues(keyValue)],
  ['KTable.toStream', b => table(b).toStream((key, value) => `${key} ${value}`)],
  ['KTable.groupBy', b => table(b).groupBy(pairs, texts).count()],
  ['a foreign key', b => table(b).join(table(b, 'u'), keyValue, one => one)],
  ['a join of tables', b => table(b).join(table(b, 'u'), javaJoiner)],
  [
    'a subtractor',
    b =>
      table(b)
        .groupBy(value => [value, value], texts)
        .aggregate(
          () => '',
          all => all,
          javaAggregator,
          kept,
        ),
  ],
])('%s refuses a function that takes the key first', (_what, build) => {
  const builder = new StreamsBuilder()
  expect(() => {
    build(builder)
    builder.build()
  }).toThrow('MILLRACE_TOPOLOGY_ARGUMENT_ORDER')
})

it('says which function it is, of which operator, and how it is called', () => {
  const builder = new StreamsBuilder()
  stream(builder).filter((_key, line) => line.includes('error'), { name: 'errors-only' })
  expect(() => builder.build()).toThrow(
    'The parameters of the function "(_key, line) => line.includes("error")" in the operator "errors-only" are in the wrong order: it is called with (value, key)',
  )
})

const refused = [
  '(key, value) => key',
  '(_key, line) => line',
  '(_key, { total }) => total',
  '(key, { total }) => total',
  '(_key, _value, aggregate) => aggregate',
  'async (key, value) => key',
  'function (key, value) {}',
  'async function named(key, value) {}',
  '(key,value) => key',
  '(k, v) => v',
  '(_k, v) => v',
  '({ m(key, value) {} }).m',
  '(key        , value        ) => key',
]
const fine = [
  '(value, key) => key',
  '(line, _key) => line',
  '(value) => value',
  'key => key',
  '_key => 1',
  '() => 1',
  '(k,v)=>k',
  '(_k,v)=>v',
  '(t,e)=>e',
  '(key, id) => key + id', // values that are keys
  '(a, b) => a',
  '({ key, window }, value) => value',
  '(...all) => all',
  '(value, { key, window }) => key',
  '({ m(value, key) {} }).m',
  'Math.max',
  '((key, value) => key).bind(null)',
  'Boolean',
]

// eslint-disable-next-line typescript/no-implied-eval -- the text of a function is what is tested
const functionOf = (source: string) => new Function(`return ${source}`)() as () => unknown

it.each(refused)('refuses %s', source => {
  const fn = functionOf(source)
  expect(() => refuseKeyFirst(fn, 'op')).toThrow('MILLRACE_TOPOLOGY_ARGUMENT_ORDER')
})

it.each(fine)('takes %s', source => {
  const fn = functionOf(source)
  expect(() => refuseKeyFirst(fn, 'op')).not.toThrow()
})
