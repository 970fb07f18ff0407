import type { MigrationFinding } from './check-migration.ts'
import {
  type DescribedNode,
  type DescribedSubTopology,
  isInternalTopic,
  type TopologyDescription,
} from './topology-description.ts'

/**
 * What must be equal before an application is taken over from Kafka Streams, and is not. Pure.
 * @param groupProtocol in a streams group brokers compare the sub-topologies
 */
export function compareDescriptions(
  java: TopologyDescription,
  ours: TopologyDescription,
  groupProtocol: 'classic' | 'streams',
): readonly MigrationFinding[] {
  const sets = (of: (nodes: readonly DescribedNode[]) => readonly string[]) =>
    [java, ours].map(({ subTopologies }) => of(subTopologies.flatMap(({ nodes }) => nodes))) as [string[], string[]]
  const topics = (kind: DescribedNode['kind'], internal: boolean) =>
    sets(nodes =>
      nodes
        .filter(node => node.kind === kind)
        .flatMap(node => node.topics.filter(name => isInternalTopic(name) === internal)),
    )
  const stores = sets(nodes => nodes.flatMap(node => node.stores))
  const repartition = topics('source', true)
  const found = [
    ...compareNames('stores', ...stores),
    ...compareNames('repartition topics', ...repartition),
    ...compareNames('source topics', ...topics('source', false)),
    ...compareNames('output topics', ...topics('sink', false)),
    ...optimizationHints(stores, repartition),
  ]
  // Where names differ, so do sub-topologies and operators: it would be said twice.
  if (found.length > 0) return found
  return [...compareSubTopologies(java, ours, groupProtocol), ...compareOperators(java, ours)]
}

type NamesAbout = 'stores' | 'repartition topics' | 'source topics' | 'output topics'

const WHAT: Readonly<Record<NamesAbout, string>> = {
  stores: 'store',
  'repartition topics': 'repartition topic',
  'source topics': 'source topic',
  'output topics': 'output topic',
}

const LOST: Readonly<Record<NamesAbout, string>> = {
  stores: 'Its changelog would be left behind, and the state would begin empty.',
  'repartition topics': 'The records that wait in it would be left behind.',
  'source topics': 'Its records would not be read.',
  'output topics': 'Nothing would be written to it.',
}

function compareNames(
  about: NamesAbout,
  java: readonly string[],
  ours: readonly string[],
): readonly MigrationFinding[] {
  const what = WHAT[about]
  const lost = [...new Set(java)].filter(name => !ours.includes(name)).toSorted()
  const added = [...new Set(ours)].filter(name => !java.includes(name)).toSorted()
  const moved = lost.flatMap(from => {
    const at = added.findIndex(to => isGenerated(from) && kindOf(to) === kindOf(from))
    return at < 0 ? [] : [{ from, to: added.splice(at, 1)[0]! }]
  })
  const left = lost.filter(name => !moved.some(({ from }) => from === name))
  const error = { severity: 'error', about } as const
  return [
    ...moved.map(({ from, to }) => ({
      ...error,
      text: `The ${what} "${from}" of Java is "${to}" here. ${LOST[about]}`,
      remedy:
        'The numbers count the steps of a topology: write the same steps in the same order as in Java, or give the step the same name on both sides before.',
    })),
    ...left.map(name => ({
      ...error,
      text: `The ${what} "${name}" of Java is not here. ${LOST[about]}`,
      remedy: isGenerated(name)
        ? 'A step of Java is missing, or has a name here that it has not in Java.'
        : `Give it the name "${name}", or add the step that has it.`,
    })),
    ...added.map(name => ({
      ...error,
      text: `The ${what} "${name}" is not in Java.`,
      remedy: 'Leave the step out until the application has moved, or give it the name that it has in Java.',
    })),
  ]
}

function isGenerated(name: string): boolean {
  return /-\d{10}(?!\d)/.test(name)
}

/** A generated name without its numbers. */
function kindOf(name: string): string {
  return name.replaceAll(/-\d{10}(?!\d)/g, '-#')
}

