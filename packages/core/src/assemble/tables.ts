import { millraceError } from '../errors/millrace-error.ts'
import type { ValueFn } from '../operators/spec.ts'
import type { Graph, GraphEntry } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import {
  filteredTableState,
  type KeptTable,
  mappedTableState,
  sourceTableState,
  transformedTableState,
  versionedSemantics,
} from '../topology/table-state.ts'
import { addLate, lateName, type OnLate } from './late.ts'
import type { ProcessOptions, TopicsRead } from '../dsl/options.ts'
import { type StreamPoint, streamPoint, type TablePoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'
import { type Settings, sourceReading } from './source-reading.ts'
import { type GivenSerdes, type StoreChoice, type StoreOption, storeChoice, tableStore } from './store-options.ts'
import { connectedStores, processorEntry } from './steps.ts'

interface TableOptions extends GivenSerdes {
  readonly name?: string | undefined
  readonly store?: StoreOption | undefined
}

interface ToTableOptions extends TableOptions {
  readonly onLate?: OnLate
}

type SourceTableOptions = ToTableOptions & Settings

/** `builder.table(topic)`. */
export function addTable(graph: Graph, topics: TopicsRead, options: SourceTableOptions): TablePoint {
  const { name: givenName, store: givenStore, key, value, onLate, ...settings } = options
  const reading = sourceReading('table', topics, settings)
  const choice = storeChoice(givenStore, { key, value })
  const storeName = choice.name ?? graph.names.store(typeof topics === 'string' ? `${topics}-` : 'KTABLE-SOURCE-')
  const given = optionalName(givenName, 'operator')
  const sourceName = graph.names.processorOr(given === undefined ? undefined : `${given}-source`, 'KSTREAM-SOURCE-')
  const name = graph.names.processorOr(given, 'KTABLE-SOURCE-')
  const { key: keySerde, value: valueSerde } = choice
  const table = sourceTableState(storeName, choice.name !== undefined, choice.historyRetentionMs)
  const entry: GraphEntry = {
    kind: 'tableSource',
    name,
    sourceName,
    late: lateOf(name, onLate, choice),
    parents: [],
    reading,
    keySerde,
    valueSerde,
    table,
    store: tableStore(storeName, choice, { keySerde, valueSerde }),
  }
  graph.add(entry, [])
  addLate([entry], { graph, name, sources: [sourceName], keySerde }, onLate)
  return { graph, entry, name, sources: [sourceName], keySerde, valueSerde, table, storeName: choice.name }
}

/** `stream.toTable()`. */
export function addToTable(from: StreamPoint, options: ToTableOptions): TablePoint {
  const { graph } = from
  const name = graph.names.processorOr(optionalName(options.name, 'operator'), 'KSTREAM-TOTABLE-')
  const choice = storeChoice(options.store, options)
  const storeName = choice.name ?? graph.names.store('KSTREAM-TOTABLE-')
  const keySerde = choice.key ?? from.keySerde
  const valueSerde = choice.value ?? from.valueSerde
  let parent = from.entry
  let { sources } = from
  if (from.repartitionRequired) {
    parent = repartitionEntry(graph, { prefix: name, calledFor: 'toTable', keySerde, valueSerde })
    graph.add(parent, [from.entry])
    sources = [parent.name]
  }
  const table = sourceTableState(storeName, choice.name !== undefined, choice.historyRetentionMs)
  const store = tableStore(storeName, choice, { keySerde, valueSerde })
  const late = lateOf(name, options.onLate, choice)
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({
      type: 'toTable',
      store: table.store(),
      sendOldValues: table.sendsOldValues(),
      ...(late === undefined ? {} : { late }),
    }),
    connects: () => [],
    owns: () => (table.store() === undefined ? [] : [store]),
  }
  graph.add(entry, [parent])
  addLate([entry], { graph, name, sources, keySerde }, options.onLate)
  return { graph, entry, name, sources, keySerde, valueSerde, table, storeName: choice.name }
}

