import {
  type KGroupedStream,
  type KStream,
  type KTable,
  long,
  type Plan,
  type Serde,
  StreamsBuilder,
  string,
  type TimeWindowedKStream,
  timeWindowed,
  tumbling,
  type Windowed,
} from '@millrace/core'
import { CATALOGUE, text } from './catalogue.ts'
import { type GroupedTableResult, tableOnly } from './interpret-tables.ts'
import type {
  AggregateStep,
  BranchStep,
  CountStep,
  FilterStep,
  MapValuesStep,
  ReduceStep,
  SplitStep,
  Step,
  StepId,
  StoreSpec,
  StreamTableJoinStep,
  TopologySpec,
} from './spec.ts'

/** The plan that the steps of a spec describe; the Java side's `Interpreter.java` does the same with Kafka Streams. */
export function interpret(spec: TopologySpec): Plan {
  const builder = new StreamsBuilder()
  const results = new Map<StepId, Result>()
  for (const step of spec) {
    for (const [id, result] of carryOut(step, builder, reader(results))) {
      if (results.has(id)) throw new Error(`two steps have the id "${id}"`)
      results.set(id, result)
    }
  }
  return builder.build()
}

/** A key or a value. Which of them is for the spec to say, so the types of the DSL are of no help here. */
type Datum = string | bigint | Windowed<unknown>

/** What a step gives, with the serdes of its keys and values. */
type Result = Serdes &
  (
    | { readonly kind: 'stream'; readonly it: KStream<Datum, Datum, Known> }
    | { readonly kind: 'table'; readonly it: KTable<Datum, Datum, Known> }
    | { readonly kind: 'grouped'; readonly it: KGroupedStream<Datum, Datum, Known> }
    | GroupedTableResult
    | { readonly kind: 'windowed'; readonly it: TimeWindowedKStream<Datum, Datum, Known>; readonly sizeMs: number }
  )

interface Serdes {
  readonly key: Serde<Datum>
  readonly value: Serde<Datum>
}

// All serdes are given wherever they may be asked for, so the types need not follow which are known.
type Known = 'key' | 'value'
type Kind = Result['kind']
type Of<K extends Kind> = Extract<Result, { readonly kind: K }>
type Read = <K extends Kind>(id: StepId, ...kinds: readonly K[]) => Of<K>

const STRING = string() as unknown as Serde<Datum>
const LONG = long() as unknown as Serde<Datum>
const STRINGS: Serdes = { key: STRING, value: STRING }

function reader(results: ReadonlyMap<StepId, Result>): Read {
  return <K extends Kind>(id: StepId, ...kinds: readonly K[]): Of<K> => {
    const found = results.get(id)
    if (found === undefined) throw new Error(`no step has the id "${id}"`)
    if (!kinds.some(kind => kind === found.kind))
      throw new Error(`"${id}" is a ${found.kind}, not a ${kinds.join(' or ')}`)
    return found as Of<K>
  }
}

function carryOut(step: Step, builder: StreamsBuilder, read: Read): readonly (readonly [StepId, Result])[] {
  switch (step.op) {
    case 'split':
      return split(step, read(step.from, 'stream'))
    case 'to': {
      const from = read(step.from, 'stream')
      from.it.to(step.topic, { ...serdes(from), ...name(step) })
      return []
    }
    default:
      return [[step.id, resultOf(step, builder, read)]]
  }
}

