import type { OperatorSpec } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import { createNames, type Names } from './naming.ts'
import type { CopartitionGroup, SourceNode, StorePlan, StreamPartitioner, TopicNameExtractor } from './plan.ts'
import type { TableState } from './table-state.ts'

/**
 * What the DSL writes down, one entry per call, before it is turned into a plan. An entry may stand for several nodes of
 * the plan (a repartition is a filter, a sink and a source), and some of it is settled only at `build()`.
 */
export interface Graph {
  readonly names: Names
  /** In the order of writing. */
  readonly entries: readonly GraphEntry[]
  /** In the order in which they were added first. */
  readonly firstAdded: ReadonlySet<GraphEntry>
  /** Stores that the user adds by name. */
  readonly addedStores: readonly StoreDraft[]
  /** Source nodes that must have equal partition counts, and the operator that wants it. */
  readonly copartitioned: readonly CopartitionedSources[]
  /**
   * Adds an entry below `parents`. Added once more, an entry gets the new parents too and moves to the end of the order of
   * writing, as in Kafka Streams.
   */
  add(entry: GraphEntry, parents: readonly GraphEntry[]): void
  addStore(store: StoreDraft): void
  /** The store of this draft is one that a topic fills: who gives its builder again means that one. */
  filledByTopic(draft: StoreDraft, scope: 'global' | 'task'): void
  /** Every processor may read those, without being connected: that would put them into its sub-topology. */
  readonly globalStores: ReadonlySet<string>
  addCopartitioned(group: CopartitionedSources): void
}

export type GraphEntry =
  | SourceEntry
  | TableSourceEntry
  | ProcessorEntry
  | ProcessorsEntry
  | RepartitionEntry
  | SinkEntry

/** Serdes as far as they are known. What is missing is an error of `build()`, which names the remedy. */
export interface DraftSerdes {
  readonly keySerde: Serde<unknown> | undefined
  readonly valueSerde: Serde<unknown> | undefined
}

interface EntryBase {
  /** The name under which children and errors know the entry. */
  readonly name: string
  readonly parents: GraphEntry[]
}

/** What is read and how: the fields of a source node that its entry holds as they are. */
export type SourceReading = Pick<
  SourceNode,
  'topics' | 'pattern' | 'offsetReset' | 'timestampExtractor' | 'onBadTimestamp'
>

export interface SourceEntry extends EntryBase, DraftSerdes {
  readonly kind: 'source'
  /** Read by each instance as a whole; there is one processor below it. */
  readonly global?: true
  readonly reading: SourceReading
}

/** A source and the table node below it. `name` is the table node's. */
export interface TableSourceEntry extends EntryBase, DraftSerdes {
  readonly kind: 'tableSource'
  readonly sourceName: string
  /** The node below that gets what is late. */
  readonly late?: string | undefined
  readonly reading: SourceReading
  readonly table: TableState
  readonly store: StoreDraft
}

export interface ProcessorEntry extends EntryBase {
  readonly kind: 'processor'
  /** Asked at `build()`, when it is settled which tables have stores and send old values. */
  readonly operator: () => OperatorSpec
  /** Names of stores that others add, and that this node may use. */
  readonly connects: () => readonly string[]
  /** Stores that come with this node. */
  readonly owns: () => readonly StoreDraft[]
}

/** Several processors that Kafka Streams writes at once, as a join of tables. `name` is the last one's. */
export interface ProcessorsEntry extends EntryBase {
  readonly kind: 'processors'
  /** In the order of writing. `nameOf` gives the node that an entry above stands for. */
  readonly members: (nameOf: (entry: GraphEntry) => string) => readonly MemberProcessor[]
  /** Stores that come with these nodes. */
  readonly owns: () => readonly StoreDraft[]
  /** Of a join of streams: what stands for it where both come from one place, and the entry that is not needed then. */
  readonly selfJoin?: { readonly spares: GraphEntry; readonly member: MemberProcessor }
}

export interface MemberProcessor {
  readonly name: string
  readonly operator: OperatorSpec
  readonly parents: readonly string[]
  /** Names of the stores that it uses, those that come with it included. */
  readonly stores: readonly string[]
}

/** A filter, a sink and a source around an internal topic. `name` is the source's. */
export interface RepartitionEntry extends EntryBase, DraftSerdes {
  readonly kind: 'repartition'
  /** Absent where records cannot be without a key, or may be. */
  readonly filterName: string | undefined
  readonly sinkName: string
  readonly topic: string
  readonly partitions: number | undefined
  readonly partitioner: StreamPartitioner | undefined
  /** What the user called, for errors. */
  readonly calledFor: string
}

export interface SinkEntry extends EntryBase, DraftSerdes {
  readonly kind: 'sink'
  readonly topic: string | TopicNameExtractor
  readonly partitioner: StreamPartitioner | undefined
}

export type StoreDraft = Omit<StorePlan, 'keySerde' | 'valueSerde' | 'processors'> & DraftSerdes

export interface CopartitionedSources extends Omit<CopartitionGroup, 'topics'> {
  readonly sources: readonly string[]
}

export function createGraph(): Graph {
  const entries: GraphEntry[] = []
  const firstAdded = new Set<GraphEntry>()
  const addedStores = new Set<StoreDraft>()
  const filled = new Set<StoreDraft>()
  const globalStores = new Set<string>()
  const copartitioned: CopartitionedSources[] = []
  return {
    names: createNames(),
    entries,
    firstAdded,
    get addedStores() {
      return [...addedStores].filter(draft => !filled.has(draft))
    },
    copartitioned,
    add(entry, parents) {
      const earlier = entries.indexOf(entry)
      if (earlier >= 0) entries.splice(earlier, 1)
      entries.push(entry)
      firstAdded.add(entry)
      for (const parent of parents) if (!entry.parents.includes(parent)) entry.parents.push(parent)
    },
    addStore(store) {
      addedStores.add(store)
    },
    globalStores,
    filledByTopic(draft, scope) {
      filled.add(draft)
      if (scope === 'global') globalStores.add(draft.name)
    },
    addCopartitioned(group) {
      copartitioned.push(group)
    },
  }
}
