import type { Plan, Serde, SubTopology } from '@millrace/core'
import type { TaskStorePlan } from '../state/task-stores/task-store-plan.ts'

type Use = readonly [serde: Serde<unknown>, topic: string, use: 'read' | 'write']

export interface PreparedParts {
  readonly plan: Plan
  readonly subTopology: SubTopology
  readonly stores: readonly TaskStorePlan[]
  /** From a plan's topic name to the real one. */
  readonly decorate: (topic: string) => string
}

/**
 * Lets the serdes of a sub-topology fetch what they need, each for the topics that it will be told. Stores decode in the middle of a
 * user's function, where nothing can be waited for.
 */
export async function prepareSerdes({ plan, subTopology, stores, decorate }: PreparedParts): Promise<void> {
  const names = new Set(subTopology.nodes)
  const uses: Use[] = []
  for (const node of plan.nodes) {
    if (!names.has(node.name) || node.kind === 'processor') continue
    const topics = node.kind === 'source' ? node.topics : typeof node.topic === 'string' ? [node.topic] : []
    const use = node.kind === 'source' ? 'read' : 'write'
    for (const topic of topics) {
      uses.push([node.keySerde, decorate(topic), use], [node.valueSerde, decorate(topic), use])
    }
  }
  await prepareAll([...uses, ...usesOf(stores)])
}

/** Lets the serdes of stores fetch what they need. */
export async function prepareStores(stores: readonly TaskStorePlan[]): Promise<void> {
  await prepareAll(usesOf(stores))
}

function usesOf(stores: readonly TaskStorePlan[]): Use[] {
  return stores.flatMap(({ plan, changelogTopic = plan.name }) => [
    [plan.keySerde, changelogTopic, 'write'] as const,
    [plan.valueSerde, changelogTopic, 'write'] as const,
  ])
}

async function prepareAll(uses: readonly Use[]): Promise<void> {
  await Promise.all(uses.map(async ([serde, topic, use]) => serde.prepare?.(topic, use)))
}
