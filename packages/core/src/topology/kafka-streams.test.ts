import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { tumbling } from '../dsl/windows.ts'
import { long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore } from '../state/store-builder.ts'
import { describeTopology as describePlan } from './describe.ts'
import { TABLE_TOPOLOGIES } from './fixtures/table-topologies.ts'
import { WINDOW_TOPOLOGIES } from './fixtures/window-topologies.ts'
import { topicNaming } from './internal-topics.ts'
import type { Plan } from './plan.ts'

/*
 * The topologies of test/differential/describe-java/DescribeTopologies.java, call by call and under the same names. Kafka
 * Streams falls back on the application's default serdes where it knows none; here they are given.
 */

const texts = { key: string(), value: string() }
const minute = tumbling({ sizeMs: 60_000, graceMs: 10_000 })
const always = () => true
const keep = <V>(value: V) => value
const pair = <K, V>(value: V, key: K) => [key, value] as const
const byValue = (value: string | null) => value ?? ''
const ignore = () => undefined

const words = (b: StreamsBuilder) =>
  b
    .stream('lines', texts)
    .flatMapValues(line => line.split(' '))
    .groupBy(byValue, texts)

const forwarding = () => ({ process() {} })

const store = (name: string) => keyValueStore({ name, ...texts })

const TOPOLOGIES: Readonly<Record<string, (b: StreamsBuilder) => void>> = {
  'word-count': b => words(b).count().toStream().to('counts'),
  'word-count-store-named': b => words(b).count({ store: 'counts' }).toStream().to('counts-out'),
  'word-count-store-settings': b => words(b).count({ key: string(), value: long(), store: {} }).toStream().to('counts'),
  'word-count-all-named': b =>
    b
      .stream('lines', { ...texts, name: 'read-lines' })
      .flatMapValues(line => line.split(' '), { name: 'words' })
      .groupBy(byValue, { ...texts, name: 'by-word' })
      .count({ name: 'count-words', store: 'counts' })
      .toStream({ name: 'count-changes' })
      .to('counts-out', { key: string(), value: long(), name: 'write-counts' }),
  stateless(b) {
    const s = b.stream('in', texts)
    s.filter(always)
      .filterNot(always)
      .mapValues(keep)
      .map(pair)
      .flatMapValues(value => [value])
      .flatMap((value, key) => [[key, value]])
      .selectKey(keep)
      .peek(ignore)
      .to('out', texts)
    s.foreach(ignore)
    s.print()
  },
  'stateless-named'(b) {
    const s = b.stream('in', { ...texts, name: 'source' })
    s.filter(always, { name: 'f' })
      .filterNot(always, { name: 'fn' })
      .mapValues(keep, { name: 'mv' })
      .map(pair, { name: 'm' })
      .flatMapValues(value => [value], { name: 'fmv' })
      .flatMap((value, key) => [[key, value]], { name: 'fm' })
      .selectKey(keep, { name: 'sk' })
      .peek(ignore, { name: 'p' })
      .to('out', texts)
    s.foreach(ignore, { name: 'each' })
    s.print({ name: 'printer' })
    s.mapValues(keep).to('out2', { value: string(), name: 'sink' })
  },
  'several-topics': b => b.stream(['b', 'a', 'c'], texts).to('out'),
  'same-topic-twice'(b) {
    b.stream('in', texts).filter(always).to('first')
    b.stream('other', texts).to('third')
    b.stream('in', texts).mapValues(keep).to('second', texts)
  },
  diamond(b) {
    const s = b.stream('in', texts)
    s.filter(always).merge(s.mapValues(keep)).merge(s).to('out', texts)
  },
  'merge-then-count': b =>
    b
      .stream('left', texts)
      .selectKey(byValue)
      .merge(b.stream('right', texts), { name: 'both' })
      .groupByKey(texts)
      .count(),
  'topic-choice': b =>
    b.stream('in', texts).to(function topicOf(value) {
      return value
    }),
  branches(b) {
    const branches = b.stream('in', texts).split().branch(always).branch(always).defaultBranch()
    branches[1].to('one')
    branches.default.to('rest')
    branches[2].mapValues(keep).to('two', texts)
  },
  'branches-named'(b) {
    const branches = b
      .stream('in', texts)
      .split({ name: 'by-size-' })
      .branch(always, { name: 'large' })
      .branch(always)
      .defaultBranch({ name: 'rest' })
    branches.large.to('large')
    branches[2].to('two')
    branches.rest.to('rest')
  },
  'branches-without-default'(b) {
    const branches = b.stream('in', texts).split().branch(always).noDefaultBranch()
    branches[1].groupBy(byValue, texts).count()
  },
  repartition(b) {
    b.stream('in', texts).repartition().to('out')
    b.stream('in2', texts)
      .map(pair)
      .repartition({ ...texts, name: 'by-key', partitions: 3 })
      .groupByKey()
      .count()
    b.stream('in3', texts).map(pair).repartition(texts).mapValues(keep).to('out3', texts)
  },
  'stream-table-join'(b) {
    const customers = b.table('customers', texts)
    const orders = b.stream('orders', texts)
    orders.join(customers, keep).to('enriched', texts)
    orders.leftJoin(customers, keep, { name: 'maybe' }).to('maybe-enriched', texts)
  },
  'stream-table-join-after-map'(b) {
    const s = b.stream('orders', texts)
    const t = b.table('customers', texts)
    s.map(pair).join(t, keep, texts).to('enriched', texts)
  },
  'stream-table-join-named'(b) {
    const t = b.table('customers', { ...texts, name: 'read-customers', store: 'customers-store' })
    const s = b.stream('orders', texts).selectKey(byValue)
    s.join(t, keep, { ...texts, name: 'enrich' }).to('enriched', texts)
  },
  'two-joins-after-map'(b) {
    const t = b.table('t', texts)
    const u = b.table('u', texts)
    const s = b.stream('in', texts).map(pair)
    s.join(t, keep, texts).to('first', texts)
    s.leftJoin(u, keep, texts).to('second', texts)
  },
  'two-joins-after-map-one-named'(b) {
    const t = b.table('t', texts)
    const s = b.stream('in', texts).map(pair)
    s.join(t, keep, texts).to('first', texts)
    s.join(t, keep, { ...texts, name: 'again' }).to('second', texts)
  },
  'join-with-derived-table'(b) {
    const t = b.table('t', texts).filter(always).mapValues(keep)
    const kept = b.table('u', texts).mapValues(keep, { value: string(), store: 'kept' }).filter(always)
    const s = b.stream('in', texts)
    s.join(t, keep).join(kept, keep).to('out', texts)
  },
  'join-with-aggregate'(b) {
    const counts = b.stream('clicks', texts).groupBy(byValue, texts).count()
    b.stream('views', texts).selectKey(byValue).leftJoin(counts, keep, texts).to('out', texts)
    b.stream('views2', texts).join(counts.mapValues(keep), keep).to('out2', texts)
  },
  'to-table'(b) {
    b.stream('a', texts).toTable().toStream().to('a-out')
    b.stream('b', texts).toTable({ store: 'b-store' }).toStream().to('b-out')
    b.stream('c', texts)
      .map(pair)
      .toTable({ name: 'c-table', ...texts, store: {} })
      .toStream()
      .to('c-out')
    const d = b.stream('d', texts).selectKey(byValue).toTable({ key: string() })
    b.stream('e', texts).join(d, keep).to('e-out', texts)
  },
  'table-steps'(b) {
    const t = b.table('t', texts)
    t.filter(always).toStream().to('filtered')
    t.filterNot(always, { store: {} }).toStream({ name: 'changes' }).to('not-filtered')
    t.mapValues(keep, { name: 'mapped', value: string(), store: 'mapped-store' }).toStream(byValue).to('mapped', texts)
    t.mapValues(keep, { value: string(), store: {} })
      .filter(always, { name: 'f', store: 'f-store' })
      .toStream(byValue, { name: 'by-value' })
      .to('twice', texts)
  },
  'table-stored'(b) {
    b.table('a', { ...texts, store: 'a-store' })
      .toStream()
      .to('a-out')
    b.table('b', { ...texts, store: {} })
      .toStream()
      .to('b-out')
  },
  'several-aggregations'(b) {
    const g = b.stream('in', texts).groupBy(byValue, texts)
    g.count()
    g.reduce(keep)
    g.aggregate(
      () => '',
      aggregate => aggregate,
      { ...texts, store: {} },
    )
  },
  'several-aggregations-named'(b) {
    const g = b.stream('in', texts).groupBy(byValue, { ...texts, name: 'grouped' })
    g.count({ name: 'counter' })
    g.reduce(keep, { store: 'reduced' }).toStream().to('reduced-out')
    g.aggregate(
      () => '',
      aggregate => aggregate,
      { name: 'aggregator', value: string(), store: 'aggregated' },
    )
  },
  'group-by-key'(b) {
    b.stream('in', texts).groupByKey().reduce(keep).toStream().to('out')
    b.stream('in2', texts)
      .mapValues(keep)
      .groupByKey({ ...texts, name: 'unused-name' })
      .count({ store: 'c' })
  },
  windowed(b) {
    b.stream('views', texts)
      .groupByKey()
      .windowedBy(minute)
      .count()
      .toStream((_value, { key }) => key)
      .to('per-minute', { key: string() })
    const w = b.stream('clicks', texts).groupBy(byValue, texts).windowedBy(minute)
    w.count({ store: 'clicks-per-minute' })
    w.count({ store: {} })
    w.reduce(keep, { name: 'window-reduce' })
    w.aggregate(
      () => '',
      aggregate => aggregate,
      { ...texts, store: {} },
    )
      .toStream()
      .to('aggregates')
  },
  processors(b) {
    b.addStateStore(store('shared')).addStateStore(store('own')).addStateStore(store('other'))
    b.stream('a', texts)
      .process<string, string>(forwarding, { stores: ['shared', 'own'] })
      .to('a-out', texts)
    b.stream('b', texts)
      .process<string, string>(forwarding, { name: 'reader', stores: ['shared'] })
      .groupByKey(texts)
      .count()
    b.stream('c', texts)
      .processValues<string>(forwarding, { stores: ['other'] })
      .groupByKey(texts)
      .count()
    b.stream('d', texts).processValues<string>(forwarding, { name: 'values' }).to('d-out', texts)
  },
  'processor-reads-table-store'(b) {
    b.table('settings', { ...texts, store: 'settings-store' })
    b.stream('in', texts)
      .process<string, string>(forwarding, { stores: ['settings-store'] })
      .to('out', texts)
  },
  'store-settings'(b) {
    b.table('a', { ...texts, store: { name: 'unlogged', logging: false } })
    const g = b.stream('in', texts).groupByKey()
    g.count({ store: { name: 'logged', caching: false, logging: { 'min.compaction.lag.ms': '5' } } })
    g.windowedBy(minute).count({ store: { name: 'kept-long', retentionMs: 3_600_000 } })
  },
  'copartitioned-twice'(b) {
    const t = b.table('t', texts)
    const moved = b
      .stream('m', texts)
      .selectKey(byValue)
      .toTable({ name: 'moved', ...texts, store: {} })
    b.stream('a', texts).join(t, keep).join(moved, keep, texts).to('a-out', texts)
    b.stream('b', texts).merge(b.stream('c', texts)).leftJoin(t, keep).to('b-out', texts)
    b.stream('d', texts).repartition({ name: 'five', partitions: 5 }).join(moved, keep)
  },
  'sub-topology-ids'(b) {
    b.stream('z', { ...texts, name: 'zz' }).to('z-out')
    b.stream('a', { ...texts, name: 'aa' })
      .groupBy(byValue, texts)
      .count()
      .toStream()
      .to('a-out')
    b.table('m', { ...texts, name: 'mm', store: 'm-store' })
      .toStream()
      .groupBy(byValue, texts)
      .reduce(keep)
    b.stream('b', { ...texts, name: 'bb' })
      .join(b.table('n', texts), keep)
      .to('b-out', texts)
  },
  'fan-out'(b) {
    const s = b.stream('in', texts).mapValues(keep)
    s.to('one', texts)
    s.filter(always).to('two', texts)
    s.groupBy(byValue, texts)
      .count()
      .filter(count => count > 1n)
      .toStream()
      .peek(ignore)
      .to('three')
    s.repartition({ ...texts, name: 'again' }).to('four')
  },
  'chained-aggregations': b =>
    b
      .stream('in', texts)
      .groupBy(byValue, texts)
      .count()
      .toStream()
      .map((_value, key) => pair(key, key))
      .groupByKey(texts)
      .windowedBy(minute)
      .count()
      .toStream()
      .map((_value, { key }) => pair(key, key))
      .toTable({ ...texts, store: {} })
      .toStream()
      .to('out'),
  ...TABLE_TOPOLOGIES,
  ...WINDOW_TOPOLOGIES,
}

