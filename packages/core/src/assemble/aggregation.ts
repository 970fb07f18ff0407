import type { AggregateFunction } from '../operators/aggregate.ts'
import type { EmitStrategy, WindowsSpec } from '../windows/windows-spec.ts'
import type { OperatorSpec } from '../operators/spec.ts'
import type { SessionAggregateSpec } from '../operators/session-aggregate.ts'
import type { Serde } from '../serde/serde.ts'
import { sessionWindowed, timeWindowed } from '../serde/windowed-serdes.ts'
import type { GraphEntry, RepartitionEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { aggregateTableState, type TableState } from '../topology/table-state.ts'
import { addLate, lateName, type OnLate } from './late.ts'
import type { StreamPoint, TablePoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'
import { type GivenSerdes, type StoreOption, storeChoice, tableStore, windowedTableStore } from './store-options.ts'

/** A grouped stream. With `groupName`, its aggregations share one repartition topic. */
export interface GroupPoint extends StreamPoint {
  readonly groupName: string | undefined
  readonly partitions: number | undefined
  readonly calledFor: 'groupBy' | 'groupByKey'
  readonly shared: { repartition?: RepartitionEntry }
}

export interface AggregationOptions extends GivenSerdes {
  readonly name?: string | undefined
  readonly store?: StoreOption | undefined
}

/** What a windowed stream adds to its group. */
export interface WindowedBy {
  readonly windows: WindowsSpec
  readonly emit: EmitStrategy
  readonly merger?: SessionAggregateSpec['merger']
  readonly onLate?: OnLate
}

/** `count`, `reduce` or `aggregate`, over windows or without. */
export function addAggregation(
  group: GroupPoint,
  aggregate: AggregateFunction,
  options: AggregationOptions | undefined,
  valueSerde: Serde<unknown> | undefined,
  windowedBy?: WindowedBy,
): TablePoint {
  const { names } = group.graph
  const prefix = aggregate.kind === 'reduce' ? 'KSTREAM-REDUCE-' : 'KSTREAM-AGGREGATE-'
  const choice = storeChoice(options?.store, options)
  // Kafka Streams spends a number here that it needs for nothing, when count gets store settings without a name.
  const spends = aggregate.kind === 'count' && windowedBy?.windows.type !== 'sliding'
  if (spends && choice.given && choice.name === undefined) names.store(prefix)
  const storeName = choice.name ?? names.store(prefix)
  const name = names.processorOr(optionalName(options?.name, 'operator'), prefix)
  const serdes = { keySerde: group.keySerde, valueSerde }
  const store =
    windowedBy === undefined
      ? tableStore(storeName, choice, serdes)
      : windowedTableStore(storeName, choice, serdes, windowedBy)

  const parent = group.repartitionRequired ? addGroupRepartition(group, storeName) : undefined
  const table = aggregateTableState(storeName, windowedBy?.windows.type, choice.historyRetentionMs)
  const entry = aggregationEntry(name, store, aggregate, table, windowedBy)
  group.graph.add(entry, [parent ?? group.entry])
  const sources = parent === undefined ? group.sources : [parent.name]
  addLate([entry], { graph: group.graph, name, sources, keySerde: store.keySerde }, windowedBy?.onLate)
  return {
    graph: group.graph,
    entry,
    name,
    sources,
    keySerde: windowedBy === undefined ? store.keySerde : windowedKeySerde(store.keySerde, windowedBy.windows),
    valueSerde: store.valueSerde,
    table,
    storeName: choice.name,
  }
}

/** The serde of a windowed table's keys, where that of the keys inside is known. */
export function windowedKeySerde(inner: Serde<unknown> | undefined, windows: WindowsSpec): Serde<unknown> | undefined {
  if (inner === undefined) return undefined
  if (windows.type === 'session') return sessionWindowed(inner) as Serde<unknown>
  if (windows.type === 'custom') return timeWindowed(inner, { windows }) as Serde<unknown>
  const sizeMs = windows.type === 'sliding' ? windows.timeDifferenceMs : windows.sizeMs
  return timeWindowed(inner, { sizeMs }) as Serde<unknown>
}

function addGroupRepartition(group: GroupPoint, storeName: string): RepartitionEntry {
  const made = repartitionEntry(group.graph, {
    prefix: group.groupName ?? storeName,
    calledFor: group.calledFor,
    partitions: group.partitions,
    keySerde: group.keySerde,
    valueSerde: group.valueSerde,
  })
  const entry = group.groupName === undefined ? made : (group.shared.repartition ??= made)
  group.graph.add(entry, [group.entry])
  return entry
}

function aggregationEntry(
  name: string,
  store: StoreDraft,
  aggregate: AggregateFunction,
  table: TableState,
  windowedBy: WindowedBy | undefined,
): GraphEntry {
  return {
    kind: 'processor',
    name,
    parents: [],
    operator: () => aggregationSpec(store.name, aggregate, table.sendsOldValues(), windowedBy, name),
    connects: () => [],
    owns: () => [store],
  }
}

/** What the node of an aggregation does. `lateOf`: the operator by whose name goes what is late. */
export function aggregationSpec(
  store: string,
  aggregate: AggregateFunction,
  sendOldValues: boolean,
  windowedBy: WindowedBy | undefined,
  lateOf: string,
): OperatorSpec {
  const common = { store, function: aggregate, sendOldValues }
  if (windowedBy === undefined) return { type: 'aggregate', ...common }
  const { windows, emit, merger, onLate } = windowedBy
  const windowed = { ...common, emit, ...(onLate === undefined ? {} : { late: lateName(lateOf, onLate) }) }
  switch (windows.type) {
    case 'time':
    case 'unlimited':
    case 'custom':
      return { type: 'windowAggregate', windows, ...windowed }
    case 'sliding':
      return { type: 'slidingAggregate', windows, ...windowed }
    case 'session':
      return { type: 'sessionAggregate', windows, merger, ...windowed }
  }
}
