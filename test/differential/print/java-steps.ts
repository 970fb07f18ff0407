import type { Step, StepId, StoreSpec, TopologySpec } from '../spec.ts'
import { calledAs, type FunctionKind } from './functions.ts'
import type { KeyKind, Kinds } from './kinds.ts'

/** One step as a statement of Java. */
export function javaStep(step: Step, kinds: (id: StepId) => Kinds, topology: TopologySpec): string {
  if (step.op === 'split') return split(step)
  const call = callOf(step, kinds, topology)
  return 'id' in step && step.op !== 'addGlobalStore' ? `var ${step.id} = ${call};` : `${call};`
}

function callOf(
  step: Exclude<Step, { readonly op: 'split' }>,
  kinds: (id: StepId) => Kinds,
  topology: TopologySpec,
): string {
  const { key, value } = 'from' in step ? kinds(step.from) : TEXTS
  const from = 'from' in step ? step.from : 'builder'
  const serdes = `${serde(key)}, ${serde(value)}`
  const named = 'name' in step && step.name !== undefined ? [`Named.as(${q(step.name)})`] : []
  const as = 'name' in step && step.name !== undefined ? `.withName(${q(step.name)})` : ''
  const given = 'store' in step && typeof step.store === 'object' ? (step.store as StoreSpec) : undefined
  const own = 'id' in step ? kinds(step.id).value : 'string'
  const stored = (always = false): readonly string[] =>
    given === undefined && !always ? [] : [materialized(given ?? {}, serde(key), serde(own))]
  const call = (method: string, ...given: readonly (string | readonly string[])[]): string =>
    `${from}.${method}(${given.flat().join(', ')})`
  switch (step.op) {
    case 'stream': {
      const topics =
        step.pattern === undefined ? `List.of(${step.topics.map(q).join(', ')})` : `Pattern.compile(${q(step.pattern)})`
      return call('stream', topics, consumed(step))
    }
    case 'table':
    case 'globalTable':
      return call(step.op, q(step.topic), consumed(step), stored())
    case 'filter':
    case 'filterNot':
      return call(step.op, keyValue('predicate', step.predicate), named, stored())
    case 'map':
      return call('map', keyValue('pairMapper', step.mapper), named)
    case 'flatMap':
      return call('flatMap', keyValue('flatPairMapper', step.mapper), named)
    case 'mapValues':
      return call('mapValues', keyValue('valueMapper', step.mapper), named, stored())
    case 'flatMapValues':
      return call('flatMapValues', keyValue('flatValueMapper', step.mapper), named)
    case 'selectKey':
      return call('selectKey', keyValue('keySelector', step.selector), named)
    case 'merge':
      return call('merge', step.with, named)
    case 'peek':
    case 'foreach':
      return call(step.op, '(key, value) -> {}', named)
    case 'print':
      return call('print', `Printed.toSysOut()${as}`)
    case 'repartition': {
      const partitions = step.partitions === undefined ? '' : `.withNumberOfPartitions(${step.partitions})`
      return call('repartition', `Repartitioned.with(${serdes})${as}${partitions}${partitioner(step.partitioner)}`)
    }
    case 'to': {
      const topic =
        step.choice === undefined
          ? q(step.topic ?? '')
          : `(key, value, context) -> ${texts('topicChoice', step.choice)}`
      return call('to', topic, `Produced.with(${serdes})${as}${partitioner(step.partitioner)}`)
    }
    case 'toTable':
      return call('toTable', named, stored())
    case 'toStream':
      return call('toStream', step.selector === undefined ? [] : keyValue('keySelector', step.selector), named)
    case 'groupByKey':
      return call('groupByKey', `Grouped.with(${serdes})${as}`)
    case 'groupBy':
      return call(
        'groupBy',
        keyValue('keySelector', step.selector),
        `Grouped.with(${serde('string')}, ${serde(value)})${as}`,
      )
    case 'windowedBy':
      return `${call('windowedBy', windows(step))}${step.emit === undefined ? '' : '.emitStrategy(EmitStrategy.onWindowClose())'}`
    case 'count':
    case 'tableCount':
      return call('count', named, stored())
    case 'reduce':
      return call('reduce', twoOf('reducer', step.reducer), named, stored(named.length > 0))
    case 'aggregate': {
      const fn = calledAs({ kind: 'aggregation', name: step.aggregation })
      const merges = topology.some(
        other => other.op === 'windowedBy' && other.id === step.from && other.kind === 'session',
      )
      const functions = [
        `${fn}.initializer()`,
        ...(isCogrouped(step.from, topology) ? [] : [adder(step.aggregation)]),
        ...(merges ? [`(key, one, other) -> ${fn}.merger().apply(text(key), text(one), text(other))`] : []),
      ]
      return call('aggregate', functions, named, stored(true))
    }
    case 'cogroup':
      return call('cogroup', step.with === undefined ? [] : step.with, adder(step.aggregation))
    case 'join':
    case 'leftJoin': {
      const grace = step.graceMs === undefined ? '' : `.withGracePeriod(${ms(step.graceMs)})`
      return call(
        step.op,
        step.table,
        joiner(step.joiner),
        `Joined.with(${serdes}, ${serde(kinds(step.table).value)})${as}${grace}`,
      )
    }
    case 'globalJoin': {
      const selector = keyValue('keySelector', step.selector)
      return call(step.kind === 'inner' ? 'join' : 'leftJoin', step.with, selector, joiner(step.joiner), named)
    }
    case 'streamJoin': {
      const longer = Math.max(step.beforeMs, step.afterMs)
      const within = `JoinWindows.ofTimeDifferenceAndGrace(${ms(longer)}, ${ms(step.graceMs)})`
      const how = [
        `StreamJoined.with(${serdes}, ${serde(kinds(step.with).value)})${as}`,
        step.storeName === undefined ? '' : `.withStoreName(${q(step.storeName)})`,
        step.logging === false ? '.withLoggingDisabled()' : '',
        step.type === undefined ? '' : `.withDslStoreSuppliers(${supplier(step.type)})`,
      ]
      const windowed = `${within}.before(${ms(step.beforeMs)}).after(${ms(step.afterMs)})`
      return call(joinOf(step.kind), step.with, joiner(step.joiner), windowed, how.join(''))
    }
    case 'tableGroupBy':
      return call(
        'groupBy',
        keyValue('pairMapper', step.mapper),
        `Grouped.with(${serde('string')}, ${serde('string')})${as}`,
      )
    case 'tableReduce':
      return call(
        'reduce',
        twoOf('reducer', step.adder),
        twoOf('reducer', step.subtractor),
        named,
        stored(named.length > 0),
      )
    case 'tableAggregate': {
      const first = `${calledAs({ kind: 'aggregation', name: step.adder })}.initializer()`
      return call('aggregate', first, adder(step.adder), adder(step.subtractor), named, stored(true))
    }
    case 'tableJoin':
      return call(joinOf(step.join), step.with, tableJoiner(step.joiner), named, stored())
    case 'foreignKeyJoin': {
      const how = step.name === undefined ? 'TableJoined.with(null, null)' : `TableJoined.as(${q(step.name)})`
      return call(
        joinOf(step.join),
        step.with,
        keyValue('keySelector', step.selector),
        tableJoiner(step.joiner),
        how,
        stored(true),
      )
    }
    case 'suppress':
      return call('suppress', suppressed(step, as))
    case 'transformValues': {
      const counts = step.counts === undefined ? [] : [`${step.counts}.name()`]
      return call(
        'transformValues',
        `() -> new CountingTransformer(${q(step.mapper)}${counts.map(name => `, ${name}`).join('')})`,
        stored(),
        named,
        counts,
      )
    }
    case 'addStore':
      return `${ownStore(step.store)}; builder.addStateStore(${step.id})`
    case 'addGlobalStore': {
      const memory = step.store.type === 'memory' ? 'inMemory' : 'persistent'
      const store = `Stores.keyValueStoreBuilder(Stores.${memory}KeyValueStore(${q(step.store.name)}), ${serde('string')}, ${serde('string')})`
      return call(
        'addGlobalStore',
        store,
        q(step.topic),
        'Consumed.with(Serdes.String(), Serdes.String())',
        '() -> new UpperKeeper()',
      )
    }
    case 'process':
    case 'processValues': {
      const store = step.store === undefined ? q(step.lookUp ?? '') : `${step.store}.name()`
      const work = `() -> new Working(Work.of(${q(step.processor)}), ${store})`
      return call(step.op, work, named, step.store === undefined ? [] : store)
    }
  }
}

