import { checkedNumber } from '../errors/number-option.ts'
import type { Serde } from '../serde/serde.ts'
import type { DraftSerdes, Graph, GraphEntry, RepartitionEntry } from '../topology/graph.ts'
import { REPARTITION_SUFFIX } from '../topology/internal-topics.ts'
import { optionalName } from '../topology/naming.ts'
import type { StreamPartitioner } from '../topology/plan.ts'
import { type StreamPoint, streamPoint } from './point.ts'

/** Kafka counts them in an int32. */
const MOST_PARTITIONS = 2 ** 31 - 1

interface RepartitionSettings extends DraftSerdes {
  /** The topic's name without its suffix. */
  readonly prefix: string
  readonly calledFor: string
  readonly partitions?: number | undefined
  readonly partitioner?: StreamPartitioner | undefined
}

/**
 * Makes the entry for writing records to an internal topic and reading them back by key. Its three nodes take numbers
 * always, but go by them only where the topic's own name is generated.
 */
export function repartitionEntry(graph: Graph, settings: RepartitionSettings): RepartitionEntry {
  const { prefix, partitions } = settings
  checkPartitions(settings.calledFor, partitions)
  const topic = prefix.endsWith(REPARTITION_SUFFIX) ? prefix : prefix + REPARTITION_SUFFIX
  const sink = graph.names.processor('KSTREAM-SINK-')
  const filter = graph.names.processor('KSTREAM-FILTER-')
  const source = graph.names.processor('KSTREAM-SOURCE-')
  const generated = /^KSTREAM.*-[0-9]{10}$/.test(prefix)
  const parents: GraphEntry[] = []
  return {
    kind: 'repartition',
    name: generated ? source : `${topic}-source`,
    filterName: generated ? filter : `${topic}-filter`,
    sinkName: generated ? sink : `${topic}-sink`,
    parents,
    topic,
    partitions,
    partitioner: settings.partitioner,
    keySerde: settings.keySerde,
    valueSerde: settings.valueSerde,
    calledFor: settings.calledFor,
  }
}

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID */
export function checkPartitions(calledFor: string, partitions: number | undefined): void {
  if (partitions !== undefined) checkedNumber(calledFor, 'partitions', partitions, { from: 1, to: MOST_PARTITIONS })
}

interface RepartitionOptions {
  readonly name?: string | undefined
  readonly key?: Serde<unknown> | undefined
  readonly value?: Serde<unknown> | undefined
  readonly partitions?: number | undefined
  readonly partitioner?: StreamPartitioner | undefined
}

/** `stream.repartition()`. */
export function addRepartition(from: StreamPoint, options: RepartitionOptions = {}): StreamPoint {
  const { graph } = from
  const prefix = optionalName(options.name, 'repartition topic') ?? graph.names.processor('KSTREAM-REPARTITION-')
  const keySerde = options.key ?? from.keySerde
  const valueSerde = options.value ?? from.valueSerde
  const { partitions, partitioner } = options
  const settings = { prefix, calledFor: 'repartition', partitions, partitioner, keySerde, valueSerde }
  const entry = repartitionEntry(graph, settings)
  graph.add(entry, [from.entry])
  const { name } = entry
  return streamPoint({ graph, entry, name, sources: [name], keySerde, valueSerde, repartitionRequired: false })
}
