import { millraceError } from '../errors/millrace-error.ts'
import { internalTopics } from './internal-topics.ts'
import { matchesWhole } from './matched-topics.ts'
import { checkedName } from './naming.ts'
import type { Plan, PlanNode } from './plan.ts'
import { checkFunctions } from './missing-functions.ts'
import { checkSuppliers } from './suppliers.ts'
import { checkArgumentOrder } from './value-first.ts'

/** What holds for a whole plan and cannot be seen at a single call of the DSL. */
export function validate(plan: Plan): void {
  if (!plan.nodes.some(node => node.kind === 'source')) throw millraceError('MILLRACE_TOPOLOGY_EMPTY', {})
  uniqueNames(plan.nodes)
  oneSourcePerTopic(plan.nodes)
  patternsApart(plan)
  foreignTopicsOnly(plan)
  copartitionable(plan)
  checkFunctions(plan.nodes)
  checkArgumentOrder(plan.nodes)
  checkSuppliers(plan.nodes)
}

function uniqueNames(nodes: readonly PlanNode[]): void {
  const seen = new Set<string>()
  for (const { name } of nodes) {
    checkedName(name, 'operator')
    if (seen.has(name)) throw millraceError('MILLRACE_TOPOLOGY_NAME_DUPLICATE', { name })
    seen.add(name)
  }
}

/** Each record belongs to one source: a pattern must not match what another source names. */
function patternsApart(plan: Plan): void {
  const internal = new Set(internalTopics(plan))
  const sources = plan.nodes.filter(node => node.kind === 'source')
  for (const { name: first, pattern } of sources) {
    if (pattern === undefined) continue
    for (const { name: second, topics } of sources) {
      const topic = topics.find(each => !internal.has(each) && matchesWhole(pattern, each))
      if (topic !== undefined) throw millraceError('MILLRACE_TOPOLOGY_SOURCES_OVERLAP', { first, second, topic })
    }
  }
}

function oneSourcePerTopic(nodes: readonly PlanNode[]): void {
  const readers = new Map<string, string>()
  for (const node of nodes) {
    for (const topic of node.kind === 'source' ? node.topics : []) {
      checkedName(topic, 'topic')
      const other = readers.get(topic)
      if (other !== undefined) {
        throw millraceError('MILLRACE_TOPOLOGY_TOPIC_READ_TWICE', { topic, first: other, second: node.name })
      }
      readers.set(topic, node.name)
    }
  }
}

/** The user's sources and sinks keep out of the topics that the application makes for itself. */
function foreignTopicsOnly(plan: Plan): void {
  const internal = new Set(internalTopics(plan))
  const repartition = new Set(plan.repartitionTopics.map(topic => topic.name))
  const writers = new Map<string, string>()
  for (const node of plan.nodes) {
    for (const topic of node.kind === 'source' ? node.topics : []) {
      if (!internal.has(topic) || repartition.has(topic)) continue
      throw millraceError('MILLRACE_TOPOLOGY_TOPIC_INTERNAL', { operator: node.name, topic })
    }
    if (node.kind !== 'sink' || typeof node.topic !== 'string') continue
    const { topic } = node
    checkedName(topic, 'topic')
    if (!internal.has(topic)) continue
    const owner = writers.get(topic)
    // A repartition topic has the one sink that came with it.
    if (!repartition.has(topic) || owner !== undefined) {
      throw millraceError('MILLRACE_TOPOLOGY_TOPIC_INTERNAL', { operator: node.name, topic })
    }
    writers.set(topic, node.name)
  }
}

/** Repartition topics whose partition counts the user fixed must agree where they meet. */
function copartitionable(plan: Plan): void {
  const fixed = new Map(plan.repartitionTopics.map(topic => [topic.name, topic.partitions]))
  for (const { operator, topics } of plan.copartitioned) {
    const counts = topics.flatMap(topic => {
      const partitions = fixed.get(topic)
      return partitions === undefined ? [] : [{ topic, partitions }]
    })
    const [first] = counts
    const other = counts.find(count => count.partitions !== first?.partitions)
    if (first === undefined || other === undefined) continue
    throw millraceError('MILLRACE_TOPOLOGY_PARTITIONS_DIFFER', {
      operator,
      first: first.topic,
      firstPartitions: first.partitions,
      second: other.topic,
      secondPartitions: other.partitions,
    })
  }
}
