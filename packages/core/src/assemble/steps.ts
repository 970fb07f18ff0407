import type { OperatorSpec } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import type { Graph, GraphEntry, ProcessorEntry } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import type { ProcessOptions } from '../dsl/options.ts'
import { type StreamPoint, streamPoint } from './point.ts'

type StepType =
  | 'filter'
  | 'map'
  | 'mapValues'
  | 'mapValuesAsync'
  | 'flatMap'
  | 'flatMapValues'
  | 'selectKey'
  | 'peek'
  | 'foreach'
  | 'print'

interface StepRule {
  readonly prefix: string
  readonly keepsKey: boolean
  readonly keepsValue: boolean
}

/**
 * What each step is called when nobody names it, and which serdes are still right after it: those of values as long as values keep
 * their type, which the compiler has checked.
 */
const RULES: Readonly<Record<StepType, StepRule>> = {
  filter: { prefix: 'KSTREAM-FILTER-', keepsKey: true, keepsValue: true },
  map: { prefix: 'KSTREAM-MAP-', keepsKey: false, keepsValue: false },
  mapValues: { prefix: 'KSTREAM-MAPVALUES-', keepsKey: true, keepsValue: true },
  mapValuesAsync: { prefix: 'KSTREAM-MAPVALUESASYNC-', keepsKey: true, keepsValue: true },
  flatMap: { prefix: 'KSTREAM-FLATMAP-', keepsKey: false, keepsValue: false },
  flatMapValues: { prefix: 'KSTREAM-FLATMAPVALUES-', keepsKey: true, keepsValue: true },
  selectKey: { prefix: 'KSTREAM-KEY-SELECT-', keepsKey: false, keepsValue: true },
  peek: { prefix: 'KSTREAM-PEEK-', keepsKey: true, keepsValue: true },
  foreach: { prefix: 'KSTREAM-FOREACH-', keepsKey: true, keepsValue: true },
  print: { prefix: 'KSTREAM-PRINTER-', keepsKey: true, keepsValue: true },
}

/** Adds an operator without state. A step that does not keep the key makes a repartition necessary later. */
export function addStep(from: StreamPoint, type: StepType, operator: OperatorSpec, givenName?: string): StreamPoint {
  const rule = RULES[type]
  const name = from.graph.names.processorOr(optionalName(givenName, 'operator'), rule.prefix)
  const entry = processorEntry(name, operator)
  from.graph.add(entry, [from.entry])
  return streamPoint({
    ...from,
    entry,
    name,
    keySerde: rule.keepsKey ? from.keySerde : undefined,
    valueSerde: rule.keepsValue ? from.valueSerde : undefined,
    repartitionRequired: from.repartitionRequired || !rule.keepsKey,
  })
}

/** Both streams as one. A serde stays known where both have the same. */
export function addMerge(one: StreamPoint, other: StreamPoint, givenName: string | undefined): StreamPoint {
  const name = one.graph.names.processorOr(optionalName(givenName, 'operator'), 'KSTREAM-MERGE-')
  const entry = processorEntry(name, { type: 'passThrough' })
  one.graph.add(entry, [one.entry, other.entry])
  return streamPoint({
    ...one,
    entry,
    name,
    keySerde: one.keySerde === other.keySerde ? one.keySerde : undefined,
    valueSerde: one.valueSerde === other.valueSerde ? one.valueSerde : undefined,
    sources: [...new Set([...one.sources, ...other.sources])],
    repartitionRequired: one.repartitionRequired || other.repartitionRequired,
  })
}

/** User code with stores. A name given spends no number, as in Kafka Streams. */
export function addProcessor(
  from: StreamPoint,
  supplier: () => unknown,
  fixedKey: boolean,
  options: {
    readonly name?: string
    readonly stores?: ProcessOptions['stores']
    readonly key?: object
    readonly value?: object
  } = {},
): StreamPoint {
  const prefix = fixedKey ? 'KSTREAM-PROCESSVALUES-' : 'KSTREAM-PROCESSOR-'
  const name = optionalName(options.name, 'operator') ?? from.graph.names.processor(prefix)
  const entry = processorEntry(
    name,
    { type: 'process', supplier, fixedKey },
    connectedStores(from.graph, options.stores),
  )
  from.graph.add(entry, [from.entry])
  const givenKey = options.key as Serde<unknown> | undefined
  return streamPoint({
    ...from,
    entry,
    name,
    keySerde: givenKey ?? (fixedKey ? from.keySerde : undefined),
    valueSerde: options.value as Serde<unknown> | undefined,
    repartitionRequired: from.repartitionRequired || !fixedKey,
  })
}

/** The names of the stores that an operator is connected to, once all are known. Those given by their builders are added with it. */
export function connectedStores(graph: Graph, stores: ProcessOptions['stores'] = []): () => readonly string[] {
  for (const store of stores) if (typeof store !== 'string') graph.addStore(store.draft)
  const names = stores.map(store => (typeof store === 'string' ? store : store.name))
  return () => names.filter(name => !graph.globalStores.has(name))
}

export function processorEntry(
  name: string,
  operator: OperatorSpec,
  connects = (): readonly string[] => [],
): ProcessorEntry {
  const parents: GraphEntry[] = []
  return { kind: 'processor', name, parents, operator: () => operator, connects, owns: () => [] }
}
