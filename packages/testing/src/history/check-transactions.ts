import type { Anomaly } from './anomaly.ts'
import type { HistoryTransaction } from './history.ts'

/** Transactions of which a part did not end as it was decided, or not as the others did. */
export function checkTransactions(transactions: readonly HistoryTransaction[]): readonly Anomaly[] {
  return transactions.flatMap(({ name, committed, parts }): readonly Anomaly[] => {
    const kept = parts.filter(part => part.committed)
    const dropped = parts.filter(part => !part.committed)
    const wrong =
      committed === undefined ? kept.length > 0 && dropped.length > 0 : (committed ? dropped : kept).length > 0
    if (!wrong) return []
    const decided = committed === undefined ? '' : ` was ${committed ? 'committed' : 'aborted'}, but`
    const list = (some: typeof parts) => some.map(({ what }) => what).join('; ') || 'nothing'
    return [
      { name: 'torn transaction', what: `${name}${decided}: committed is ${list(kept)}; aborted is ${list(dropped)}` },
    ]
  })
}
