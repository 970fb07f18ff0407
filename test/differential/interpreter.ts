import {
  type CogroupedKStream,
  hopping,
  joinWindows,
  type KGroupedStream,
  type KStream,
  type KTable,
  long,
  type Plan,
  type Serde,
  sessions,
  type SessionWindowedCogroupedKStream,
  type SessionWindowedKStream,
  sessionWindowed,
  sliding,
  StreamsBuilder,
  string,
  type TimeWindowedCogroupedKStream,
  type TimeWindowedKStream,
  timeWindowed,
  tumbling,
  unlimited,
  type Windowed,
  type WindowsSpec,
} from '@millrace/core'
import { CATALOGUE, text } from './catalogue.ts'
import { type GroupedTableResult, tableOnly } from './interpret-tables.ts'
import type {
  AggregateStep,
  BranchStep,
  CogroupStep,
  CountStep,
  FilterStep,
  MapValuesStep,
  ReduceStep,
  SplitStep,
  Step,
  StepId,
  StoreSpec,
  StreamStreamJoinStep,
  StreamTableJoinStep,
  TopologySpec,
  WindowedByStep,
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
    | { readonly kind: 'sessions'; readonly it: SessionWindowedKStream<Datum, Datum, Known> }
    | { readonly kind: 'cogrouped'; readonly it: CogroupedKStream<Datum, Datum> }
    | {
        readonly kind: 'windowedCogrouped'
        readonly it: TimeWindowedCogroupedKStream<Datum, Datum>
        readonly sizeMs: number
      }
    | { readonly kind: 'sessionCogrouped'; readonly it: SessionWindowedCogroupedKStream<Datum, Datum> }
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
      const from = read(step.from, 'grouped', 'cogrouped')
      if (from.kind === 'cogrouped') return windowedCogroup(windowsOf(step), from)
      const emit = step.emit === undefined ? {} : { emitStrategy: step.emit }
      const windows = windowsOf(step)
      if (windows.type === 'session') return { ...from, kind: 'sessions', it: from.it.windowedBy(windows, emit) }
      const sizeMs = windows.type === 'sliding' ? windows.timeDifferenceMs : windows.sizeMs
      return { ...from, kind: 'windowed', sizeMs, it: from.it.windowedBy(windows, emit) }
    }
    case 'count':
    case 'reduce':
    case 'aggregate':
      return aggregate(step, read(step.from, ...GROUPED))
    case 'cogroup':
      return cogroup(step, read)
    case 'toStream': {
      const from = read(step.from, 'table')
      return stream(from.it.toStream(name(step)), from)
    }
    case 'streamJoin':
      return streamJoin(step, read(step.from, 'stream'), read(step.with, 'stream'))
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
        { string: STRING, long: LONG },
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

const GROUPED = ['grouped', 'windowed', 'sessions', 'cogrouped', 'windowedCogrouped', 'sessionCogrouped'] as const

function cogroup(step: CogroupStep, read: Read): Result {
  const { add } = CATALOGUE.aggregation[step.aggregation]
  const aggregator = (key: Datum, value: Datum, so: Datum): Datum | null => add(text(key), text(value), text(so))
  if (step.with === undefined) {
    const from = read(step.from, 'grouped')
    return { key: from.key, value: STRING, kind: 'cogrouped', it: from.it.cogroup<Datum>(aggregator) }
  }
  const from = read(step.from, 'cogrouped')
  return { ...from, it: from.it.cogroup(read(step.with, 'grouped').it, aggregator) }
}

function windowedCogroup(windows: WindowsSpec, { it, key, value }: Of<'cogrouped'>): Result {
  if (windows.type === 'session') return { key, value, kind: 'sessionCogrouped', it: it.windowedBy(windows) }
  const sizeMs = windows.type === 'sliding' ? windows.timeDifferenceMs : windows.sizeMs
  return { key, value, kind: 'windowedCogrouped', sizeMs, it: it.windowedBy(windows) }
}