const fixtures = new URL('fixtures/', import.meta.url)
const fixture = (file: string) => readFileSync(new URL(file, fixtures), 'utf8')
const topics = JSON.parse(fixture('topics.json')) as Readonly<Record<string, TopicsOfTopology>>
const names = Object.keys(topics)

interface TopicsOfTopology {
  readonly subTopologies: readonly {
    readonly sources: readonly string[]
    readonly sinks: readonly string[]
    readonly repartition: Readonly<Record<string, { readonly partitions: number | null }>>
    readonly changelogs: Readonly<Record<string, unknown>>
  }[]
  readonly copartitioned: readonly (readonly string[])[]
}

/** Where Java checks less, see docs/kafka-streams-notes.md. */
const STRICTER_COPARTITIONING: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'two-joins-after-map': [['app-KSTREAM-MAP-0000000007-repartition', 't', 'u']],
}

function planOf(name: string): Plan {
  const builder = new StreamsBuilder()
  TOPOLOGIES[name]?.(builder)
  return builder.build()
}

/** Lines with the lists inside them as sorted sets: Java prints those in the order of its hash tables. */
function comparable(text: string): readonly string[] {
  const sorted = (list: string) => list.split(', ').toSorted().join(', ')
  return text
    .split('\n')
    .map(line =>
      line
        .replace(/\[(.+)\]/, (_whole, list: string) => `[${sorted(list)}]`)
        .replace(/(-->|<--) (.+)/, (_whole, arrow: string, list: string) => `${arrow} ${sorted(list)}`),
    )
}