/** Differences that a setting explains. */
function optimizationHints(
  [javaStores, ourStores]: readonly [readonly string[], readonly string[]],
  [javaTopics, ourTopics]: readonly [readonly string[], readonly string[]],
): readonly MigrationFinding[] {
  const count = (names: readonly string[]) => new Set(names).size
  const selfJoins = (stores: readonly string[]) =>
    count(stores.filter(name => /JOINOTHER-|OUTEROTHER-|-other-join-store$/.test(name)))
  return [
    ...hint(count(javaTopics) - count(ourTopics), 'merge.repartition.topics', 'repartition topics'),
    ...hint(selfJoins(javaStores) - selfJoins(ourStores), 'single.store.self.join', 'stores of joins'),
  ]
}

/** @param more how many more there are in Java */
function hint(more: number, optimization: string, of: string): readonly MigrationFinding[] {
  if (more === 0) return []
  const there = more < 0 ? 'fewer' : 'more'
  const remedy =
    more < 0
      ? `If topology.optimization is "all" or has "${optimization}" in Java, build with { optimization: 'all' } or ['${optimization}'].`
      : `If topology.optimization is not set in Java, build without '${optimization}'.`
  return [{ severity: 'warning', about: 'optimization', text: `Java has ${there} ${of}.`, remedy }]
}

function compareSubTopologies(
  java: TopologyDescription,
  ours: TopologyDescription,
  groupProtocol: 'classic' | 'streams',
): readonly MigrationFinding[] {
  const severity = groupProtocol === 'streams' ? 'error' : 'warning'
  const byId = new Map(ours.subTopologies.map(one => [one.id, contentOf(one)]))
  const differing = java.subTopologies.filter(one => byId.get(one.id) !== contentOf(one))
  if (differing.length === 0 && java.subTopologies.length === ours.subTopologies.length) return []
  const texts = differing.map(one => {
    const other = ours.subTopologies.find(candidate => contentOf(candidate) === contentOf(one))
    return other === undefined ? `${one.id} has no equal here` : `${one.id} of Java is ${other.id} here`
  })
  const counts = `${java.subTopologies.length} in Java, ${ours.subTopologies.length} here`
  const why =
    groupProtocol === 'streams'
      ? 'The broker refuses another topology of the group.'
      : 'Tasks get other ids; topics and offsets stay. A streams group would refuse it.'
  return [
    {
      severity,
      about: 'sub-topologies',
      text: `Sub-topologies differ (${counts}): ${texts.join(', ') || 'there are more here'}. ${why}`,
      remedy: 'Write the sources in the same order as in Java, and connect the same steps.',
    },
  ]
}

/** What a sub-topology reads, writes and keeps. */
function contentOf({ global, nodes }: DescribedSubTopology): string {
  const of = (kind: DescribedNode['kind']) => nodes.filter(node => node.kind === kind)
  const sources = of('source').flatMap(({ topics }) => topics)
  const sinks = of('sink').map(({ topics }) => topics.join())
  const stores = of('processor').flatMap(node => node.stores)
  return JSON.stringify([global, ...[sources, sinks, stores].map(list => [...new Set(list)].toSorted())])
}

function compareOperators(java: TopologyDescription, ours: TopologyDescription): readonly MigrationFinding[] {
  const lines = ({ subTopologies }: TopologyDescription) =>
    new Map(
      subTopologies.flatMap(({ nodes }) =>
        nodes.map(({ name, kind, topics, stores, children }) => [
          name,
          JSON.stringify([kind, topics, stores, children]),
        ]),
      ),
    )
  const [there, here] = [lines(java), lines(ours)]
  const lost = [...there.keys()].filter(name => !here.has(name))
  const added = [...here.keys()].filter(name => !there.has(name))
  if (lost.length + added.length > 0) {
    const text = `Operators differ, without an effect on topics and stores: only in Java ${shown(lost)}; only here ${shown(added)}.`
    return [{ severity: 'note', about: 'operators', text, remedy: 'Their names are in metrics and errors only.' }]
  }
  const changed = [...there].filter(([name, line]) => here.get(name) !== line).map(([name]) => name)
  if (changed.length === 0) return []
  return [
    {
      severity: 'warning',
      about: 'operators',
      text: `Operators of the same name are connected otherwise, or use other stores: ${shown(changed)}.`,
      remedy: 'Compare the steps around them: results may differ.',
    },
  ]
}

const SHOWN = 8

function shown(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '')
}
