import type { AggregateFunction } from '../operators/aggregate.ts'
import type { GraphEntry, RepartitionEntry } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { aggregateTableState } from '../topology/table-state.ts'
import {
  type AggregationOptions,
  aggregationSpec,
  type GroupPoint,
  type WindowedBy,
  windowedKeySerde,
} from './aggregation.ts'
import { addLate } from './late.ts'
import type { TablePoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'
import { processorEntry } from './steps.ts'
import { storeChoice, tableStore, windowedTableStore } from './store-options.ts'

type Aggregator = Extract<AggregateFunction, { kind: 'aggregate' }>['aggregator']

/** Grouped streams that go into one aggregate. */
export interface CogroupPoint {
  readonly inputs: readonly { readonly group: GroupPoint; readonly aggregator: Aggregator }[]
  /** The repartitions that an aggregation has put there: a second one takes numbers but uses the same topics. */
  readonly repartitioned: Map<GroupPoint, RepartitionEntry>
}

/** One store, an aggregation for each stream that writes to it, and a node where their results come together. */
export function addCogroup(
  { inputs, repartitioned }: CogroupPoint,
  initializer: () => unknown,
  options: AggregationOptions = {},
  windowedBy?: WindowedBy,
): TablePoint {
  const { graph } = inputs[0]!.group
  const { names } = graph
  const choice = storeChoice(options.store, options)
  const storeName = choice.name ?? names.store('COGROUPKSTREAM-AGGREGATE-')
  const given = optionalName(options.name, 'operator')
  const keySerde = choice.key ?? inputs.map(({ group }) => group.keySerde).find(serde => serde !== undefined)
  const serdes = { keySerde, valueSerde: choice.value }
  const store =
    windowedBy === undefined
      ? tableStore(storeName, choice, serdes)
      : windowedTableStore(storeName, choice, serdes, windowedBy)

  for (const { group } of inputs) {
    if (!group.repartitionRequired) continue
    const made = repartitionOf(group, storeName)
    if (repartitioned.has(group)) continue
    const entry = group.groupName === undefined ? made : (group.shared.repartition ??= made)
    graph.add(entry, [group.entry])
    repartitioned.set(group, entry)
  }
  const parents = inputs.map(({ group }) => repartitioned.get(group) ?? group.entry)
  // Kafka Streams has the topics in front of the repartitions agree, from which those take their partition counts.
  const sources = [...new Set(inputs.flatMap(({ group }) => group.sources))]

  const table = aggregateTableState(storeName, windowedBy?.windows.type, choice.historyRetentionMs)
  const aggregationNames = inputs.map((_input, index) =>
    names.processorOr(given && `${given}-cogroup-agg-${index}`, 'COGROUPKSTREAM-AGGREGATE-'),
  )
  const name = names.processorOr(given && `${given}-cogroup-merge`, 'COGROUPKSTREAM-MERGE-')
  const aggregations = inputs.map(({ aggregator }, index): GraphEntry => {
    const aggregate = { kind: 'aggregate', initializer, aggregator } as const
    return {
      kind: 'processor',
      name: aggregationNames[index]!,
      parents: [],
      operator: () => aggregationSpec(storeName, aggregate, table.sendsOldValues(), windowedBy, name),
      connects: () => [],
      owns: () => [store],
    }
  })
  const entry = processorEntry(name, { type: 'passThrough' })
  aggregations.forEach((aggregation, index) => graph.add(aggregation, [parents[index]!]))
  graph.add(entry, aggregations)
  graph.addCopartitioned({ operator: name, sources })
  const read = inputs.flatMap(({ group }) => repartitioned.get(group)?.name ?? group.sources)
  addLate(aggregations, { graph, name, sources: read, keySerde: store.keySerde }, windowedBy?.onLate)
  return {
    graph,
    entry,
    name,
    sources: [name],
    keySerde: windowedBy === undefined ? store.keySerde : windowedKeySerde(store.keySerde, windowedBy.windows),
    valueSerde: store.valueSerde,
    table,
    storeName: choice.name,
  }
}

function repartitionOf(group: GroupPoint, storeName: string): RepartitionEntry {
  return repartitionEntry(group.graph, {
    prefix: group.groupName ?? storeName,
    calledFor: group.calledFor,
    partitions: group.partitions,
    keySerde: group.keySerde,
    valueSerde: group.valueSerde,
  })
}
