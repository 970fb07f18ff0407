import { describe, expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { tumbling } from '../dsl/windows.ts'
import type { OperatorSpec } from '../operators/spec.ts'
import { long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore, windowStore } from '../state/store-builder.ts'
import { decorateTopic, internalTopics, topicNaming } from './internal-topics.ts'
import type { Plan, PlanNode, ProcessorNode } from './plan.ts'

const texts = { key: string(), value: string() }
const always = () => true
const keep = <V>(value: V) => value
const byValue = (value: string) => value

function planOf(write: (builder: StreamsBuilder) => unknown): Plan {
  const builder = new StreamsBuilder()
  write(builder)
  return builder.build()
}

function nodeOf(plan: Plan, name: string): PlanNode {
  const node = plan.nodes.find(candidate => candidate.name === name)
  if (node === undefined) throw new Error(`no node "${name}" among ${plan.nodes.map(each => each.name).join(', ')}`)
  return node
}

function operators<Type extends OperatorSpec['type']>(plan: Plan, type: Type) {
  return plan.nodes
    .filter(node => node.kind === 'processor')
    .map(node => node.operator)
    .filter((operator): operator is Extract<OperatorSpec, { type: Type }> => operator.type === type)
}

describe('a plan', () => {
  const wordCount = (b: StreamsBuilder) =>
    b
      .stream('lines', { ...texts, offsetReset: 'latest' })
      .flatMapValues(function words(line) {
        return line.split(' ')
      })
      .groupBy(byValue, texts)
      .count({ store: 'counts' })
      .toStream()
      .to('out')

  it('is frozen all the way down, but for what the user gave', () => {
    const partitioner = () => 0
    const value = { ...string() }
    const plan = planOf(b => b.stream('in', { key: string(), value }).to('out', { partitioner }))
    const unfrozen: string[] = []
    const walk = (part: unknown, path: string) => {
      if (typeof part !== 'object' || part === null || 'serialize' in part) return
      if (!Object.isFrozen(part)) unfrozen.push(path)
      for (const [name, inner] of Object.entries(part)) walk(inner, `${path}.${name}`)
    }
    walk(plan, 'plan')
    expect(unfrozen).toEqual([])
    expect(Object.isFrozen(value)).toBe(false)
    expect(Object.isFrozen(partitioner)).toBe(false)
    expect(nodeOf(plan, 'KSTREAM-SINK-0000000001')).toMatchObject({ valueSerde: value, partitioner })
  })

  it('shows functions and serdes by name in JSON', () => {
    const json = JSON.parse(JSON.stringify(planOf(wordCount))) as Plan
    expect(json.nodes[0]).toEqual({
      kind: 'source',
      name: 'KSTREAM-SOURCE-0000000000',
      topics: ['lines'],
      keySerde: 'string',
      valueSerde: 'string',
      offsetReset: 'latest',
      children: ['KSTREAM-FLATMAPVALUES-0000000001'],
    })
    expect(json.nodes[1]).toMatchObject({ operator: { type: 'flatMapValues', mapper: 'fn words' } })
  })

  it('keeps windows that never end in JSON', () => {
    const store = windowStore({ name: 'w', ...texts, windowSizeMs: 1, retentionMs: Infinity })
    const json = JSON.stringify(planOf(b => b.addStateStore(store).stream('in', texts)))
    expect(json).toContain('"retentionMs":"Infinity"')
  })

  it('can be built again after more was added', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', texts)
    const before = builder.build()
    stream.to('out')
    expect(builder.build()).not.toEqual(before)
    expect(builder.build()).toEqual(builder.build())
  })

  it('says which topics are its own and what they are called in Kafka', () => {
    const plan = planOf(wordCount)
    expect(internalTopics(plan)).toEqual(['counts-repartition', 'counts-changelog'])
    const nameInKafka = topicNaming(plan, 'app')
    expect(nameInKafka('counts-changelog')).toBe('app-counts-changelog')
    expect(nameInKafka('lines')).toBe('lines')
    expect(decorateTopic('app', 'x')).toBe('app-x')
  })

  it('holds each sub-topology with its topics and stores', () => {
    expect(planOf(wordCount).subTopologies).toEqual([
      expect.objectContaining({ id: 0, sourceTopics: ['lines'], stores: [] }),
      expect.objectContaining({ id: 1, sourceTopics: ['counts-repartition'], stores: ['counts'] }),
    ])
  })

  it('lists children in the order of writing, which is not the order of names', () => {
    const plan = planOf(b => {
      const stream = b.stream('in', texts)
      stream.filter(always, { name: 'z' })
      stream.filter(always, { name: 'a' })
    })
    expect(nodeOf(plan, 'KSTREAM-SOURCE-0000000000')).toMatchObject({ children: ['z', 'a'] })
  })
})