function aggregateCogrouped(
  step: AggregateStep,
  from: Of<'cogrouped' | 'windowedCogrouped' | 'sessionCogrouped'>,
): Result {
  const { initial, merge } = CATALOGUE.aggregation[step.aggregation]
  const options = { ...name(step), ...givenStore(step.store ?? {}, { key: from.key, value: STRING }) }
  if (from.kind === 'cogrouped')
    return table(
      from.it.aggregate(() => initial, options),
      { key: from.key, value: STRING },
    )
  if (from.kind === 'windowedCogrouped') {
    const key = timeWindowed(from.key, { sizeMs: from.sizeMs }) as unknown as Serde<Datum>
    return table(
      from.it.aggregate(() => initial, options),
      { key, value: STRING },
    )
  }
  const merger = (key: Datum, one: Datum, other: Datum): Datum => merge(text(key), text(one), text(other))
  const key = sessionWindowed(from.key) as unknown as Serde<Datum>
  return table(
    from.it.aggregate(() => initial, merger, options),
    { key, value: STRING },
  )
}

function aggregate(step: CountStep | ReduceStep | AggregateStep, from: Of<(typeof GROUPED)[number]>): Result {
  if (from.kind === 'cogrouped' || from.kind === 'windowedCogrouped' || from.kind === 'sessionCogrouped') {
    if (step.op !== 'aggregate') throw new Error('a cogrouped stream can only be aggregated')
    return aggregateCogrouped(step, from)
  }
  const { key } = from
  const resultKey = resultKeyOf(from)
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
      const { initial, add, merge } = CATALOGUE.aggregation[step.aggregation]
      const options = { ...name(step), ...givenStore(step.store ?? {}, { key, value: STRING }) }
      if (from.kind === 'sessions') {
        const aggregated = from.it.aggregate<Datum>(
          () => initial,
          (itsKey, value, result) => add(text(itsKey), text(value), text(result)),
          (itsKey, one, other) => merge(text(itsKey), text(one), text(other)),
          options,
        )
        return table(aggregated, { key: resultKey, value: STRING })
      }
      const aggregated = it.aggregate<Datum>(
        () => initial,
        (itsKey, value, result) => add(text(itsKey), text(value), text(result)),
        options,
      )
      return table(aggregated, { key: resultKey, value: STRING })
    }
  }
}

function streamJoin(step: StreamStreamJoinStep, from: Of<'stream'>, other: Of<'stream'>): Result {
  const named = CATALOGUE.joiner[step.joiner]
  const joiner = (value: unknown, otherValue: unknown, key: unknown): unknown =>
    named(text(key), text(value), text(otherValue))
  const { beforeMs, afterMs, graceMs, storeName, logging } = step
  const options = {
    ...serdes(from),
    ...name(step),
    otherValue: other.value,
    windows: joinWindows({ beforeMs, afterMs, graceMs }),
    ...(storeName === undefined ? {} : { storeName }),
    ...(logging === undefined ? {} : { logging }),
  }
  const result = { key: from.key, value: STRING }
  if (step.kind === 'inner') return stream(from.it.join(other.it, joiner, options), result)
  if (step.kind === 'left') return stream(from.it.leftJoin(other.it, joiner, options), result)
  return stream(from.it.outerJoin(other.it, joiner, options), result)
}

function resultKeyOf(from: Of<'grouped' | 'windowed' | 'sessions'>): Serde<Datum> {
  const { key } = from
  if (from.kind === 'grouped') return key
  const windowed = from.kind === 'sessions' ? sessionWindowed(key) : timeWindowed(key, { sizeMs: from.sizeMs })
  return windowed
}

function windowsOf({ kind = 'time', sizeMs, advanceMs = sizeMs, graceMs }: WindowedByStep): WindowsSpec {
  switch (kind) {
    case 'time':
      return advanceMs === sizeMs ? tumbling({ sizeMs, graceMs }) : hopping({ sizeMs, advanceMs, graceMs })
    case 'sliding':
      return sliding({ timeDifferenceMs: sizeMs, graceMs })
    case 'session':
      return sessions({ inactivityGapMs: sizeMs, graceMs })
    case 'unlimited':
      return unlimited({ startMs: sizeMs })
  }
}

function join(step: StreamTableJoinStep, from: Of<'stream'>, other: Of<'table'>): Result {
  const joiner = CATALOGUE.joiner[step.joiner]
  const join = (value: unknown, tableValue: unknown, key: unknown): unknown =>
    joiner(text(key), text(value), text(tableValue))
  const options = { ...serdes(from), ...name(step) }
  const joined = step.op === 'join' ? from.it.join(other.it, join, options) : from.it.leftJoin(other.it, join, options)
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
