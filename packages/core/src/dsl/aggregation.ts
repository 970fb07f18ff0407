import type { AggregateFunction, TimeWindowsSpec } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import { timeWindowed } from '../serde/windowed-serdes.ts'
import type { GraphEntry, RepartitionEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { aggregateTableState, type TableState } from '../topology/table-state.ts'
import type { StreamPoint, TablePoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'
import { type StoreChoice, type StoreOption, storeChoice, tableStore, windowedTableStore } from './store-options.ts'

/** A grouped stream. With `groupName`, its aggregations share one repartition topic. */
export interface GroupPoint extends StreamPoint {
  readonly groupName: string | undefined
  readonly partitions: number | undefined
  readonly calledFor: 'groupBy' | 'groupByKey'
  readonly shared: { repartition?: RepartitionEntry }
}

export interface AggregationOptions {
  readonly name?: string | undefined
  readonly store?: StoreOption | undefined
}

/** `count`, `reduce` or `aggregate`, over windows or without. */
export function addAggregation(
  group: GroupPoint,
  aggregate: AggregateFunction,
  options: AggregationOptions | undefined,
  valueSerde: Serde<unknown> | undefined,
  windows?: TimeWindowsSpec,
): TablePoint {
  const { names } = group.graph
  const prefix = aggregate.kind === 'reduce' ? 'KSTREAM-REDUCE-' : 'KSTREAM-AGGREGATE-'
  const choice = storeChoice(options?.store)
  // Kafka Streams spends a number here that it needs for nothing, when count gets store settings without a name.
  if (aggregate.kind === 'count' && choice.given && choice.name === undefined) names.store(prefix)
  const storeName = choice.name ?? names.store(prefix)
  const name = names.processorOr(optionalName(options?.name, 'operator'), prefix)
  const store = storeOf(storeName, choice, { keySerde: group.keySerde, valueSerde }, windows)

  const parent = group.repartitionRequired ? addGroupRepartition(group, storeName) : undefined
  const table = aggregateTableState(storeName, windows !== undefined)
  const entry = aggregationEntry(name, store, aggregate, table, windows)
  group.graph.add(entry, [parent ?? group.entry])
  return {
    graph: group.graph,
    entry,
    name,
    sources: parent === undefined ? group.sources : [parent.name],
    keySerde: windows === undefined ? store.keySerde : windowedKeySerde(store.keySerde, windows),
    valueSerde: store.valueSerde,
    table,
  }
}

function windowedKeySerde(inner: Serde<unknown> | undefined, windows: TimeWindowsSpec): Serde<unknown> | undefined {
  return inner === undefined ? undefined : (timeWindowed(inner, { sizeMs: windows.sizeMs }) as Serde<unknown>)
}

function storeOf(
  name: string,
  choice: StoreChoice,
  serdes: { readonly keySerde: Serde<unknown> | undefined; readonly valueSerde: Serde<unknown> | undefined },
  windows: TimeWindowsSpec | undefined,
): StoreDraft {
  return windows === undefined ? tableStore(name, choice, serdes) : windowedTableStore(name, choice, serdes, windows)
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
  windows: TimeWindowsSpec | undefined,
): GraphEntry {
  const settled = () => ({ store: store.name, function: aggregate, sendOldValues: table.sendsOldValues() })
  return {
    kind: 'processor',
    name,
    parents: [],
    operator: () =>
      windows === undefined ? { type: 'aggregate', ...settled() } : { type: 'windowAggregate', windows, ...settled() },
    connects: () => [],
    owns: () => [store],
  }
}