const TEXTS = { key: 'string', value: 'string' } as const

function split(step: Step & { readonly op: 'split' }): string {
  const branches = step.branches.map(
    ({ id, predicate, name }) => `.branch(${keyValue('predicate', predicate)}, ${branched(id, name)})`,
  )
  const rest = step.defaultBranch
  const end = rest === undefined ? '.noDefaultBranch()' : `.defaultBranch(${branched(rest.id, rest.name)})`
  return `${step.from}.split(${step.name === undefined ? '' : `Named.as(${q(step.name)})`})${branches.join('')}${end};`
}

function branched(id: StepId, name: string | undefined): string {
  return `Branched.withConsumer(stream -> ${id} = stream${name === undefined ? '' : `, ${q(name)}`})`
}

function consumed(step: Step & { readonly op: 'stream' | 'table' | 'globalTable' }): string {
  const parts = ['Consumed.with(Serdes.String(), Serdes.String())']
  if (step.name !== undefined) parts.push(`.withName(${q(step.name)})`)
  if (step.op === 'globalTable') return parts.join('')
  if (step.offsetReset !== undefined) parts.push('.withOffsetResetPolicy(AutoOffsetReset.earliest())')
  if (step.badTimestamp !== undefined) parts.push(`.withTimestampExtractor(new ${POLICIES[step.badTimestamp]}())`)
  if (step.extractor !== undefined) {
    const fn = calledAs({ kind: 'extractor', name: step.extractor })
    parts.push(`.withTimestampExtractor((record, time) -> ${fn}(text(record.value()), record.timestamp(), time))`)
  }
  return parts.join('')
}