describe('stores', () => {
  it('of a table have timestamps, a cache and a changelog', () => {
    const plan = planOf(b => b.stream('in', texts).groupByKey().count({ store: 'counts' }))
    expect(plan.stores).toEqual([
      {
        name: 'counts',
        kind: 'key-value',
        timestamped: true,
        keySerde: string(),
        valueSerde: long(),
        caching: true,
        changelog: { topic: 'counts-changelog', isSource: false, configs: {} },
        processors: ['KSTREAM-AGGREGATE-0000000001'],
      },
    ])
  })

  it('take settings', () => {
    const plan = planOf(b =>
      b
        .stream('in', texts)
        .groupByKey()
        .count({
          store: { name: 'c', caching: false, type: 'memory', logging: { 'min.compaction.lag.ms': '5' } },
        }),
    )
    expect(plan.stores[0]).toMatchObject({
      caching: false,
      type: 'memory',
      changelog: { configs: { 'min.compaction.lag.ms': '5' } },
    })
    const unlogged = planOf(b => b.table('t', { ...texts, store: { name: 's', logging: false } }))
    expect(unlogged.stores[0]?.changelog).toBeUndefined()
  })

  it('of windows keep them for size and grace, or longer', () => {
    const windows = tumbling({ sizeMs: 1000, graceMs: 500 })
    const plan = planOf(b => {
      const grouped = b.stream('in', texts).groupByKey().windowedBy(windows)
      grouped.count({ store: 'short' })
      grouped.count({ store: { name: 'long', retentionMs: 9000 } })
    })
    expect(plan.stores).toMatchObject([
      { kind: 'window', windowSizeMs: 1000, retentionMs: 1500 },
      { kind: 'window', windowSizeMs: 1000, retentionMs: 9000 },
    ])
    expect(operators(plan, 'windowAggregate')[0]).toMatchObject({
      windows: { type: 'time', sizeMs: 1000, advanceMs: 1000, graceMs: 500 },
      emit: 'on-update',
    })
  })

  it('windowed results have windowed keys', () => {
    const plan = planOf(b =>
      b
        .stream('in', texts)
        .groupByKey()
        .windowedBy(tumbling({ sizeMs: 1000, graceMs: 0 }))
        .count()
        .toStream()
        .to('out'),
    )
    const sink = plan.nodes.find(node => node.kind === 'sink')
    expect(sink?.keySerde.name).toBe('timeWindowed(string)')
    expect(sink?.keySerde.inner).toBe(string())
  })

  it('that are added belong to those who name them', () => {
    const plan = planOf(b => {
      b.addStateStore(keyValueStore({ name: 'seen', ...texts }))
      b.stream('a', texts).process(() => ({ process() {} }), { name: 'first', stores: ['seen'] })
      b.stream('b', texts).process(() => ({ process() {} }), { name: 'second', stores: ['seen'] })
    })
    expect(plan.stores).toMatchObject([{ timestamped: false, caching: false, processors: ['first', 'second'] }])
    expect(plan.subTopologies).toHaveLength(1)
  })
})

