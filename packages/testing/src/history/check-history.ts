import { aFunction, checkArguments, checkedInside, listOf, oneOf, optional, optionsOf } from '@millrace/core'
import type { Anomaly } from './anomaly.ts'
import { checkCommits, checkReads } from './check-commits.ts'
import { checkLink } from './check-links.ts'
import { checkTransactions } from './check-transactions.ts'
import type { History } from './history.ts'

/**
 * What is wrong with a run, by name, derived from its topics and committed offsets alone, as Elle derives the anomalies of databases
 * from what clients have read. Pure.
 */
export function checkHistory(history: History): readonly Anomaly[] {
  checkArguments('checkHistory', [['history', HISTORY]], [history])
  return [
    ...checkReads(history),
    ...checkTransactions(history.transactions ?? []),
    ...(history.links ?? []).flatMap(link => checkLink(history, link)),
    ...checkCommits(history),
  ]
}

const aList = listOf(checkedInside, 'an array')
const HISTORY = optionsOf({
  guarantee: oneOf('exactly_once', 'at_least_once', 'at_most_once'),
  records: aList,
  commits: aList,
  transactions: optional(aList),
  wasRead: optional(aFunction),
  isLeftOut: optional(aFunction),
  links: optional(aList),
})
