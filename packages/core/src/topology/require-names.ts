import { millraceError } from '../errors/millrace-error.ts'
import type { Names } from './naming.ts'
import type { Plan } from './plan.ts'

/**
 * Refuses what an upgrade would lose: stores and internal topics whose names have a number from the builder's counter.
 * @throws MILLRACE_TOPOLOGY_NAME_MISSING naming all of them at once
 */
export function requireNames(plan: Plan, names: Names): void {
  const owner = (store: string) =>
    plan.nodes.find(node => node.kind === 'processor' && node.stores.includes(store))?.name ?? 'no operator'
  const stores = plan.stores
    .filter(({ name }) => names.isGenerated(name))
    .map(({ name }) => `store ${name} (of ${owner(name)})`)
  const topics = plan.repartitionTopics
    .filter(({ name }) => names.isGenerated(name))
    .map(({ name }) => `repartition topic ${name}`)
  const unnamed = [...stores, ...topics]
  if (unnamed.length > 0) throw millraceError('MILLRACE_TOPOLOGY_NAME_MISSING', { unnamed: unnamed.join(', ') })
}