/** The name of the child for what is late, where one was asked for. */
function lateOf(operator: string, onLate: OnLate, choice: StoreChoice): string | undefined {
  if (onLate !== undefined && choice.historyRetentionMs === undefined) {
    const reason = 'only a versioned table has late records: onLate requires a store with historyRetentionMs'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `table "${operator}"`, reason })
  }
  return lateName(operator, onLate)
}

export function addTableFilter(
  from: TablePoint,
  step: { readonly predicate: ValueFn<boolean>; readonly negate: boolean },
  options: TableOptions,
): TablePoint {
  const { choice, name, store } = derivedTable(from, 'KTABLE-FILTER-', options)
  const keySerde = choice.key ?? from.keySerde
  const valueSerde = choice.value ?? from.valueSerde
  const table = filteredTableState(from.table, step, keptAs(store, choice))
  const owned = store === undefined ? [] : [tableStore(store, choice, { keySerde, valueSerde })]
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({
      type: 'tableFilter',
      ...step,
      store,
      sendOldValues: table.sendsOldValues(),
      ...versionedSemantics(from.table),
    }),
    connects: () => [],
    owns: () => owned,
  }
  from.graph.add(entry, [from.entry])
  return { ...from, entry, name, keySerde, valueSerde, table, storeName: choice.name }
}

export function addTableMapValues(from: TablePoint, mapper: ValueFn<unknown>, options: TableOptions): TablePoint {
  const { choice, name, store } = derivedTable(from, 'KTABLE-MAPVALUES-', options)
  const keySerde = choice.key ?? from.keySerde
  const valueSerde = choice.value ?? from.valueSerde
  const table = mappedTableState(from.table, mapper, keptAs(store, choice))
  const owned = store === undefined ? [] : [tableStore(store, choice, { keySerde, valueSerde })]
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'tableMapValues', mapper, store, sendOldValues: table.sendsOldValues() }),
    connects: () => [],
    owns: () => owned,
  }
  from.graph.add(entry, [from.entry])
  return { ...from, entry, name, keySerde, valueSerde, table, storeName: choice.name }
}

/** Here store settings without a name do not even spend a number. */
export function addTableTransformValues(
  from: TablePoint,
  supplier: () => unknown,
  options: TableOptions & { readonly stores?: ProcessOptions['stores'] },
): TablePoint {
  const choice = storeChoice(options.store, options)
  const name = from.graph.names.processorOr(optionalName(options.name, 'operator'), 'KTABLE-TRANSFORMVALUES-')
  const store = choice.name
  const keySerde = choice.key ?? from.keySerde
  const valueSerde = choice.value ?? from.valueSerde
  const table = transformedTableState(from.table, supplier, keptAs(store, choice))
  const owned = store === undefined ? [] : [tableStore(store, choice, { keySerde, valueSerde })]
  const stores = connectedStores(from.graph, options.stores)
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'tableTransformValues', supplier, store, sendOldValues: table.sendsOldValues() }),
    connects: stores,
    owns: () => owned,
  }
  from.graph.add(entry, [from.entry])
  return { ...from, entry, name, keySerde, valueSerde, table, storeName: choice.name }
}

/** Store settings without a name give no store here, but a number is spent for one. */
function derivedTable(from: TablePoint, prefix: string, options: TableOptions) {
  const { names } = from.graph
  const choice = storeChoice(options.store, options)
  if (choice.given && choice.name === undefined) names.store(prefix)
  const name = names.processorOr(optionalName(options.name, 'operator'), prefix)
  return { choice, name, store: choice.name }
}

function keptAs(store: string | undefined, { given, historyRetentionMs }: StoreChoice): KeptTable {
  return { store, given, historyRetentionMs }
}

export function addToStream(from: TablePoint, givenName: string | undefined): StreamPoint {
  const { graph, sources, keySerde, valueSerde } = from
  const name = graph.names.processorOr(optionalName(givenName, 'operator'), 'KTABLE-TOSTREAM-')
  const entry = processorEntry(name, { type: 'tableToStream' })
  graph.add(entry, [from.entry])
  return streamPoint({ graph, entry, name, sources, keySerde, valueSerde, repartitionRequired: false })
}