const POLICIES = {
  fail: 'FailOnInvalidTimestamp',
  skip: 'LogAndSkipOnInvalidTimestamp',
  'partition-time': 'UsePartitionTimeOnInvalidTimestamp',
}

function windows({ kind = 'time', sizeMs, advanceMs, graceMs }: Step & { readonly op: 'windowedBy' }): string {
  switch (kind) {
    case 'time':
      return `TimeWindows.ofSizeAndGrace(${ms(sizeMs)}, ${ms(graceMs)})${advanceMs === undefined ? '' : `.advanceBy(${ms(advanceMs)})`}`
    case 'sliding':
      return `SlidingWindows.ofTimeDifferenceAndGrace(${ms(sizeMs)}, ${ms(graceMs)})`
    case 'session':
      return `SessionWindows.ofInactivityGapAndGrace(${ms(sizeMs)}, ${ms(graceMs)})`
    case 'unlimited':
      return `UnlimitedWindows.of().startOn(Instant.ofEpochMilli(${sizeMs}))`
  }
}

function suppressed(step: Step & { readonly op: 'suppress' }, as: string): string {
  const bounds = [
    step.maxRecords === undefined ? '' : `.withMaxRecords(${step.maxRecords})`,
    step.maxBytes === undefined ? '' : `.withMaxBytes(${step.maxBytes})`,
  ].join('')
  const strict = step.waitMs === undefined || step.whenFull !== undefined
  const buffer = [
    'BufferConfig.unbounded()',
    bounds,
    bounds === '' ? '' : strict ? '.shutDownWhenFull()' : '.emitEarlyWhenFull()',
    step.logging === false ? '.withLoggingDisabled()' : '',
  ].join('')
  return step.waitMs === undefined
    ? `Suppressed.untilWindowCloses(${buffer})${as}`
    : `Suppressed.untilTimeLimit(${ms(step.waitMs)}, ${buffer})${as}`
}

