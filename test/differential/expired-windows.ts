import type { Plan } from '@millrace/core'
import type { RunInput, RunResult } from './java-peer.ts'

/**
 * A result without the windows that are older than their store keeps them. Which of those Java's stores show when they are
 * asked for everything hangs on the kind of store, and with caching on what happens to be in the cache.
 */
export function withoutExpiredWindows(result: RunResult, plan: Plan, inputs: readonly RunInput[]): RunResult {
  const latest = Math.max(-1, ...inputs.map(input => ('timestamp' in input ? input.timestamp : -1)))
  const stores = Object.entries(result.stores).map(([name, entries]) => {
    const retentionMs = plan.stores.find(store => store.name === name)?.retentionMs ?? Number.POSITIVE_INFINITY
    return [
      name,
      entries.filter(({ windowStart, windowEnd }) => {
        const time = plan.stores.find(store => store.name === name)?.kind === 'session' ? windowEnd : windowStart
        return time === undefined || time > latest - retentionMs
      }),
    ]
  })
  return { ...result, stores: Object.fromEntries(stores) as RunResult['stores'] }
}
