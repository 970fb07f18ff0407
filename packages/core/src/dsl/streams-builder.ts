import { checkBuilderArguments, checkDslArguments } from '../arguments/dsl-arguments.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreBuilder } from '../state/store-builder.ts'
import { buildPlan } from '../topology/build-plan.ts'
import { createGraph } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import type { BuildOptions } from '../topology/optimization.ts'
import type { Plan } from '../topology/plan.ts'
import type { Processor } from '../operators/processor.ts'
import { BranchedKStream } from './branched-kstream.ts'
import { GlobalKTable } from './global-ktable.ts'
import { addGlobalTable, addStoreOnTopic } from '../assemble/globals.ts'
import { KGroupedStream } from './kgrouped-stream.ts'
import { KGroupedTable } from './kgrouped-table.ts'
import type { SerdeSide, SourceSerdesMissing, TopologyError } from './known-serdes.ts'
import { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type { GlobalTableOptions, NameOption, SourceOptions, TableOptions, TopicsRead } from './options.ts'
import { streamPoint } from '../assemble/point.ts'
import { SessionWindowedKStream } from './session-windowed-kstream.ts'
import { sourceReading } from '../assemble/source-reading.ts'
import { onLateOf } from './late-option.ts'
import { addTable } from '../assemble/tables.ts'
import { TimeWindowedKStream } from './time-windowed-kstream.ts'

const make: Make = {
  stream: from => new KStream(from, make),
  table: from => new KTable(from, make),
  grouped: group => new KGroupedStream(group, make),
  groupedTable: group => new KGroupedTable(group, make),
  windowed: (group, by) => new TimeWindowedKStream(group, by, make),
  sessions: (group, by) => new SessionWindowedKStream(group, by, make),
  branched: (from, name) => new BranchedKStream(from, name, make),
}

/**
 * Builds a topology.
 *
 * @example
 * const builder = new StreamsBuilder()
 * builder
 *   .stream('lines', { key: string(), value: string() })
 *   .filter(line => line.length > 0)
 *   .to('lines-with-text')
 * const plan = builder.build()
 */
export class StreamsBuilder {
  readonly #graph = createGraph()

  /**
   * Reads a stream from one or more topics, or from all topics whose whole name matches a pattern. Topics that are created
   * while the application runs are found within `metadataRefreshMs`.
   *
   * Streams of the same topics share one source with the name of the first. They must have the same serdes, extractor and
   * policies. A pattern must not match a topic that another source names.
   *
   * @example
   * builder.stream(/orders-.+/, { key: string(), value: json() })
   */
  stream(this: TopologyError<SourceSerdesMissing>, topics: TopicsRead): KStream<unknown, unknown>
  stream<K, V>(topics: TopicsRead, options: SourceOptions<K, V>): KStream<K, V, SerdeSide>
  stream<K, V>(topics: TopicsRead, options?: SourceOptions<K, V>): KStream<K, V, SerdeSide> {
    const graph = this.#graph
    // JavaScript may leave the options out: then it is the serdes that are missing.
    const { name: given, key, value, ...settings } = (options ?? {}) as Partial<SourceOptions<K, V>>
    const reading = sourceReading('stream', topics, settings)
    const name = graph.names.processorOr(optionalName(given, 'operator'), 'KSTREAM-SOURCE-')
    const keySerde = key as Serde<unknown> | undefined
    const valueSerde = value as Serde<unknown> | undefined
    const entry = { kind: 'source' as const, name, parents: [], reading, keySerde, valueSerde }
    graph.add(entry, [])
    const from = { graph, entry, name, sources: [name], keySerde, valueSerde, repartitionRequired: false }
    return make.stream(streamPoint(from))
  }

  /**
   * Reads a table from one or more topics, or from all topics that match a pattern: the latest value of each key. A record
   * without a value deletes the row; a record without a key is dropped. Two topics of one table must not contain the same key,
   * because the order between topics is not defined (Kafka Streams has tables of one topic only).
   */
  table(this: TopologyError<SourceSerdesMissing>, topics: TopicsRead): KTable<unknown, unknown>
  table<K, V>(topics: TopicsRead, options: TableOptions<K, V>): KTable<K, V, SerdeSide>
  table<K, V>(topics: TopicsRead, options?: TableOptions<K, V>): KTable<K, V, SerdeSide> {
    // Without types, there may be none: the missing serdes are an error of `build()`.
    const given: Partial<TableOptions<K, V>> = options ?? {}
    return make.table(addTable(this.#graph, topics, { ...given, onLate: onLateOf(given, make) }))
  }

  /**
   * Reads a topic as a table of which every instance has all partitions. Streams can be joined with it by any key.
   *
   * @example
   * const countries = builder.globalTable('countries', { key: string(), value: json<Country>() })
   * orders.join(countries, order => order.country, (order, country) => ({ ...order, country }))
   */
  globalTable(this: TopologyError<SourceSerdesMissing>, topic: string): GlobalKTable<unknown, unknown>
  globalTable<K, V>(topic: string, options: GlobalTableOptions<K, V>): GlobalKTable<K, V>
  globalTable<K, V>(topic: string, options?: GlobalTableOptions<K, V>): GlobalKTable<K, V> {
    return new GlobalKTable(addGlobalTable(this.#graph, topic, options ?? {}))
  }

  /**
   * Adds a store of which every instance has all partitions, filled by a processor that receives each record of the topic. All
   * processors of the topology can read it without being connected; only the processor of `supplier` can write to it. It has
   * no changelog: if its state is lost, the topic is read again.
   */
  addGlobalStore<K, V, Store>(
    store: StoreBuilder<Store>,
    topic: string,
    options: NameOption & { readonly key: Serde<K>; readonly value: Serde<V> },
    supplier: () => Processor<K, V, never, never>,
  ): this {
    addStoreOnTopic(this.#graph, store, topic, options, supplier, 'global')
    return this
  }

  /**
   * Adds a store that is filled from a topic, task by task, and that connected processors can read (KIP-813). The topic serves
   * as its changelog, so `supplier` must store the records unchanged.
   */
  addReadOnlyStateStore<K, V, Store>(
    store: StoreBuilder<Store>,
    topic: string,
    options: NameOption & { readonly key: Serde<K>; readonly value: Serde<V> },
    supplier: () => Processor<K, V, never, never>,
  ): this {
    addStoreOnTopic(this.#graph, store, topic, options, supplier, 'task')
    return this
  }

  /** Adds a store that processors can connect to by its name. */
  addStateStore(store: StoreBuilder): this {
    this.#graph.addStore(store.draft)
    return this
  }

  /**
   * Validates the topology and returns its frozen plan. The builder can be used further and built again.
   * @throws a MillraceError of kind `topology` that names the operator and what to do
   */
  build(options: BuildOptions = {}): Plan {
    return buildPlan(this.#graph, options)
  }
}

checkDslArguments()
checkBuilderArguments(StreamsBuilder)
