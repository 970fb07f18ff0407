import { millraceError } from '../errors/millrace-error.ts'
import type { StreamGlobalJoinSpec } from '../operators/stream-global-join.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreBuilder } from '../state/store-builder.ts'
import { refuseMaxEntries } from '../state/max-entries.ts'
import { refuseTtl } from '../state/ttl.ts'
import type { Graph, GraphEntry, ProcessorEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { type GlobalPoint, type StreamPoint, streamPoint } from './point.ts'
import { sourceReading } from './source-reading.ts'
import { type StoreOption, storeChoice, tableStore } from './store-options.ts'

interface KeptTopicOptions {
  readonly name?: string | undefined
  readonly key?: Serde<unknown> | undefined
  readonly value?: Serde<unknown> | undefined
}

const NOT_WHOLE = 'a global store has the whole of its topic: leave maxEntries out'
const NOT_OURS = 'ttlMs needs a changelog of its own, where tombstones go: who writes the topic has to write them'

/** `builder.globalTable(topic)`. Its store has no changelog: the topic serves as one. */
export function addGlobalTable(
  graph: Graph,
  topic: string,
  options: KeptTopicOptions & { readonly store?: StoreOption | undefined },
): GlobalPoint {
  const choice = storeChoice(options.store, options)
  if (choice.historyRetentionMs !== undefined) {
    const reason = 'a global table cannot be versioned'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `globalTable "${topic}"`, reason })
  }
  refuseTtl(choice, `globalTable "${topic}"`, NOT_OURS)
  refuseMaxEntries(choice, `globalTable "${topic}"`, NOT_WHOLE)
  const storeName = choice.name ?? graph.names.store(`${topic}-`)
  const serdes = { keySerde: choice.key, valueSerde: choice.value }
  const store = { ...tableStore(storeName, choice, serdes), changelog: undefined, caching: false }
  const operator = { type: 'tableSource', store: storeName, sendOldValues: false } as const
  addKeptTopic(graph, topic, options, store, true, () => operator)
  return { graph, store: storeName }
}

/** `builder.addGlobalStore` and `builder.addReadOnlyStateStore`: user code keeps the store, record by record of the topic. */
export function addStoreOnTopic(
  graph: Graph,
  builder: StoreBuilder,
  topic: string,
  options: KeptTopicOptions,
  supplier: () => unknown,
  scope: 'global' | 'task',
): void {
  if (scope === 'global' && builder.draft.kind === 'versioned') {
    const reason = 'a global store cannot be versioned'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `addGlobalStore "${builder.name}"`, reason })
  }
  if (scope === 'global') refuseMaxEntries(builder.draft, `addGlobalStore "${builder.name}"`, NOT_WHOLE)
  if (scope === 'global' && builder.draft.open !== undefined) {
    const reason = 'a global store cannot be a custom store'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `addGlobalStore "${builder.name}"`, reason })
  }
  refuseTtl(builder.draft, `store "${builder.name}"`, NOT_OURS)
  const changelog = scope === 'global' ? undefined : { topic, isSource: true, configs: {} }
  const store = { ...builder.draft, changelog, caching: false }
  graph.filledByTopic(builder.draft, scope)
  addKeptTopic(graph, topic, options, store, scope === 'global', () => ({ type: 'process', supplier, fixedKey: false }))
}

function addKeptTopic(
  graph: Graph,
  topic: string,
  options: KeptTopicOptions,
  store: StoreDraft,
  global: boolean,
  operator: ProcessorEntry['operator'],
): void {
  if (global) graph.filledByTopic(store, 'global')
  const given = optionalName(options.name, 'operator')
  const sourceName = graph.names.processorOr(given === undefined ? undefined : `${given}-source`, 'KSTREAM-SOURCE-')
  const name = graph.names.processorOr(given, 'KTABLE-SOURCE-')
  const source: GraphEntry = {
    kind: 'source',
    ...(global ? { global } : {}),
    name: sourceName,
    parents: [],
    reading: sourceReading('globalTable', topic, {}),
    keySerde: options.key,
    valueSerde: options.value,
  }
  graph.add(source, [])
  const keeper: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator,
    connects: () => [],
    owns: () => [store],
  }
  graph.add(keeper, [source])
}

/** Each record meets the global table's value of the key that `keySelector` makes of it. */
export function addStreamGlobalJoin(
  stream: StreamPoint,
  global: GlobalPoint,
  spec: Pick<StreamGlobalJoinSpec, 'join' | 'keySelector' | 'joiner'>,
  options: { readonly name?: string | undefined } = {},
): StreamPoint {
  const { graph } = stream
  if (global.graph !== graph) throw millraceError('MILLRACE_TOPOLOGY_FOREIGN', { operator: 'join' })
  // Kafka Streams calls the inner join so, too.
  const name = graph.names.processorOr(optionalName(options.name, 'operator'), 'KSTREAM-LEFTJOIN-')
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'streamGlobalJoin', ...spec, store: global.store }),
    connects: () => [],
    owns: () => [],
  }
  graph.add(entry, [stream.entry])
  return streamPoint({ ...stream, entry, name, valueSerde: undefined })
}
