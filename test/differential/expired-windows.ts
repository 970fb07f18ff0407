import type { Plan } from '@millrace/core'
import type { RunInput, RunResult } from './java-peer.ts'

/** By how much a processor of the catalogue puts the time of a record forward, at most. */
const STAMPED_AHEAD_MS = 3

/**
 * A result without the windows that are older than their store keeps them. Which of those Java's stores show when they are
 * asked for everything hangs on the kind of store, and with caching on what happens to be in the cache.
 */
export function withoutExpiredWindows(result: RunResult, plan: Plan, inputs: readonly RunInput[]): RunResult {
  const processors = plan.nodes.filter(node => node.kind === 'processor' && node.operator.type === 'process').length
  const read = Math.max(-1, ...inputs.map(input => ('timestamp' in input ? input.timestamp : -1)))
  const latest = read + processors * STAMPED_AHEAD_MS
  const stores = Object.entries(result.stores).map(([name, entries]) => {
    const store = plan.stores.find(candidate => candidate.name === name)
    const { kind, type, retentionMs = Number.POSITIVE_INFINITY, emitsOnClose = false } = store ?? {}
    const longerMs = emitsOnClose && kind === 'window' && type !== 'memory' ? 1 : 0
    return [
      name,
      entries.filter(({ windowStart, windowEnd }) => {
        const time = kind === 'session' ? windowEnd : windowStart
        return time === undefined || time > latest - retentionMs - longerMs
      }),
    ]
  })
  return { ...result, stores: Object.fromEntries(stores) as RunResult['stores'] }
}

/** How far back from the time of a record the processors of the catalogue read windows and sessions. */
const READS_BACK_MS = 10

/**
 * Names of the user's own processors that may read windows which their store keeps no longer: Java's caches are asked first,
 * and know of no retention.
 */
export function readersOfExpiredWindows(plan: Plan, inputs: readonly RunInput[], caching: boolean): readonly string[] {
  if (!caching) return []
  const latestMs = mostLateMs(inputs)
  const short = plan.stores.filter(
    ({ caching: cached, retentionMs }) =>
      cached && retentionMs !== undefined && retentionMs <= latestMs + READS_BACK_MS,
  )
  return plan.nodes.flatMap(node => {
    const reads = node.kind === 'processor' && node.operator.type === 'process' ? node.stores : []
    return short.some(({ name }) => reads.includes(name)) ? [node.name] : []
  })
}

/** By how much the time of an input is behind the greatest one before it, at most. */
function mostLateMs(inputs: readonly RunInput[]): number {
  let [streamTime, latestMs] = [-1, 0]
  for (const input of inputs) {
    if (!('timestamp' in input)) continue
    streamTime = Math.max(streamTime, input.timestamp)
    latestMs = Math.max(latestMs, streamTime - input.timestamp)
  }
  return latestMs
}
