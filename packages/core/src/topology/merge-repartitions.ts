import { rewrites } from '../operators/traits.ts'
import { REPARTITION_SUFFIX } from './internal-topics.ts'
import type { GraphEntry, RepartitionEntry } from './graph.ts'
import { checkSameSerdes } from './same-reading.ts'

/** Entries in the order of writing, and their parents; what was taken out and what stands for it. */
export interface MergedRepartitions {
  readonly entries: readonly GraphEntry[]
  readonly parents: ReadonlyMap<GraphEntry, readonly GraphEntry[]>
  readonly replaced: ReadonlyMap<RepartitionEntry, GraphEntry>
  /** The repartition that a replaced one has become part of. */
  readonly mergedInto: ReadonlyMap<RepartitionEntry, RepartitionEntry>
}

/**
 * `merge.repartition.topics` of Kafka Streams (`InternalStreamsBuilder`): where several repartition topics hang below one
 * operator that changes the key, with no operator between that changes values, one topic directly below the operator takes
 * their place, under the name of the one that was added first; a grouping that is aggregated again is written later, but named as before. A merge of streams with changed keys takes the place of such an operator. Those
 * of `repartition()` and of grouped tables stay.
 *
 * `process()` and `processValues()` count as changing neither keys nor values unless `countsProcess` says so, as Kafka
 * Streams has it until KAFKA-19668 is fixed for everybody: a topic below them moves up above them.
 */
export function mergeRepartitions(
  entries: readonly GraphEntry[],
  parentsOf: (entry: GraphEntry) => readonly GraphEntry[],
  countsProcess: boolean,
  firstAdded: ReadonlySet<GraphEntry>,
): MergedRepartitions {
  const order = [...entries]
  const parents = new Map(entries.map(entry => [entry, [...parentsOf(entry)]]))
  const above = (entry: GraphEntry) => parents.get(entry) ?? []
  const replaced = new Map<RepartitionEntry, GraphEntry>()
  const mergedInto = new Map<RepartitionEntry, RepartitionEntry>()

  const changed = changes(countsProcess)
  for (const [changer, repartitions] of repartitionsByChanger(entries, above, changed, firstAdded)) {
    if (repartitions.length === 0) continue
    const one = mergedRepartition(repartitions)
    const reparent = (entry: GraphEntry, from: GraphEntry, to: readonly GraphEntry[]) => {
      const left = above(entry).filter(parent => parent !== from)
      parents.set(entry, [...left, ...to.filter(parent => !left.includes(parent))])
    }
    for (const repartition of repartitions) {
      const child = findAbove(repartition, above, entry => above(entry).includes(changer))
      if (child !== undefined) reparent(child, changer, [one])
      const standIns = above(repartition)
      for (const entry of order) if (above(entry).includes(repartition)) reparent(entry, repartition, standIns)
      replaced.set(repartition, standIns[0] ?? one)
      mergedInto.set(repartition, one)
      order.splice(order.indexOf(repartition), 1)
      parents.delete(repartition)
    }
    parents.set(one, [changer])
    order.splice(order.indexOf(changer) + 1, 0, one)
  }
  return { entries: order, parents, replaced, mergedInto }
}

type Above = (entry: GraphEntry) => readonly GraphEntry[]

/** Each operator that changes keys, in the order of writing, with the repartitions that could be one, in the order in which they were added first. */
function repartitionsByChanger(
  entries: readonly GraphEntry[],
  above: Above,
  { changesKey, changesValue }: Changes,
  firstAdded: ReadonlySet<GraphEntry>,
): ReadonlyMap<GraphEntry, readonly RepartitionEntry[]> {
  const byChanger = new Map<GraphEntry, RepartitionEntry[]>()
  for (const entry of entries) {
    if (changesKey(entry)) byChanger.set(entry, [])
    if (!isOptimizable(entry)) continue
    const nearest = findAbove(entry, above, each => changesKey(each) || changesValue(each))
    const changer = findAbove(entry, above, changesKey)
    if (nearest !== undefined && nearest === changer) byChanger.get(changer)?.push(entry)
  }
  const rank = new Map([...firstAdded].map((entry, index) => [entry, index]))
  for (const repartitions of byChanger.values()) repartitions.sort((a, b) => rank.get(a)! - rank.get(b)!)
  const taken = new Set<GraphEntry>()
  const ofMerges: (readonly [GraphEntry, RepartitionEntry[]])[] = []
  for (const merge of entries.filter(entry => isMerge(entry, above))) {
    const below = (repartition: RepartitionEntry) =>
      findAbove(repartition, above, entry => above(entry).includes(merge)) !== undefined
    const changers = [...byChanger].filter(
      ([changer, repartitions]) =>
        repartitions.every(below) && findAbove(merge, above, entry => above(entry).includes(changer)) !== undefined,
    )
    ofMerges.push([merge, [...new Set(changers.flatMap(([, repartitions]) => repartitions))]])
    for (const [changer] of changers) taken.add(changer)
  }
  return new Map([...[...byChanger].filter(([changer]) => !taken.has(changer)), ...ofMerges])
}

/** The entry itself or the one above it that fits: as Kafka Streams looks for it, depth first. */
function findAbove(entry: GraphEntry, above: Above, fits: (entry: GraphEntry) => boolean): GraphEntry | undefined {
  if (fits(entry)) return entry
  for (const parent of above(entry)) {
    const found = findAbove(parent, above, fits)
    if (found !== undefined) return found
  }
  return undefined
}

function mergedRepartition(repartitions: readonly RepartitionEntry[]): RepartitionEntry {
  const { topic, calledFor } = repartitions[0]!
  for (const [index, one] of repartitions.entries()) {
    for (const other of repartitions.slice(index + 1)) checkSameSerdes(one, other, topic)
  }
  const keySerde = repartitions.find(each => each.keySerde !== undefined)?.keySerde
  const valueSerde = repartitions.find(each => each.valueSerde !== undefined)?.valueSerde
  const name = topic.endsWith(REPARTITION_SUFFIX) ? topic : topic + REPARTITION_SUFFIX
  return {
    kind: 'repartition',
    name: `${name}-source`,
    filterName: `${name}-filter`,
    sinkName: `${name}-sink`,
    parents: [],
    topic,
    partitions: repartitions.find(each => each.partitions !== undefined)?.partitions,
    partitioner: undefined,
    keySerde,
    valueSerde,
    calledFor,
  }
}

function isOptimizable(entry: GraphEntry): entry is RepartitionEntry {
  return entry.kind === 'repartition' && entry.calledFor !== 'repartition' && entry.filterName !== undefined
}

interface Changes {
  changesKey(entry: GraphEntry): boolean
  changesValue(entry: GraphEntry): boolean
}

function changes(countsProcess: boolean): Changes {
  const changed = (entry: GraphEntry) => (entry.kind === 'processor' ? rewrites(entry.operator()) : 'nothing')
  const changesSide = (side: 'key' | 'value') => (entry: GraphEntry) => {
    const what = changed(entry)
    return what === side || (countsProcess && what === `${side}-by-processor`)
  }
  return { changesKey: changesSide('key'), changesValue: changesSide('value') }
}

/** The children of a branch pass on, too. */
function isMerge(entry: GraphEntry, above: Above): boolean {
  return operatorType(entry) === 'passThrough' && !above(entry).some(parent => operatorType(parent) === 'branch')
}

function operatorType(entry: GraphEntry): string {
  return entry.kind === 'processor' ? entry.operator().type : ''
}
