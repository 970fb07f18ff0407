import { millraceError } from '../errors/millrace-error.ts'
import type { Graph, GraphEntry, MemberProcessor, ProcessorsEntry, SourceEntry } from './graph.ts'
import { mergeRepartitions } from './merge-repartitions.ts'
import { checkSameReading } from './same-reading.ts'

/**
 * The entries in the order in which their nodes are written, and who stands in for a source that was merged into another.
 * Sub-topology ids and the order of children follow from this order.
 */
export interface WriteOrder {
  readonly entries: readonly GraphEntry[]
  /** The parents as they are after merging. */
  parentsOf(entry: GraphEntry): readonly GraphEntry[]
  /** The name of the node that an entry stands for, or of the one that stands for it. */
  nameOf(entry: GraphEntry): string
  /** What an entry stands for as the join of a stream with itself; undefined where it is none. */
  selfJoin(entry: GraphEntry): MemberProcessor | undefined
  /** The name of the source that stands for the one of this name. */
  sourceName(name: string): string
}

export interface OrderOptions {
  readonly mergesRepartitions: boolean
  readonly joinsSelf: boolean
  readonly countsProcess: boolean
}

/** In the order of writing, but never before a parent. */
export function writeOrder(graph: Graph, { mergesRepartitions, joinsSelf, countsProcess }: OrderOptions): WriteOrder {
  const mergedInto = mergeSources(graph.entries)
  const standIn = (entry: GraphEntry) => mergedInto.get(entry) ?? entry
  const read = graph.entries.filter(entry => !mergedInto.has(entry))
  const readParents = (entry: GraphEntry) => [...new Set(entry.parents.map(standIn))]
  const merged = mergesRepartitions ? mergeRepartitions(read, readParents, countsProcess, graph.firstAdded) : undefined
  const allParents = (entry: GraphEntry) => merged?.parents.get(entry) ?? readParents(entry)
  const all = merged?.entries ?? read
  const selfJoins = new Map(joinsSelf ? all.flatMap(entry => selfJoinOf(entry, allParents)) : [])
  const spared = new Set([...selfJoins.values()].map(({ spares }) => spares))
  const parentsOf = (entry: GraphEntry) => allParents(entry).filter(parent => !spared.has(parent))

  const waiting = all.filter(entry => !spared.has(entry))
  const written = new Set<GraphEntry>()
  while (waiting.length > 0) {
    const next = waiting.findIndex(entry => parentsOf(entry).every(parent => written.has(parent)))
    for (const entry of waiting.splice(next, 1)) written.add(entry)
  }

  const mergedNames = new Map([...mergedInto].map(([from, main]) => [from.name, main.name]))
  for (const [repartition, one] of merged?.mergedInto ?? []) mergedNames.set(repartition.name, one.name)
  const nameOf = (entry: GraphEntry): string => {
    const replacement = entry.kind === 'repartition' ? merged?.replaced.get(entry) : mergedInto.get(entry)
    return replacement === undefined ? entry.name : nameOf(replacement)
  }
  const selfJoin = (entry: GraphEntry) => selfJoins.get(entry)?.member
  return { entries: [...written], parentsOf, nameOf, selfJoin, sourceName: name => mergedNames.get(name) ?? name }
}

/** A join of streams whose two windows hang below the same entry. */
function selfJoinOf(
  entry: GraphEntry,
  parentsOf: (entry: GraphEntry) => readonly GraphEntry[],
): readonly (readonly [GraphEntry, NonNullable<ProcessorsEntry['selfJoin']>])[] {
  if (entry.kind !== 'processors' || entry.selfJoin === undefined) return []
  const above = new Set(parentsOf(entry).flatMap(parentsOf))
  return above.size === 1 ? [[entry, entry.selfJoin]] : []
}

/** Streams of the same topics, or of the same pattern, share one source: the first one written. */
function mergeSources(entries: readonly GraphEntry[]): ReadonlyMap<GraphEntry, SourceEntry> {
  const byTopic = new Map<string, SourceEntry>()
  const mergedInto = new Map<GraphEntry, SourceEntry>()
  for (const entry of entries) {
    if (entry.kind !== 'source' || entry.global === true) continue
    for (const topic of readNames(entry)) {
      const main = byTopic.get(topic)
      if (main === undefined) {
        byTopic.set(topic, entry)
      } else if (main !== entry) {
        checkMergeable(main, entry, topic)
        mergedInto.set(entry, main)
      }
    }
  }
  return mergedInto
}

/** What two sources share when they read the same. */
function readNames({ reading: { pattern, topics } }: SourceEntry): readonly string[] {
  return pattern === undefined ? topics : [String(pattern)]
}

function checkMergeable(main: SourceEntry, other: SourceEntry, topic: string): void {
  const [mine, others] = [readNames(main), readNames(other)]
  const same = mine.length === others.length && mine.every(name => others.includes(name))
  if (!same) throw millraceError('MILLRACE_TOPOLOGY_SOURCES_OVERLAP', { first: main.name, second: other.name, topic })
  checkSameReading(main, other, topic)
}
