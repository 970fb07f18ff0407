import type { Step, StepId, TopologySpec } from '../spec.ts'
import { calledAs, type FunctionKind } from './functions.ts'
import { optionsArgument, quoted, storeOptions } from './source-text.ts'

/** What a step is printed with: serdes, as source, of what an id stands for. */
interface Printing {
  readonly topology: TopologySpec
  known(id: StepId): { readonly key: string; readonly value: string }
}

/** One step as source lines. */
export function typescriptStep(step: Step, printing: Printing): readonly string[] {
  if (step.op === 'split') return split(step)
  const call = callOf(step, printing)
  return ['id' in step && step.op !== 'addGlobalStore' ? `const ${step.id} = ${call}` : call]
}

const TEXTS = { key: 'string()', value: 'string()' }

function callOf(step: Exclude<Step, { readonly op: 'split' }>, { topology, known }: Printing): string {
  const name = 'name' in step && step.name !== undefined ? quoted(step.name) : undefined
  const named = optionsArgument({ name })
  const serdes = 'from' in step ? known(step.from) : TEXTS
  const from = 'from' in step ? step.from : 'builder'
  const own = 'id' in step ? known(step.id) : TEXTS
  const joiner = (value: string): string => `(value, other, key) => ${value}(text(key), text(value), text(other))`
  const store = (of = own, always = false) =>
    storeOptions('store' in step && typeof step.store === 'object' ? step.store : always ? {} : undefined, of)
  const storeNamed = (always = false): string => optionsArgument({ name, ...store(own, always) })
  switch (step.op) {
    case 'stream': {
      const topics = step.pattern === undefined ? `[${step.topics.map(quoted).join(', ')}]` : `/${step.pattern}/`
      return `builder.stream(${topics}${optionsArgument({ ...TEXTS, name, ...reading(step) })})`
    }
    case 'table':
      return `builder.table(${quoted(step.topic)}${optionsArgument({ ...TEXTS, name, ...reading(step), ...store() })})`
    case 'globalTable':
      return `builder.globalTable(${quoted(step.topic)}${optionsArgument({ ...TEXTS, name, ...store() })})`
    case 'filter':
    case 'filterNot':
      return `${from}.${step.op}(${valueKey('predicate', step.predicate)}${storeNamed()})`
    case 'map':
      return `${from}.map(${valueKey('pairMapper', step.mapper)}${named})`
    case 'flatMap':
      return `${from}.flatMap(${valueKey('flatPairMapper', step.mapper)}${named})`
    case 'mapValues':
      return `${from}.mapValues(${valueKey('valueMapper', step.mapper)}${storeNamed()})`
    case 'flatMapValues':
      return `${from}.flatMapValues(${valueKey('flatValueMapper', step.mapper)}${named})`
    case 'selectKey':
      return `${from}.selectKey(${valueKey('keySelector', step.selector)}${named})`
    case 'merge':
      return `${from}.merge(${step.with}${named})`
    case 'peek':
    case 'foreach':
      return `${from}.${step.op}(() => undefined${named})`
    case 'print':
      return `${from}.print({ ${name === undefined ? '' : `name: ${name}, `}write: () => undefined })`
    case 'repartition':
      return `${from}.repartition(${only({ ...serdes, name, partitions: step.partitions?.toString(), ...partitioner(step.partitioner) })})`
    case 'to': {
      const topic = step.choice === undefined ? quoted(step.topic ?? '') : valueKey('topicChoice', step.choice)
      return `${from}.to(${topic}${optionsArgument({ ...serdes, name, ...partitioner(step.partitioner) })})`
    }
    case 'toTable':
      return `${from}.toTable(${only({ name, ...store() })})`
    case 'toStream':
      if (step.selector === undefined) return `${from}.toStream(${only({ name })})`
      return `${from}.toStream(${valueKey('keySelector', step.selector)}${named})`
    case 'groupByKey':
      return `${from}.groupByKey(${only({ ...serdes, name })})`
    case 'groupBy':
      return `${from}.groupBy(${valueKey('keySelector', step.selector)}${optionsArgument({ key: 'string()', value: serdes.value, name })})`
    case 'windowedBy':
      return `${from}.windowedBy(${windows(step)}${optionsArgument({ emitStrategy: step.emit && quoted(step.emit) })})`
    case 'count':
    case 'tableCount':
      return `${from}.count(${only({ name, ...store({ key: serdes.key, value: 'long()' }) })})`
    case 'reduce':
      return `${from}.reduce(${twoOf('reducer', step.reducer)}${optionsArgument({ name, ...store(serdes) })})`
    case 'aggregate': {
      const fn = calledAs({ kind: 'aggregation', name: step.aggregation })
      const cogrouped = isCogrouped(step.from, topology)
      const merger = isSession(step.from, topology)
        ? `, (one, other, key) => ${fn}.merge(text(key), text(one), text(other))`
        : ''
      const adder = cogrouped ? '' : `, ${adderOf(step.aggregation)}`
      const kept = store({ key: serdes.key, value: 'string()' }, true)
      return `${from}.aggregate(() => ${fn}.initial${adder}${merger}${optionsArgument({ name, ...kept })})`
    }
    case 'cogroup':
      return `${from}.cogroup(${step.with === undefined ? '' : `${step.with}, `}${adderOf(step.aggregation)})`
    case 'join':
    case 'leftJoin':
      return `${from}.${step.op}(${step.table}, ${joiner(fnOf('joiner', step.joiner))}${optionsArgument({ ...serdes, name, graceMs: step.graceMs?.toString() })})`
    case 'globalJoin': {
      const op = step.kind === 'inner' ? 'join' : 'leftJoin'
      return `${from}.${op}(${step.with}, ${valueKey('keySelector', step.selector)}, ${joiner(fnOf('joiner', step.joiner))}${named})`
    }
    case 'streamJoin': {
      const { beforeMs, afterMs, graceMs, logging, type, storeName } = step
      const options = optionsArgument({
        ...serdes,
        name,
        otherValue: known(step.with).value,
        windows: `joinWindows({ beforeMs: ${beforeMs}, afterMs: ${afterMs}, graceMs: ${graceMs} })`,
        storeName: storeName && quoted(storeName),
        logging: logging?.toString(),
        type: type && quoted(type),
      })
      return `${from}.${joinOf(step.kind)}(${step.with}, ${joiner(fnOf('joiner', step.joiner))}${options})`
    }
    case 'tableGroupBy':
      return `${from}.groupBy(${valueKey('pairMapper', step.mapper)}${optionsArgument({ ...TEXTS, name })})`
    case 'tableReduce':
      return `${from}.reduce(${twoOf('reducer', step.adder)}, ${twoOf('reducer', step.subtractor)}${storeNamed()})`
    case 'tableAggregate': {
      const first = calledAs({ kind: 'aggregation', name: step.adder })
      const functions = `() => ${first}.initial, ${adderOf(step.adder)}, ${adderOf(step.subtractor)}`
      return `${from}.aggregate(${functions}${storeNamed(true)})`
    }
    case 'tableJoin':
      return `${from}.${joinOf(step.join)}(${step.with}, ${tableJoiner(step.joiner)}${storeNamed()})`
    case 'foreignKeyJoin': {
      return `${from}.${joinOf(step.join)}(${step.with}, ${valueKey('keySelector', step.selector)}, ${tableJoiner(step.joiner)}${storeNamed(true)})`
    }
    case 'suppress': {
      const { waitMs, maxRecords, maxBytes, whenFull, logging } = step
      const until = waitMs === undefined ? "'window-closes'" : "'time-limit'"
      const numbers = { waitMs: waitMs?.toString(), maxRecords: maxRecords?.toString(), maxBytes: maxBytes?.toString() }
      return `${from}.suppress(${only({ until, ...numbers, whenFull: whenFull && quoted(whenFull), logging: logging?.toString(), name })})`
    }
    case 'transformValues': {
      const stores = step.counts === undefined ? undefined : `[${step.counts}.name]`
      const counts = step.counts === undefined ? 'undefined' : `${step.counts}.name`
      return `${from}.transformValues(() => countingTransformer(${quoted(step.mapper)}, ${counts})${optionsArgument({ name, stores, ...store() })})`
    }
    case 'addStore':
      return `ownStore(${JSON.stringify(step.store)})\nbuilder.addStateStore(${step.id})`
    case 'addGlobalStore': {
      const type = step.store.type === undefined ? '' : `, type: ${quoted(step.store.type)}`
      const made = `const ${step.id} = keyValueStore({ name: ${quoted(step.store.name)}, key: string(), value: string()${type} })`
      return `${made}\nbuilder.addGlobalStore(${step.id}, ${quoted(step.topic)}, { key: string(), value: string() }, () => upperGlobal(${step.id}))`
    }
    case 'process':
    case 'processValues': {
      const kept = step.store === undefined ? quoted(step.lookUp ?? '') : `${step.store}.name`
      const make = step.op === 'process' ? 'processor' : 'fixedKeyProcessor'
      const stores = step.store === undefined ? undefined : `[${kept}]`
      return `${from}.${step.op}(() => ${make}(${quoted(step.processor)}, ${kept})${optionsArgument({ name, stores })})`
    }
  }
}