describe('a table that others look up', () => {
  it('has a store only when it is needed', () => {
    expect(planOf(b => b.table('t', texts).toStream().to('out')).stores).toEqual([])
    const joined = planOf(b => b.stream('in', texts).join(b.table('t', texts), keep))
    expect(joined.stores.map(store => store.name)).toEqual(['t-STATE-STORE-0000000001'])
  })

  it('is looked up in the nearest store, through the steps below it', () => {
    const isLong = (value: string) => value.length > 3
    const upper = (value: string) => value.toUpperCase()
    const plan = planOf(b => {
      const stored = b.table('t', { ...texts, store: 's' })
      b.stream('in', texts).join(stored.filterNot(isLong).mapValues(upper), keep)
      b.stream('in2', texts).join(stored.mapValues(upper, { value: string(), store: 'upper' }), keep)
    })
    expect(operators(plan, 'streamTableJoin').map(join => join.table)).toEqual([
      {
        kind: 'stored',
        store: 's',
        by: 'key',
        steps: [
          { type: 'filter', predicate: isLong, negate: true },
          { type: 'mapValues', mapper: upper },
        ],
      },
      { kind: 'stored', store: 'upper', by: 'key', steps: [] },
    ])
  })

  it('is looked up by window where its keys are windowed', () => {
    const plan = planOf(b => {
      const windowed = b
        .stream('in', texts)
        .groupByKey()
        .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
        .count({ store: 'w' })
      windowed.toStream().join(windowed.filter(always), keep)
    })
    expect(operators(plan, 'streamTableJoin')[0]?.table).toMatchObject({ store: 'w', by: 'window' })
  })

  it('shares partitions with the stream', () => {
    const plan = planOf(b => {
      const table = b.table('t', texts)
      b.stream('in', texts).join(table, keep, { name: 'plain' })
      b.stream('other', texts)
        .selectKey(byValue)
        .join(table, keep, { ...texts, name: 'moved' })
    })
    expect(plan.copartitioned).toEqual([
      { operator: 'plain', topics: ['in', 't'] },
      { operator: 'moved', topics: ['moved-repartition', 't'] },
    ])
  })
})

describe('old values', () => {
  it('are asked for by a filter where the table above has a store already', () => {
    const plan = planOf(b => {
      b.table('t', { ...texts, store: 's' }).filter(always)
      b.table('u', texts).filter(always)
      b.stream('in', texts).groupByKey().count().filter(always)
    })
    expect(operators(plan, 'tableSource').map(source => source.sendOldValues)).toEqual([true, false])
    expect(operators(plan, 'tableFilter').map(filter => filter.sendOldValues)).toEqual([true, false, true])
    expect(operators(plan, 'aggregate').map(aggregate => aggregate.sendOldValues)).toEqual([true])
  })

  it('are asked for through the steps between', () => {
    const plan = planOf(b => {
      b.table('t', { ...texts, store: 's' })
        .mapValues(keep)
        .filter(always)
      b.table('u', texts).mapValues(keep).filter(always)
    })
    expect(operators(plan, 'tableMapValues').map(step => step.sendOldValues)).toEqual([true, false])
    expect(operators(plan, 'tableSource').map(step => step.sendOldValues)).toEqual([true, false])
  })
})

describe('records without a key', () => {
  const filters = (plan: Plan) =>
    plan.nodes
      .filter((node): node is ProcessorNode => node.kind === 'processor')
      .flatMap(({ operator }) => (operator.type === 'repartitionFilter' ? [operator.passNullKeys] : []))

  const table = (b: StreamsBuilder) => b.table('t', texts)
  const moved = (b: StreamsBuilder) => b.stream('in', texts).selectKey(byValue)

  it('are dropped before a repartition topic, but not before a left join', () => {
    expect(filters(planOf(b => moved(b).join(table(b), keep, texts)))).toEqual([false])
    expect(filters(planOf(b => moved(b).leftJoin(table(b), keep, texts)))).toEqual([true])
    expect(
      filters(
        planOf(b => {
          const stream = moved(b).repartition(texts)
          stream.groupByKey().count()
          stream.mapValues(keep).leftJoin(table(b), keep)
        }),
      ),
    ).toEqual([true])
    expect(
      filters(
        planOf(b => {
          const aggregated = moved(b).groupByKey(texts).reduce(keep).toStream()
          aggregated.selectKey(() => '').leftJoin(table(b), keep, texts)
        }),
      ),
    ).toEqual([true, true])
  })

  it('are dropped where the left join is behind a topic of the user', () => {
    const plan = planOf(b => {
      moved(b).repartition(texts).to('between')
      b.stream('between', texts).leftJoin(table(b), keep)
    })
    expect(filters(plan)).toEqual([false])
  })
})
