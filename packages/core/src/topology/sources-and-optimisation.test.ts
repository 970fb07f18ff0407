import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { joinWindows } from '../assemble/stream-joins.ts'
import { tumbling } from '../dsl/windows.ts'
import type { FixedKeyProcessor, Processor } from '../operators/processor.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore } from '../state/store-builder.ts'
import { describeTopology as describePlan } from './describe.ts'

/*
 * The topologies of test/differential/describe-java/DescribeSources.java, call by call and under the same names.
 */

const texts = { key: string(), value: string() }
const byValue = (value: string) => value
const keep = (value: string) => value
const always = () => true
const near = joinWindows({ timeDifferenceMs: 60_000, graceMs: 0 })

const ignoring = () => ({ process() {} })
const forwarding = (): Processor<string, string> => ({ process() {} })
const forwardingValues = (): FixedKeyProcessor<string, string, string> => ({ process() {} })
const store = (name: string) => keyValueStore({ name, ...texts })

const processed = (b: StreamsBuilder) => {
  const s = b.stream('s', texts).process(forwarding)
  s.groupByKey(texts).count({ store: 'one' })
  s.groupByKey(texts).count({ store: 'two' })
}
const processedValues = (b: StreamsBuilder) =>
  b.stream('s', texts).selectKey(byValue).processValues(forwardingValues).groupByKey(texts).count({ store: 'one' })

const TOPOLOGIES: Readonly<Record<string, (b: StreamsBuilder) => void>> = {
  pattern: b => b.stream(/orders-.*/, texts).to('out'),
  'pattern-twice'(b) {
    b.stream(/orders-[a-z]+/, { ...texts, name: 'orders' }).to('one')
    b.stream(/orders-[a-z]+/, texts)
      .mapValues(keep)
      .to('two', texts)
  },
  'global-table'(b) {
    const g = b.globalTable('g', texts)
    b.stream('s', texts).join(g, byValue, keep).to('out', texts)
    b.stream('s2', texts).leftJoin(g, byValue, keep).to('out2', texts)
  },
  'global-table-named'(b) {
    const g = b.globalTable('g', { ...texts, name: 'codes', store: 'codes-store' })
    b.stream('s', texts).join(g, byValue, keep, { name: 'with-codes' }).to('out', texts)
  },
  'global-table-after-map': b =>
    b
      .stream('s', texts)
      .map((value, key) => [key, value])
      .join(b.globalTable('g', texts), byValue, keep)
      .groupByKey(texts)
      .count(),
  'global-table-in-two-sub-topologies'(b) {
    b.table('t', texts).toStream().to('copy')
    const g = b.globalTable('g', texts)
    b.stream('s', texts)
      .join(g, byValue, keep)
      .selectKey(byValue)
      .repartition(texts)
      .leftJoin(g, byValue, keep)
      .to('out', texts)
  },
  'global-store'(b) {
    b.addGlobalStore(store('codes'), 'g', texts, ignoring)
    b.stream('s', texts).process(forwarding).to('out', texts)
  },
  'global-store-named'(b) {
    b.addGlobalStore(store('codes'), 'g', { ...texts, name: 'keep-codes' }, ignoring)
    b.stream('s', texts).to('out', texts)
  },
  'pattern-counted': b => b.stream(/in-.*/, texts).groupBy(byValue, texts).count().toStream().to('counts'),
  'optimized-table': b =>
    b
      .table('t', { ...texts, store: 'kept' })
      .toStream()
      .to('out', texts),
  'optimized-two-aggregations'(b) {
    const g = b.stream('s', texts).groupBy(byValue, texts)
    g.count().toStream().to('counts')
    g.reduce(keep).toStream().to('reduced')
  },
  'optimized-select-key'(b) {
    const s = b.stream('s', texts).selectKey(byValue)
    s.groupByKey(texts).count().toStream().to('counts')
    s.filter(always).groupByKey(texts).count({ store: 'filtered' })
    s.join(b.table('t', texts), keep, texts).to('joined', texts)
  },
  'optimized-value-changing-between'(b) {
    const s = b.stream('s', texts).map((value, key) => [key, value])
    s.mapValues(keep).groupByKey(texts).count({ store: 'mapped' })
    s.filter(always).groupByKey(texts).count({ store: 'plain' })
    s.groupByKey(texts).count({ store: 'direct' })
  },
  'optimized-one-aggregation': b => b.stream('s', texts).selectKey(byValue).filter(always).groupByKey(texts).count(),
  'optimized-named-groups'(b) {
    const s = b.stream('s', texts).selectKey(byValue)
    s.groupByKey({ ...texts, name: 'first' }).count({ store: 'one' })
    s.groupByKey({ ...texts, name: 'second' }).reduce(keep, { store: 'two' })
  },
  'optimized-process': processed,
  'optimized-process-counts': processed,
  'optimized-process-values': processedValues,
  'optimized-values-process-counts': processedValues,
  'optimized-merge'(b) {
    const both = b.stream('a', texts).selectKey(byValue).merge(b.stream('b', texts).selectKey(byValue))
    both.groupByKey(texts).count({ store: 'one' })
    both.groupByKey(texts).count({ store: 'two' })
  },
  'optimized-merge-one-side'(b) {
    const both = b.stream('a', texts).selectKey(byValue).merge(b.stream('b', texts))
    both.groupByKey(texts).count({ store: 'one' })
    both.filter(always).groupByKey(texts).count({ store: 'two' })
  },
  'optimized-repartition'(b) {
    const s = b.stream('s', texts).selectKey(byValue)
    s.repartition(texts).groupByKey().count({ store: 'one' })
    s.groupByKey(texts).count({ store: 'two' })
    s.groupByKey(texts).count({ store: 'three' })
  },
  'optimized-nested'(b) {
    const s = b.stream('s', texts).selectKey(byValue)
    s.groupByKey(texts).count({ store: 'one' })
    const again = s.selectKey(keep)
    again.groupByKey(texts).count({ store: 'two' })
    again.filterNot(always).groupByKey(texts).count({ store: 'three' })
  },
  'optimized-to-table'(b) {
    const s = b.stream('s', texts).selectKey(byValue)
    const t = s.toTable({ ...texts, store: {} })
    s.groupByKey(texts).count({ store: 'one' })
    t.toStream().to('out')
  },
  'optimized-self-join'(b) {
    const s = b.stream('s', texts)
    s.join(s, keep, { windows: near }).to('out', texts)
  },
  'optimized-self-join-by-two-sources'(b) {
    const s = b.stream('s', texts)
    s.join(b.stream('s', texts), keep, { windows: near }).to('out', texts)
  },
  'optimized-self-left-join'(b) {
    const s = b.stream('s', texts)
    s.leftJoin(s, keep, { windows: near }).to('out', texts)
  },
  'optimized-no-self-join'(b) {
    const s = b.stream('s', texts)
    s.join(s.filter(always), keep, { windows: near }).to('out', texts)
  },
  'optimized-windows'(b) {
    const g = b.stream('s', texts).selectKey(byValue).groupByKey(texts)
    g.windowedBy(tumbling({ sizeMs: 60_000, graceMs: 10_000 })).count({ store: 'windows' })
    g.count({ store: 'plain' }).toStream().to('counts')
  },
}