/** Java names no partition counts but those that the user fixed, and neither does the plan. */
function topicsOf(plan: Plan) {
  const nameInKafka = topicNaming(plan, 'app')
  const inKafka = (list: readonly string[]) => [...new Set(list.map(nameInKafka))].toSorted()
  const nodes = new Map(plan.nodes.map(node => [node.name, node]))
  const repartition = new Map(plan.repartitionTopics.map(topic => [topic.name, topic.partitions]))
  const subTopologies = plan.subTopologies.map(subTopology => {
    const sinks = subTopology.nodes.flatMap(name => {
      const node = nodes.get(name)
      return node?.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []
    })
    const changelogs = plan.stores.flatMap(store =>
      subTopology.stores.includes(store.name) && store.changelog !== undefined ? [store.changelog.topic] : [],
    )
    return {
      sources: inKafka(subTopology.sourceTopics),
      sinks: inKafka(sinks),
      repartition: Object.fromEntries(
        subTopology.sourceTopics
          .filter(topic => repartition.has(topic))
          .map(topic => [nameInKafka(topic), repartition.get(topic) ?? null]),
      ),
      changelogs: inKafka(changelogs),
    }
  })
  return { subTopologies, copartitioned: merged(plan.copartitioned.map(group => inKafka(group.topics))) }
}

