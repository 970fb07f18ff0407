import type { Counters } from './answers.ts'
import type { ShownStreams } from './console-source.ts'

/** Processors may count under any name. */
const OF_NODES = 'stream-processor-node-metrics'

/** The counters of records that were left out, as sums and by operator, and of those that reached an operator. */
export function countersOf(streams: Pick<ShownStreams, 'metrics' | 'tasks'>): Counters {
  const dropped: Record<string, number> = {}
  const byNode = new Map<string, { node: string; reason: string; count: number }>()
  const reached: Record<string, number> = {}
  let failed = 0
  for (const { group, name, tags, value } of streams.metrics()) {
    const { 'processor-node-id': at } = tags
    if (group === OF_NODES && name === 'process-total' && at !== undefined) reached[at] = (reached[at] ?? 0) + value
    if (name !== 'dropped-records' && name !== 'failed-records') continue
    const reason = name === 'failed-records' ? 'failed' : (tags['reason'] ?? 'unknown')
    if (name === 'failed-records') failed += value
    else dropped[reason] = (dropped[reason] ?? 0) + value
    const node = at ?? '(unknown)'
    const known = byNode.get(`${node}\0${reason}`) ?? { node, reason, count: 0 }
    byNode.set(`${node}\0${reason}`, { ...known, count: known.count + value })
  }
  const processed = streams.tasks().reduce((sum, task) => sum + task.processed, 0)
  return { processed, failed, dropped, byNode: [...byNode.values()], reached }
}
