import type { Plan } from '@millrace/core'
import type { RunResult } from './java-peer.ts'
import type { TopologySpec } from './spec.ts'

/**
 * A result without the offsets that `suppress`, and joins with grace, keep with a record, where a pattern matches several
 * topics: Java's driver counts offsets by pattern, a cluster by the topic's partition.
 */
export function withoutPatternOffsets(result: RunResult, plan: Plan, topology: TopologySpec): RunResult {
  if (!topology.some(step => step.op === 'stream' && step.pattern !== undefined && step.topics.length > 1))
    return result
  const holding = plan.stores.flatMap(({ name, suppression, waiting }) => (suppression || waiting ? [name] : []))
  const logs = holding.map(name => `app-${name}-changelog`)
  return {
    outputs: withoutOffsets(result.outputs, logs),
    stores: withoutOffsets(result.stores, holding),
  }
}

/** Of what is held back, the value begins with `timestamp:int64 offset:int64`. */
function withoutOffsets<Item extends { readonly value: string | null }>(
  listed: Readonly<Record<string, readonly Item[]>>,
  names: readonly string[],
): Record<string, readonly Item[]> {
  const entries = Object.entries(listed).map(([name, items]) => [
    name,
    names.includes(name) ? items.map(item => ({ ...item, value: withoutOffset(item.value) })) : items,
  ])
  return Object.fromEntries(entries) as Record<string, readonly Item[]>
}

function withoutOffset(value: string | null): string | null {
  return value === null ? null : Buffer.from(value, 'base64').fill(0, 8, 16).toString('base64')
}