it.each(Object.keys(TOPOLOGIES))('%s is described in the words of Kafka Streams 4.3.1', name => {
  const builder = new StreamsBuilder()
  TOPOLOGIES[name]!(builder)
  const java = readFileSync(new URL(`fixtures/sources/${name}.txt`, import.meta.url), 'utf8')
  const plan = builder.build({
    optimization: name.startsWith('optimized-') ? 'all' : 'none',
    repartitionAfterProcess: name.endsWith('-process-counts'),
  })
  expect(comparable(describePlan(plan))).toEqual(comparable(java))
})

/** Lines with the lists inside them as sorted sets: Java prints those in the order of its hash tables. */
function comparable(text: string): readonly string[] {
  const sorted = (list: string) => list.split(', ').toSorted().join(', ')
  return text
    .split('\n')
    .map(line => line.replace(/(-->|<--) (.+)/, (_whole, arrow: string, list: string) => `${arrow} ${sorted(list)}`))
}

it('merged repartition topics have the name of the one that was added first, though its grouping is aggregated again later', () => {
  const builder = new StreamsBuilder()
  const changed = builder.stream('a', texts).selectKey(byValue)
  const grouped = changed.groupByKey({ ...texts, name: 'grouped' })
  grouped.count()
  changed.join(changed, one => one, {
    ...texts,
    otherValue: string(),
    windows: near,
  })
  grouped.count()
  const plan = builder.build({ optimization: ['merge.repartition.topics'] })
  expect(plan.repartitionTopics.map(({ name }) => name)).toEqual(['grouped-repartition'])
})
