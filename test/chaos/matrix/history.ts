import { type Anomaly, checkHistory, type HistoryRecord } from '@millrace/testing'
import { offsetsOf, recordsOf, transactionsOf } from '../cluster-history.ts'
import { checkedStores } from '../history-check.ts'
import { type MatrixApplication, planOf } from './application.ts'
import type { Setting } from './cells.ts'

/** What is wrong with the commits, transactions and stores of an application whose processes have stopped. */
export async function anomaliesOf(
  application: MatrixApplication,
  { guarantee, client }: Setting,
): Promise<{ readonly anomalies: readonly Anomaly[]; readonly seen: string }> {
  const { io, name, topics, slots, group } = application
  const exactly = guarantee === 'exactly_once'
  const records: HistoryRecord[] = []
  for (const topic of topics.inputs) records.push(...(await recordsOf(io, topic, false)))
  for (const topic of [topics.output, ...(await application.internalTopics())]) {
    records.push(...(await recordsOf(io, topic, exactly)))
  }
  const offsets = await offsetsOf(io, name, exactly)
  const commits = offsets.filter(({ fate }) => fate === 'committed')
  // Epochs tell transactions apart with Millrace's own client only.
  const tells = exactly && client === 'wire'
  const parts = [...records, ...offsets.map(one => ({ ...one, part: 'offsets of the group' }))]
  const transactions = tells ? transactionsOf(parts) : []
  const found = checkHistory({ guarantee, records, commits, transactions })
  const directories = [...slots.states].map(state => group.stateDir(state))
  const stores = exactly
    ? await checkedStores({ plan: planOf(application), applicationId: name, directories, records })
    : []
  return {
    anomalies: [...found, ...stores.flat()],
    seen: `${records.length} records, ${commits.length} committed offsets, ${transactions.length} transactions, ${stores.length} tasks with stores`,
  }
}

/** Texts of results in records that readers of committed records do not get, by partition. */
export async function hiddenTexts(
  application: MatrixApplication,
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const hidden = new Map<string, Map<string, number>>()
  for (const topic of [application.topics.output, ...(await application.internalTopics())]) {
    for (const { fate, partition, key, value } of await recordsOf(application.io, topic, true)) {
      if (fate !== 'hidden') continue
      const texts = hidden.get(`${topic}-${partition}`) ?? new Map<string, number>()
      hidden.set(`${topic}-${partition}`, texts)
      // A count says no number of what was counted, so its word alone stands for it.
      for (const text of new Set([`${String(key)} ${String(value)}`, String(key)])) {
        texts.set(text, (texts.get(text) ?? 0) + 1)
      }
    }
  }
  return hidden
}
