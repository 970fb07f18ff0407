import type { Plan } from '@millrace/core'
import type { RunInput, RunResult } from './java-peer.ts'

/**
 * A result without the windows that are older than their store keeps them. With caching on, Java's stores go on showing such
 * a window as long as it happens to be in the cache, and ours do not; without caching both forget it at the same record.
 */
export function withoutExpiredWindows(result: RunResult, plan: Plan, inputs: readonly RunInput[]): RunResult {
  const latest = Math.max(-1, ...inputs.map(input => ('timestamp' in input ? input.timestamp : -1)))
  const stores = Object.entries(result.stores).map(([name, entries]) => {
    const retentionMs = plan.stores.find(store => store.name === name)?.retentionMs ?? Number.POSITIVE_INFINITY
    return [name, entries.filter(({ windowStart }) => windowStart === undefined || windowStart > latest - retentionMs)]
  })
  return { ...result, stores: Object.fromEntries(stores) as RunResult['stores'] }
}