function split(step: Step & { readonly op: 'split' }): readonly string[] {
  const given = (name: string | undefined): string => (name === undefined ? '' : `{ name: ${quoted(name)} }`)
  const branches = step.branches.map(
    ({ predicate, name }) =>
      `.branch(${valueKey('predicate', predicate)}${name === undefined ? '' : `, ${given(name)}`})`,
  )
  const end =
    step.defaultBranch === undefined ? '.noDefaultBranch()' : `.defaultBranch(${given(step.defaultBranch.name)})`
  const names = step.branches.map(({ id, name }, index) => `${quoted(name ?? String(index + 1))}: ${id}`)
  if (step.defaultBranch !== undefined)
    names.push(`${quoted(step.defaultBranch.name ?? 'default')}: ${step.defaultBranch.id}`)
  return [`const { ${names.join(', ')} } = ${step.from}.split(${given(step.name)})${branches.join('')}${end}`]
}

function reading(step: Step & { readonly op: 'stream' | 'table' }): Readonly<Record<string, string | undefined>> {
  const extractor = step.extractor && fnOf('extractor', step.extractor)
  return {
    timestampExtractor: extractor && `({ value, timestamp }, time) => ${extractor}(text(value), timestamp, time)`,
    onBadTimestamp: extractor === undefined ? step.badTimestamp && quoted(step.badTimestamp) : "'skip'",
    offsetReset: step.offsetReset && quoted(step.offsetReset),
  }
}

