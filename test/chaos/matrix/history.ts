import { type CheckedHistory, judgeHistory } from '../history-check.ts'
import { recordsOf } from '../cluster-history.ts'
import type { MatrixApplication } from './application.ts'
import type { Setting } from './cells.ts'
import { buildTopology } from './topologies.ts'

/** What is wrong with the commits, transactions and stores of an application whose processes have stopped. */
export async function anomaliesOf(one: MatrixApplication, { guarantee, client }: Setting): Promise<CheckedHistory> {
  const { io, name, topics, slots, group } = one
  return judgeHistory({
    io,
    applicationId: name,
    plan: buildTopology(one.application, topics),
    guarantee,
    client,
    inputs: topics.inputs,
    results: [topics.output, ...(await one.internalTopics())],
    directories: [...slots.states].map(state => group.stateDir(state)),
  })
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
