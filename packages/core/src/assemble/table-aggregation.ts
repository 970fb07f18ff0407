import type { TableAggregateFunction } from '../operators/table-aggregate.ts'
import { change } from '../formats/change.ts'
import type { Serde } from '../serde/serde.ts'
import type { GraphEntry, RepartitionEntry } from '../topology/graph.ts'
import { REPARTITION_SUFFIX } from '../topology/internal-topics.ts'
import { optionalName } from '../topology/naming.ts'
import { requiredSerdes } from '../topology/required-serdes.ts'
import { aggregateTableState, versionedSemantics } from '../topology/table-state.ts'
import type { AggregationOptions } from './aggregation.ts'
import type { BasePoint, TablePoint } from './point.ts'
import { storeChoice, tableStore } from './store-options.ts'

/** A grouped table. With `groupName`, its aggregations share one repartition topic. */
export interface TableGroupPoint extends BasePoint {
  readonly groupName: string | undefined
  readonly shared: { repartition?: RepartitionEntry; topic?: string }
}

/** `KTable.groupBy`: the table's updates must carry old values, for they are taken out of the aggregates again. */
export function addTableGroup(
  from: TablePoint,
  selector: (value: never, key: never) => unknown,
  options: { readonly name?: string | undefined; readonly key?: Serde<unknown>; readonly value?: Serde<unknown> } = {},
): TableGroupPoint {
  const groupName = optionalName(options.name, 'grouping')
  const name = from.graph.names.processorOr(groupName, 'KTABLE-SELECT-')
  const { key: keySerde, value: valueSerde } = options
  const shared: TableGroupPoint['shared'] = {}
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({
      type: 'tableGroup',
      selector: selector as never,
      keySerde: requiredSerdes({ keySerde, valueSerde }, `grouping "${name}"`, 'groupBy()').keySerde,
      topic: shared.topic ?? name,
      ...versionedSemantics(from.table),
    }),
    connects: () => [],
    owns: () => [],
  }
  from.graph.add(entry, [from.entry])
  from.table.enableSendingOldValues(true)
  return { graph: from.graph, entry, name, sources: from.sources, keySerde, valueSerde, groupName, shared }
}

/** `count`, `reduce` or `aggregate` of a grouped table. */
export function addTableAggregation(
  group: TableGroupPoint,
  aggregate: TableAggregateFunction,
  options: AggregationOptions | undefined,
  valueSerde: Serde<unknown> | undefined,
): TablePoint {
  const { graph } = group
  const { names } = graph
  const choice = storeChoice(options?.store, options)
  const storeName = choice.name ?? names.store('KTABLE-AGGREGATE-')
  const given = optionalName(options?.name, 'operator')
  const sinkName = names.processorOr(given && `${given}-sink`, 'KSTREAM-SINK-')
  const sourceName = names.processorOr(given && `${given}-source`, 'KSTREAM-SOURCE-')
  const name = names.processorOr(given, aggregate.kind === 'reduce' ? 'KTABLE-REDUCE-' : 'KTABLE-AGGREGATE-')
  const made: RepartitionEntry = {
    kind: 'repartition',
    name: sourceName,
    filterName: undefined,
    sinkName,
    parents: [],
    topic: (group.groupName ?? storeName) + REPARTITION_SUFFIX,
    partitions: undefined,
    partitioner: undefined,
    keySerde: group.keySerde,
    valueSerde: group.valueSerde === undefined ? undefined : change(group.valueSerde),
    calledFor: 'groupBy',
  }
  const repartition = group.groupName === undefined ? made : (group.shared.repartition ??= made)
  graph.add(repartition, [group.entry])
  group.shared.topic ??= repartition.topic

  const table = aggregateTableState(storeName, undefined, choice.historyRetentionMs)
  const store = tableStore(storeName, choice, { keySerde: group.keySerde, valueSerde })
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({
      type: 'tableAggregate',
      store: storeName,
      function: aggregate,
      sendOldValues: table.sendsOldValues(),
    }),
    connects: () => [],
    owns: () => [store],
  }
  graph.add(entry, [repartition])
  const { keySerde } = store
  return {
    graph,
    entry,
    name,
    sources: [sourceName],
    keySerde,
    valueSerde: store.valueSerde,
    table,
    storeName: choice.name,
  }
}