function windows({ kind = 'time', sizeMs, advanceMs, graceMs }: Step & { readonly op: 'windowedBy' }): string {
  switch (kind) {
    case 'time': {
      const hops = advanceMs !== undefined && advanceMs !== sizeMs
      return `${hops ? 'hopping' : 'tumbling'}({ sizeMs: ${sizeMs}${hops ? `, advanceMs: ${advanceMs}` : ''}, graceMs: ${graceMs} })`
    }
    case 'sliding':
      return `sliding({ timeDifferenceMs: ${sizeMs}, graceMs: ${graceMs} })`
    case 'session':
      return `sessions({ inactivityGapMs: ${sizeMs}, graceMs: ${graceMs} })`
    case 'unlimited':
      return `unlimited({ startMs: ${sizeMs} })`
  }
}

function partitioner(named: string | undefined): Readonly<Record<string, string | undefined>> {
  if (named === undefined) return {}
  const chosen = `${fnOf('partitions', named)}(text(key), text(value))`
  const partitions = `(chosen => chosen === 'default' ? undefined : Array.from(chosen, Number))(${chosen})`
  return { partitioner: `(value, key) => ${partitions}` }
}

function isCogrouped(id: StepId, topology: TopologySpec): boolean {
  const step = topology.find(candidate => 'id' in candidate && candidate.id === id)
  return step?.op === 'cogroup' || (step?.op === 'windowedBy' && isCogrouped(step.from, topology))
}

function isSession(id: StepId, topology: TopologySpec): boolean {
  return topology.some(step => step.op === 'windowedBy' && step.id === id && step.kind === 'session')
}

function joinOf(kind: 'inner' | 'left' | 'outer'): string {
  return { inner: 'join', left: 'leftJoin', outer: 'outerJoin' }[kind]
}

function fnOf(kind: FunctionKind, name: string): string {
  return calledAs({ kind, name })
}

function valueKey(kind: FunctionKind, name: string): string {
  return `(value, key) => ${fnOf(kind, name)}(text(key), text(value))`
}

function twoOf(kind: FunctionKind, name: string): string {
  return `(aggregate, value) => ${fnOf(kind, name)}(text(aggregate), text(value))`
}

function adderOf(name: string): string {
  return `(aggregate, value, key) => ${fnOf('aggregation', name)}.add(text(key), text(value), text(aggregate))`
}

function tableJoiner(name: string): string {
  return `(value, other) => ${fnOf('joiner', name)}('k', text(value), text(other))`
}

/** `{ … }` of what is there, or nothing, as the only argument. */
function only(fields: Readonly<Record<string, string | undefined>>): string {
  return optionsArgument(fields).slice(2)
}
