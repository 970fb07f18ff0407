import { either, type Check, isPlainObject, mustBe } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import { aPlan, checkPlan } from '../arguments/plan-argument.ts'
import { ownsStore } from '../operators/traits.ts'
import { changelogTopic } from './internal-topics.ts'
import type { Plan, StorePlan } from './plan.ts'

/**
 * The durable part of a topology as plain data that can be saved to a file: its stores and internal topics by name, with
 * everything that determines the meaning of their bytes.
 */
export interface TopologyOutline {
  readonly stores: Readonly<Record<string, StoreOutline>>
  /** Undecorated names of repartition topics and changelogs. */
  readonly topics: Readonly<Record<string, TopicOutline>>
}

export type StoreOutline = Readonly<Record<string, string | number | boolean>>
export type TopicOutline = Readonly<Record<string, string | number | boolean>>

/** The effect of an upgrade on stores or internal topics, by name. */
export interface NamesDiff {
  readonly kept: readonly string[]
  /** No longer used. The data stays in Kafka. */
  readonly lost: readonly string[]
  readonly added: readonly string[]
  /**
   * Removed under one name and added under another with the same properties: most likely a number in a generated name has
   * changed.
   */
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
  /** The name is the same, but the properties are not. */
  readonly changed: readonly { readonly name: string; readonly what: readonly string[] }[]
}

export interface TopologyDiff {
  readonly stores: NamesDiff
  readonly topics: NamesDiff
}

export function topologyOutline(plan: Plan): TopologyOutline {
  checkPlan('topologyOutline', plan)
  // Operators that only look into a store do not say what is in it.
  const owners = new Map(
    plan.nodes.flatMap(node =>
      node.kind === 'processor' && ownsStore(node.operator) ? [[node.name, node.operator.type] as const] : [],
    ),
  )
  const stores = plan.stores.map(store => [store.name, storeOutline(store, owners)] as const)
  const changelogs = plan.stores.flatMap(({ name, kind, changelog }) =>
    changelog === undefined || changelog.isSource ? [] : [[changelogTopic(name), { changelogOf: kind }] as const],
  )
  const readers = new Map(
    plan.nodes.flatMap(node => (node.kind === 'source' ? node.topics.map(topic => [topic, node] as const) : [])),
  )
  const repartitions = plan.repartitionTopics.map(({ name, partitions }) => {
    const reader = readers.get(name)
    const serdes = { key: reader?.keySerde.name ?? '', value: reader?.valueSerde.name ?? '' }
    return [name, { ...serdes, ...(partitions === undefined ? {} : { partitions }) }] as const
  })
  return { stores: Object.fromEntries(stores), topics: Object.fromEntries([...repartitions, ...changelogs]) }
}

function storeOutline(store: StorePlan, owners: ReadonlyMap<string, string>): StoreOutline {
  const {
    kind,
    timestamped,
    keySerde,
    valueSerde,
    windowSizeMs,
    windowsName,
    retainDuplicates,
    withHeaders,
    changelog,
    processors,
  } = store
  const users = processors.flatMap(name => owners.get(name) ?? [])
  return {
    kind,
    timestamped,
    key: keySerde.name,
    value: valueSerde.name,
    operator: [...new Set(users)].sort().join(', '),
    ...(windowSizeMs === undefined ? {} : { windowSizeMs: Number.isFinite(windowSizeMs) ? windowSizeMs : 'unlimited' }),
    ...(windowsName === undefined ? {} : { windows: windowsName }),
    ...(retainDuplicates === undefined ? {} : { retainDuplicates }),
    ...(withHeaders === undefined ? {} : { withHeaders }),
    changelog: changelog === undefined ? 'none' : changelog.isSource ? changelog.topic : 'own',
  }
}

/** Compares the topologies of two versions and returns the effect on the state. It reads nothing from Kafka. */
export function diffTopologies(before: Plan | TopologyOutline, after: Plan | TopologyOutline): TopologyDiff {
  const rule = [
    ['before', aTopology],
    ['after', aTopology],
  ] as const
  checkArguments('diffTopologies', rule, [before, after])
  const [old, next] = [outlineOf(before), outlineOf(after)]
  return { stores: diffNames(old.stores, next.stores), topics: diffNames(old.topics, next.topics) }
}

/** What must not happen unnoticed: state that would be read as something else, or would be left behind under its old name. */
export function silentChanges({ stores, topics }: TopologyDiff): readonly string[] {
  const of = (kind: string, { renamed, changed }: NamesDiff) => [
    ...changed.map(({ name, what }) => `${kind} "${name}" has changed (${what.join('; ')})`),
    ...renamed.map(({ from, to }) => `${kind} "${from}" is now called "${to}"`),
  ]
  return [...of('store', stores), ...of('topic', topics)]
}

function outlineOf(topology: Plan | TopologyOutline): TopologyOutline {
  return 'nodes' in topology ? topologyOutline(topology) : topology
}

type Outlines = Readonly<Record<string, StoreOutline | TopicOutline>>

function diffNames(before: Outlines, after: Outlines): NamesDiff {
  const common = Object.keys(before).filter(name => name in after)
  const changed = common.flatMap(name => {
    const what = differences(before[name]!, after[name]!)
    return what.length === 0 ? [] : [{ name, what }]
  })
  const lost = Object.keys(before).filter(name => !(name in after))
  const added = Object.keys(after).filter(name => !(name in before))
  const renamed = lost.flatMap(from => {
    const at = added.findIndex(to => differences(before[from]!, after[to]!).length === 0)
    return at < 0 ? [] : added.splice(at, 1).map(to => ({ from, to }))
  })
  const left = new Set(renamed.map(({ from }) => from))
  const differing = new Set(changed.map(({ name }) => name))
  return {
    kept: common.filter(name => !differing.has(name)),
    lost: lost.filter(name => !left.has(name)),
    added,
    renamed,
    changed,
  }
}

function differences(before: StoreOutline, after: StoreOutline): readonly string[] {
  const properties = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return properties
    .filter(property => before[property] !== after[property])
    .map(property => `${property}: ${before[property] ?? 'none'} → ${after[property] ?? 'none'}`)
}

const anOutline: Check = (given, name) =>
  isPlainObject(given) && isPlainObject(given['stores']) && isPlainObject(given['topics'])
    ? undefined
    : mustBe(name, 'an outline', given)
const aTopology = either('a plan, or what topologyOutline returns', aPlan, anOutline)