function resultOf(step: Exclude<Step, { op: 'split' | 'to' }>, builder: StreamsBuilder, read: Read): Result {
  switch (step.op) {
    case 'stream':
      return { ...STRINGS, kind: 'stream', it: builder.stream(step.topics, { ...STRINGS, ...name(step) }) }
    case 'table': {
      const options = { ...STRINGS, ...name(step), ...store(step, STRINGS) }
      return { ...STRINGS, kind: 'table', it: builder.table(step.topic, options) }
    }
    case 'filter':
    case 'filterNot':
      return filter(step, read(step.from, 'stream', 'table'))
    case 'mapValues':
      return mapValues(step, read(step.from, 'stream', 'table'))
    case 'map': {
      const mapper = CATALOGUE.pairMapper[step.mapper]
      return stream(
        read(step.from, 'stream').it.map((key, value) => mapper(text(key), text(value)), name(step)),
        STRINGS,
      )
    }
    case 'flatMap': {
      const mapper = CATALOGUE.flatPairMapper[step.mapper]
      const { it } = read(step.from, 'stream')
      return stream(
        it.flatMap((key, value) => mapper(text(key), text(value)), name(step)),
        STRINGS,
      )
    }
    case 'flatMapValues': {
      const mapper = CATALOGUE.flatValueMapper[step.mapper]
      const { it, key } = read(step.from, 'stream')
      const mapped = it.flatMapValues((value, itsKey) => mapper(text(itsKey), text(value)), name(step))
      return stream(mapped, { key, value: STRING })
    }
    case 'selectKey': {
      const { it, value } = read(step.from, 'stream')
      return stream(it.selectKey(selector(step.selector), name(step)), { key: STRING, value })
    }
    case 'merge': {
      const from = read(step.from, 'stream')
      return stream(from.it.merge(read(step.with, 'stream').it, name(step)), from)
    }
    case 'peek': {
      const from = read(step.from, 'stream')
      return stream(
        from.it.peek(() => undefined, name(step)),
        from,
      )
    }
    case 'repartition': {
      const from = read(step.from, 'stream')
      const partitions = step.partitions === undefined ? {} : { partitions: step.partitions }
      return stream(from.it.repartition({ ...serdes(from), ...name(step), ...partitions }), from)
    }
    case 'toTable': {
      const from = read(step.from, 'stream')
      return { ...from, kind: 'table', it: from.it.toTable({ ...name(step), ...store(step, from) }) }
    }
    case 'groupByKey': {
      const from = read(step.from, 'stream')
      return { ...from, kind: 'grouped', it: from.it.groupByKey({ ...serdes(from), ...name(step) }) }
    }
    case 'groupBy': {
      const { it, value } = read(step.from, 'stream')
      const options = { key: STRING, value, ...name(step) }
      return { kind: 'grouped', key: STRING, value, it: it.groupBy(selector(step.selector), options) }
    }
    case 'windowedBy': {
      const from = read(step.from, 'grouped')
      const { sizeMs, graceMs } = step
      return { ...from, kind: 'windowed', sizeMs, it: from.it.windowedBy(tumbling({ sizeMs, graceMs })) }
    }
    case 'count':
    case 'reduce':
    case 'aggregate':
      return aggregate(step, read(step.from, 'grouped', 'windowed'))
    case 'toStream': {
      const from = read(step.from, 'table')
      return stream(from.it.toStream(name(step)), from)
    }
    case 'tableGroupBy':
    case 'tableCount':
    case 'tableReduce':
    case 'tableAggregate':
    case 'tableJoin':
    case 'foreignKeyJoin':
    case 'suppress':
    case 'transformValues':
      return tableOnly(
        step,
        id => read(id, 'table') as never,
        id => read(id, 'groupedTable'),
        { string: STRING, long: LONG } as never,
      ) as Result
    case 'join':
    case 'leftJoin':
      return join(step, read(step.from, 'stream'), read(step.table, 'table'))
  }
}

function filter(step: FilterStep, from: Of<'stream' | 'table'>): Result {
  const named = CATALOGUE.predicate[step.predicate]
  const predicate = (key: unknown, value: unknown): boolean => named(text(key), text(value))
  if (from.kind === 'stream') return stream(from.it[step.op](predicate, name(step)), from)
  return { ...from, it: from.it[step.op](predicate, { ...name(step), ...store(step, from) }) }
}

function mapValues(step: MapValuesStep, from: Of<'stream' | 'table'>): Result {
  const named = CATALOGUE.valueMapper[step.mapper]
  const mapper = (value: Datum, key: Datum): Datum => named(text(key), text(value)) as Datum
  const result = { key: from.key, value: STRING }
  if (from.kind === 'stream') return stream(from.it.mapValues(mapper, name(step)), result)
  const it =
    step.store === undefined
      ? from.it.mapValues(mapper, name(step))
      : from.it.mapValues(mapper, { ...name(step), ...givenStore(step.store, result) })
  return { ...result, kind: 'table', it: it as KTable<Datum, Datum, Known> }
}