/** Groups that share a topic as one, as Java gives them. */
function merged(groups: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const result: Set<string>[] = []
  for (const group of groups) {
    const touching = result.filter(other => group.some(topic => other.has(topic)))
    for (const other of touching) result.splice(result.indexOf(other), 1)
    result.push(new Set([...group, ...touching.flatMap(other => [...other])]))
  }
  return result.map(group => [...group].toSorted()).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
}

describe('topologies of which Kafka Streams 4.3.1 has said what they are', () => {
  it('are all here', () => {
    expect(Object.keys(TOPOLOGIES).toSorted()).toEqual(names.toSorted())
  })

  it.each(names)('%s is described in the same words', name => {
    expect(comparable(describePlan(planOf(name)))).toEqual(comparable(fixture(`${name}.txt`)))
  })

  it.each(names)('%s has the same topics, and the same ones share partitions', name => {
    const java = topics[name]
    const expected = java && {
      subTopologies: java.subTopologies.map(subTopology => ({
        ...subTopology,
        repartition: Object.fromEntries(
          Object.entries(subTopology.repartition).map(([topic, { partitions }]) => [topic, partitions]),
        ),
        changelogs: Object.keys(subTopology.changelogs),
      })),
      copartitioned: STRICTER_COPARTITIONING[name] ?? java.copartitioned,
    }
    expect(topicsOf(planOf(name))).toEqual(expected)
  })
})
