import type { Anomaly } from './anomaly.ts'
import type { History, HistoryCommit, HistoryRecord } from './history.ts'
import { placesOf } from './anomaly.ts'

/** Offsets that go back, and offsets past records that nobody has been given. */
export function checkCommits({ guarantee, commits, records, wasRead }: History): readonly Anomaly[] {
  // Offsets are committed before their records are processed, and go back where they are given to another member.
  if (guarantee === 'at_most_once') return []
  const last = new Map<string, HistoryCommit>()
  const anomalies: Anomaly[] = []
  for (const commit of commits) {
    const name = `${commit.topic}-${commit.partition}`
    const before = last.get(name)
    if (before !== undefined && commit.offset < before.offset) {
      const by = (one: HistoryCommit) => (one.transaction === undefined ? '' : ` (${one.transaction})`)
      const what = `of ${name} offset ${before.offset}${by(before)} was committed, and then offset ${commit.offset}${by(commit)}`
      anomalies.push({ name: 'non-monotonic commit', what })
    }
    if (before === undefined || commit.offset > before.offset) last.set(name, commit)
  }
  if (wasRead === undefined) return anomalies
  const unread = new Map<string, HistoryRecord[]>()
  for (const record of records) {
    const name = `${record.topic}-${record.partition}`
    if (record.fate === 'committed' && record.offset < (last.get(name)?.offset ?? 0) && !wasRead(record))
      unread.set(name, [...(unread.get(name) ?? []), record])
  }
  for (const [name, lost] of unread) {
    const what = `offset ${last.get(name)!.offset} of ${name} is committed, but never processed was ${placesOf(lost)}`
    anomalies.push({ name: 'lost write', what })
  }
  return anomalies
}

/** Records of aborted transactions that the topology was given. */
export function checkReads({ records, wasRead }: History): readonly Anomaly[] {
  if (wasRead === undefined) return []
  const read = records.filter(record => record.fate === 'hidden' && wasRead(record))
  if (read.length === 0) return []
  return [{ name: 'aborted read', what: `processed though it was aborted was ${placesOf(read)}` }]
}
