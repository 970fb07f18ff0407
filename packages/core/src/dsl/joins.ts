import type { StreamTableJoinSpec } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import type { GraphEntry } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { getterStores } from '../topology/table-state.ts'
import { sameGraph, type StreamPoint, streamPoint, type TablePoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'

interface JoinOptions {
  readonly name?: string | undefined
  readonly key?: Serde<unknown> | undefined
  readonly value?: Serde<unknown> | undefined
}

/** Each record meets the table's current value of its key. The table gets a store if it has none. */
export function addStreamTableJoin(
  stream: StreamPoint,
  table: TablePoint,
  join: StreamTableJoinSpec['join'],
  joiner: StreamTableJoinSpec['joiner'],
  options: JoinOptions,
): StreamPoint {
  const { graph } = stream
  sameGraph(stream, table, join === 'left' ? 'leftJoin' : 'join')
  const given = optionalName(options.name, 'operator')
  const from = stream.repartitionRequired ? repartitionedForJoin(stream, given, options) : stream
  const sources = [...new Set([...from.sources, ...table.sources])]
  const name = graph.names.processorOr(given, join === 'left' ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-')
  graph.addCopartitioned({ operator: name, sources })
  const getter = table.table.getter()
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'streamTableJoin', join, joiner, table: getter }),
    connects: () => getterStores(getter),
    owns: () => [],
  }
  graph.add(entry, [from.entry])
  return streamPoint({
    graph,
    entry,
    name,
    sources,
    keySerde: options.key ?? from.keySerde,
    valueSerde: undefined,
    repartitionRequired: false,
  })
}

/** The stream after a repartition topic. A second join of the same stream takes numbers but uses the first one's topic. */
export function repartitionedForJoin(
  stream: StreamPoint,
  given: string | undefined,
  options: JoinOptions,
): StreamPoint {
  const keySerde = options.key ?? stream.keySerde
  const valueSerde = options.value ?? stream.valueSerde
  const made = repartitionEntry(stream.graph, { prefix: given ?? stream.name, calledFor: 'join', keySerde, valueSerde })
  const earlier = given === undefined ? stream.joinRepartition.entry : undefined
  const entry = earlier ?? made
  stream.joinRepartition.entry = entry
  if (earlier === undefined) stream.graph.add(entry, [stream.entry])
  return streamPoint({
    ...stream,
    entry,
    name: entry.name,
    sources: [entry.name],
    keySerde,
    valueSerde,
    repartitionRequired: false,
  })
}