function materialized(store: StoreSpec, key: string, value: string): string {
  const { name, caching, logging, type, retentionMs, historyRetentionMs, maxEntries } = store
  const parts: string[] = []
  if (historyRetentionMs !== undefined)
    parts.push(`Materialized.as(Stores.persistentVersionedKeyValueStore(${q(name ?? '')}, ${ms(historyRetentionMs)}))`)
  else if (maxEntries !== undefined) parts.push(`Materialized.as(Stores.lruMap(${q(name ?? '')}, ${maxEntries}))`)
  else if (name !== undefined) parts.push(`Materialized.as(${q(name)})`)
  parts.push(
    parts.length === 0 ? `Materialized.with(${key}, ${value})` : `.withKeySerde(${key}).withValueSerde(${value})`,
  )
  if (caching !== undefined) parts.push(caching ? '.withCachingEnabled()' : '.withCachingDisabled()')
  if (logging === false) parts.push('.withLoggingDisabled()')
  if (type !== undefined) parts.push(`.withStoreType(${supplier(type)})`)
  if (retentionMs !== undefined) parts.push(`.withRetention(${ms(retentionMs)})`)
  return parts.join('')
}

function ownStore({
  name,
  kind,
  caching,
  logging,
  type,
  maxEntries,
  retainDuplicates,
}: (Step & { readonly op: 'addStore' })['store']): string {
  const where = type === 'memory' ? 'inMemory' : 'persistent'
  const supplied = {
    keyValue: maxEntries === undefined ? `${where}KeyValueStore(${q(name)})` : `lruMap(${q(name)}, ${maxEntries})`,
    window: `${where}WindowStore(${q(name)}, ${ms(40)}, ${ms(10)}, ${retainDuplicates === true})`,
    session: `${where}SessionStore(${q(name)}, ${ms(40)})`,
  }[kind]
  const builder = `Stores.${kind}StoreBuilder(Stores.${supplied}, ${serde('string')}, ${serde('string')})`
  return `${builder}${caching === true ? '.withCachingEnabled()' : ''}${logging === false ? '.withLoggingDisabled()' : ''}`
}

function isCogrouped(id: StepId, topology: TopologySpec): boolean {
  const step = topology.find(candidate => 'id' in candidate && candidate.id === id)
  return step?.op === 'cogroup' || (step?.op === 'windowedBy' && isCogrouped(step.from, topology))
}

function serde(kind: KeyKind | Kinds['value']): string {
  if (kind === 'string') return 'Serdes.String()'
  if (kind === 'long') return 'Serdes.Long()'
  return kind.windows.kind === 'session'
    ? `sessionWindowed(${serde(kind.of)})`
    : `timeWindowed(${serde(kind.of)}, ${kind.windows.sizeMs})`
}

function supplier(type: 'memory' | 'persistent'): string {
  return `BuiltInDslStoreSuppliers.${type === 'memory' ? 'IN_MEMORY' : 'ROCKS_DB'}`
}

function joinOf(kind: 'inner' | 'left' | 'outer'): string {
  return { inner: 'join', left: 'leftJoin', outer: 'outerJoin' }[kind]
}

function ms(milliseconds: number): string {
  return `Duration.ofMillis(${milliseconds})`
}

function q(text: string): string {
  return JSON.stringify(text)
}

function texts(kind: FunctionKind, name: string): string {
  return `${calledAs({ kind, name })}(text(key), text(value))`
}

function keyValue(kind: FunctionKind, name: string): string {
  return `(key, value) -> ${texts(kind, name)}`
}

function twoOf(kind: FunctionKind, name: string): string {
  return `(aggregate, value) -> ${calledAs({ kind, name })}(text(aggregate), text(value))`
}

function joiner(name: string): string {
  return `(key, value, other) -> ${calledAs({ kind: 'joiner', name })}(text(key), text(value), text(other))`
}

/** Java's joiners of tables see no key. */
function tableJoiner(name: string): string {
  return `(value, other) -> ${calledAs({ kind: 'joiner', name })}("k", text(value), text(other))`
}

function adder(name: string): string {
  const fn = calledAs({ kind: 'aggregation', name })
  return `(key, value, aggregate) -> ${fn}.aggregator().apply(text(key), text(value), text(aggregate))`
}

function partitioner(named: string | undefined): string {
  return named === undefined
    ? ''
    : `.withStreamPartitioner((topic, key, value, count) -> partitions(${texts('partitions', named)}))`
}