function split(step: SplitStep, from: Of<'stream'>): readonly (readonly [StepId, Result])[] {
  const predicate = (branch: BranchStep) => {
    const named = CATALOGUE.predicate[branch.predicate]
    return (key: unknown, value: unknown): boolean => named(text(key), text(value))
  }
  let branched = from.it.split(name(step)) as unknown as BranchedByName
  for (const branch of step.branches) branched = branched.branch(predicate(branch), name(branch))
  const streams = step.defaultBranch ? branched.defaultBranch(name(step.defaultBranch)) : branched.noDefaultBranch()
  const ids = step.branches.map(({ id, name: given }, index) => [id, given ?? String(index + 1)] as const)
  if (step.defaultBranch) ids.push([step.defaultBranch.id, step.defaultBranch.name ?? 'default'])
  return ids.map(([id, key]) => [id, stream(streams[key] as KStream<Datum, Datum, Known>, from)])
}

/** A stream being split, whose branches the types cannot know here. */
interface BranchedByName {
  branch(predicate: (key: unknown, value: unknown) => boolean, options: { readonly name?: string }): BranchedByName
  defaultBranch(options: { readonly name?: string }): Readonly<Record<string, KStream<Datum, Datum, Known>>>
  noDefaultBranch(): Readonly<Record<string, KStream<Datum, Datum, Known>>>
}

function aggregate(step: CountStep | ReduceStep | AggregateStep, from: Of<'grouped' | 'windowed'>): Result {
  const { key } = from
  const resultKey =
    from.kind === 'grouped' ? key : (timeWindowed(key, { sizeMs: from.sizeMs }) as unknown as Serde<Datum>)
  // Grouped and windowed streams differ in their keys' types only, which are unknown here.
  const it = from.it as KGroupedStream<Datum, Datum, Known>
  switch (step.op) {
    case 'count': {
      const options = { ...name(step), ...store(step, { key, value: LONG }) } as object
      return table(it.count(options), { key: resultKey, value: LONG })
    }
    case 'reduce': {
      if (from.value !== STRING) throw new Error('reduce needs string values')
      const reducer = CATALOGUE.reducer[step.reducer]
      const options = { ...name(step), ...store(step, from) }
      const reduced = it.reduce((result, value) => reducer(text(result), text(value)), options)
      return table(reduced, { key: resultKey, value: STRING })
    }
    case 'aggregate': {
      const { initial, add } = CATALOGUE.aggregation[step.aggregation]
      const options = { ...name(step), ...givenStore(step.store ?? {}, { key, value: STRING }) }
      const aggregated = it.aggregate<Datum>(
        () => initial,
        (itsKey, value, result) => add(text(itsKey), text(value), text(result)),
        options,
      )
      return table(aggregated, { key: resultKey, value: STRING })
    }
  }
}

function join(step: StreamTableJoinStep, from: Of<'stream'>, other: Of<'table'>): Result {
  const joiner = CATALOGUE.joiner[step.joiner]
  const combine = (value: unknown, tableValue: unknown, key: unknown): unknown =>
    joiner(text(key), text(value), text(tableValue))
  const options = { ...serdes(from), ...name(step) }
  const joined =
    step.op === 'join' ? from.it.join(other.it, combine, options) : from.it.leftJoin(other.it, combine, options)
  return stream(joined, { key: from.key, value: STRING })
}

function selector(named: keyof typeof CATALOGUE.keySelector): (key: Datum, value: Datum) => Datum | null {
  return (key, value) => CATALOGUE.keySelector[named](text(key), text(value))
}

function stream(it: unknown, of: Serdes): Result {
  return { ...serdes(of), kind: 'stream', it: it as KStream<Datum, Datum, Known> }
}

function table(it: unknown, of: Serdes): Result {
  return { ...serdes(of), kind: 'table', it: it as KTable<Datum, Datum, Known> }
}

function serdes({ key, value }: Serdes): Serdes {
  return { key, value }
}

function name(step: { readonly name?: string }): { readonly name?: string } {
  return step.name === undefined ? {} : { name: step.name }
}

function store(step: { readonly store?: StoreSpec }, of: Serdes): { readonly store?: StoreSpec & Serdes } {
  return step.store === undefined ? {} : givenStore(step.store, of)
}

function givenStore(given: StoreSpec, of: Serdes): { readonly store: StoreSpec & Serdes } {
  return { store: { ...given, ...serdes(of) } }
}
