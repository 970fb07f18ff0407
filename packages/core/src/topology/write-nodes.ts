import { millraceError } from '../errors/millrace-error.ts'
import type { GraphEntry, StoreDraft } from './graph.ts'
import { checkedName } from './naming.ts'
import type { PlanNode, RepartitionTopic, StorePlan } from './plan.ts'
import { requiredSerdes } from './required-serdes.ts'
import type { WriteOrder } from './write-order.ts'

interface Written {
  readonly nodes: readonly PlanNode[]
  readonly stores: readonly StorePlan[]
  readonly repartitionTopics: readonly RepartitionTopic[]
}

/** Writes each entry's nodes, connects children in the order of writing, and stores with those who use them. */
export function writeNodes(order: WriteOrder, addedStores: readonly StoreDraft[], reusesSources: boolean): Written {
  const stores = new Map<string, StoreDraft>()
  for (const store of addedStores) addStore(stores, store)
  for (const entry of order.entries) {
    for (const store of ownStores(entry, order, reusesSources)) addStore(stores, store)
  }

  const childless = order.entries.flatMap(entry => nodesOf(entry, order))
  const children = new Map(childless.map(node => [node.name, [] as string[]]))
  for (const node of childless) {
    if (node.kind !== 'source') for (const parent of node.parents) children.get(parent)?.push(node.name)
  }
  const nodes = childless.map(node =>
    node.kind === 'sink' ? node : { ...node, children: children.get(node.name) ?? [] },
  )
  const repartitionTopics = order.entries.flatMap(entry =>
    entry.kind === 'repartition' ? [{ name: entry.topic, partitions: entry.partitions }] : [],
  )
  return { nodes, stores: connectedStores(stores, nodes), repartitionTopics }
}

function addStore(stores: Map<string, StoreDraft>, store: StoreDraft): void {
  checkedName(store.name, 'store')
  const earlier = stores.get(store.name)
  if (earlier !== undefined && earlier !== store) {
    throw millraceError('MILLRACE_TOPOLOGY_STORE_DUPLICATE', { store: store.name })
  }
  stores.set(store.name, store)
}

function ownStores(entry: GraphEntry, order: WriteOrder, reusesSources: boolean): readonly StoreDraft[] {
  if (order.selfJoin(entry) !== undefined) return []
  if (entry.kind === 'processor' || entry.kind === 'processors') return entry.owns()
  if (entry.kind === 'tableSource' && entry.table.store() !== undefined) {
    const [topic, ...others] = entry.reading.topics
    // What expires is logged as deleted, and nobody may do so in the topic that the table is read from.
    const expires = entry.store.ttlMs !== undefined
    const reused = reusesSources && topic !== undefined && others.length === 0 && !expires
    return [reused ? { ...entry.store, changelog: { topic, isSource: true, configs: {} } } : entry.store]
  }
  return []
}

/** In the order in which nodes use them; those that nobody uses come last. */
function connectedStores(stores: ReadonlyMap<string, StoreDraft>, nodes: readonly PlanNode[]): readonly StorePlan[] {
  const users = new Map<string, string[]>()
  for (const node of nodes) {
    for (const store of node.kind === 'processor' ? node.stores : []) {
      if (!stores.has(store)) throw millraceError('MILLRACE_TOPOLOGY_STORE_UNKNOWN', { operator: node.name, store })
      const earlier = users.get(store)
      if (earlier === undefined) users.set(store, [node.name])
      else earlier.push(node.name)
    }
  }
  const inOrder = new Set([...users.keys(), ...stores.keys()])
  return [...inOrder].flatMap(name => {
    const draft = stores.get(name)
    if (draft === undefined) return []
    const serdes = requiredSerdes(
      draft,
      `store "${name}"`,
      'the options of the operator that keeps it, as { value: … }',
    )
    return [{ ...draft, ...serdes, processors: users.get(name) ?? [] }]
  })
}

function nodesOf(entry: GraphEntry, order: WriteOrder): readonly PlanNode[] {
  const parents = order.parentsOf(entry).map(parent => parent.name)
  switch (entry.kind) {
    case 'source':
    case 'tableSource':
      return sourceNodes(entry)
    case 'processor': {
      const stores = [...new Set([...entry.connects(), ...entry.owns().map(store => store.name)])]
      return [{ kind: 'processor', name: entry.name, operator: entry.operator(), stores, parents, children: [] }]
    }
    case 'processors': {
      const selfJoin = order.selfJoin(entry)
      const members = selfJoin === undefined ? entry.members(above => order.nameOf(above)) : [selfJoin]
      return members.map(member => ({ kind: 'processor', ...member, children: [] }))
    }
    case 'repartition':
      return repartitionNodes(entry, parents)
    case 'sink':
      return [
        {
          kind: 'sink',
          name: entry.name,
          topic: entry.topic,
          ...requiredSerdes(entry, `sink "${entry.name}"`, 'the options of to()'),
          ...(entry.partitioner === undefined ? {} : { partitioner: entry.partitioner }),
          parents,
        },
      ]
  }
}

function sourceNodes(entry: Extract<GraphEntry, { kind: 'source' | 'tableSource' }>): readonly PlanNode[] {
  const name = entry.kind === 'source' ? entry.name : entry.sourceName
  const source: PlanNode = {
    kind: 'source',
    name,
    ...entry.reading,
    ...requiredSerdes(entry, `source "${name}"`, 'the options of stream() or table()'),
    ...(entry.kind === 'source' && entry.global === true ? { global: entry.global } : {}),
    children: [],
  }
  if (entry.kind === 'source') return [source]
  const store = entry.table.store()
  const late = entry.late === undefined ? {} : { late: entry.late }
  const table: PlanNode = {
    kind: 'processor',
    name: entry.name,
    operator: { type: 'tableSource', store, sendOldValues: entry.table.sendsOldValues(), ...late },
    stores: store === undefined ? [] : [store],
    parents: [name],
    children: [],
  }
  return [source, table]
}

function repartitionNodes(
  entry: Extract<GraphEntry, { kind: 'repartition' }>,
  parents: readonly string[],
): readonly PlanNode[] {
  const serdes = requiredSerdes(entry, `repartition topic "${entry.topic}"`, `the options of ${entry.calledFor}()`)
  const { filterName } = entry
  const filter: readonly PlanNode[] =
    filterName === undefined
      ? []
      : [
          {
            kind: 'processor',
            name: filterName,
            operator: { type: 'repartitionFilter', passNullKeys: false },
            stores: [],
            parents,
            children: [],
          },
        ]
  return [
    ...filter,
    {
      kind: 'sink',
      name: entry.sinkName,
      topic: entry.topic,
      ...serdes,
      ...(entry.partitioner === undefined ? {} : { partitioner: entry.partitioner }),
      parents: filterName === undefined ? parents : [filterName],
    },
    { kind: 'source', name: entry.name, topics: [entry.topic], ...serdes, children: [] },
  ]
}
