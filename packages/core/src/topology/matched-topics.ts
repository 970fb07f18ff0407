import { millraceError } from '../errors/millrace-error.ts'
import { internalTopics } from './internal-topics.ts'
import { writtenTopics } from './real-names.ts'
import type { CopartitionGroup, Plan, PlanNode, SourceNode, SubTopology } from './plan.ts'

/** Whether the plan reads topics by pattern, so that what it reads depends on which topics there are. */
export function readsByPattern(plan: Plan): boolean {
  return plan.nodes.some(node => node.kind === 'source' && node.pattern !== undefined)
}

/** Whether a source of the plan reads topics of that name by a pattern. */
export function matchesPattern(plan: Plan, topic: string): boolean {
  return plan.nodes.some(
    node => node.kind === 'source' && node.pattern !== undefined && matchesWhole(node.pattern, topic),
  )
}

/**
 * The plan with each pattern replaced by the topics that match it among `existing`, sorted by name. The application's own
 * internal topics are left out (`isInternal` tells them by their real names), as are topics to which it writes.
 * From a plan without patterns the same plan comes back.
 *
 * @throws MILLRACE_TOPOLOGY_SOURCES_OVERLAP when a topic matches two patterns
 */
export function withMatchedTopics(
  plan: Plan,
  existing: readonly string[],
  isInternal: (topic: string) => boolean,
): Plan {
  if (!readsByPattern(plan)) return plan
  // What it writes for others is not its input: each result would make a new one.
  const named = new Set([...internalTopics(plan), ...writtenTopics(plan), ...plan.nodes.flatMap(namedTopics)])
  const candidates = [...new Set(existing)].filter(topic => !named.has(topic) && !isInternal(topic)).sort()
  const takers = new Map<string, string>()
  const matched = new Map<string, readonly string[]>()
  for (const node of plan.nodes) {
    if (node.kind !== 'source' || node.pattern === undefined) continue
    const topics = candidates.filter(topic => matchesWhole(node.pattern!, topic))
    for (const topic of topics) {
      const first = takers.get(topic)
      if (first !== undefined) {
        throw millraceError('MILLRACE_TOPOLOGY_SOURCES_OVERLAP', { first, second: node.name, topic })
      }
      takers.set(topic, node.name)
    }
    matched.set(node.name, topics)
  }
  return {
    ...plan,
    nodes: plan.nodes.map(node => withTopics(node, matched)),
    subTopologies: plan.subTopologies.map(subTopology => withSourceTopics(subTopology, matched)),
    copartitioned: plan.copartitioned.map(group => withCopartitioned(group, matched)),
  }
}

function withTopics(node: PlanNode, matched: ReadonlyMap<string, readonly string[]>): PlanNode {
  const topics = matched.get(node.name)
  return node.kind === 'source' && topics !== undefined ? { ...node, topics } : node
}

function withSourceTopics(subTopology: SubTopology, matched: ReadonlyMap<string, readonly string[]>): SubTopology {
  const more = subTopology.nodes.flatMap(name => matched.get(name) ?? [])
  return more.length === 0 ? subTopology : { ...subTopology, sourceTopics: [...subTopology.sourceTopics, ...more] }
}

function withCopartitioned(group: CopartitionGroup, matched: ReadonlyMap<string, readonly string[]>): CopartitionGroup {
  const more = (group.patternSources ?? []).flatMap(name => matched.get(name) ?? [])
  return more.length === 0 ? group : { ...group, topics: [...group.topics, ...more] }
}

function namedTopics(node: PlanNode): readonly string[] {
  return node.kind === 'source' ? node.topics : []
}

/** The whole name counts, as in Java's `Pattern.matches`; a global or sticky pattern would remember where it stopped. */
export function matchesWhole(pattern: NonNullable<SourceNode['pattern']>, topic: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replaceAll(/[gy]/g, '')).test(topic)
}
