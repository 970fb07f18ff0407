import { type Anomaly, placeOf, placesOf } from './anomaly.ts'
import type { CountLink, EachLink, History, HistoryRecord } from './history.ts'

/** What is wrong between the topics of a link. */
export function checkLink(history: History, link: EachLink | CountLink): readonly Anomaly[] {
  const visible = (topic: string) => history.records.filter(one => one.topic === topic && one.fate === 'committed')
  const hidden = (topic: string) => history.records.filter(one => one.topic === topic && one.fate === 'hidden')
  const counted = (records: readonly HistoryRecord[]) => records.filter(one => history.isLeftOut?.(one) !== true)
  const inputs = counted(visible(link.from))
  const processed = isProcessed(history)
  const sides: Sides = {
    // What a group has not committed may still come.
    from: inputs.filter(processed),
    pending: inputs.filter(record => !processed(record)),
    hiddenFrom: counted(hidden(link.from)),
    to: visible(link.to),
    hiddenTo: hidden(link.to),
    exactly: history.guarantee === 'exactly_once',
    atLeast: history.guarantee !== 'at_most_once',
  }
  return link.kind === 'each' ? checkEach(sides, link) : checkCounts(sides, link)
}

interface Sides {
  /** Records that count, up to the committed offsets. */
  readonly from: readonly HistoryRecord[]
  readonly pending: readonly HistoryRecord[]
  readonly hiddenFrom: readonly HistoryRecord[]
  readonly to: readonly HistoryRecord[]
  readonly hiddenTo: readonly HistoryRecord[]
  readonly exactly: boolean
  readonly atLeast: boolean
}

function isProcessed({ commits }: History): (record: HistoryRecord) => boolean {
  const committed = new Map(commits.map(one => [`${one.topic}-${one.partition}`, one.offset]))
  return ({ topic, partition, offset }) => offset < (committed.get(`${topic}-${partition}`) ?? 0)
}

function checkEach(sides: Sides, link: EachLink): readonly Anomaly[] {
  const { exactly, atLeast } = sides
  const expected = byEffect(sides.from, link)
  const possible = byEffect(sides.pending, link)
  const aborted = byEffect(sides.hiddenFrom, link)
  const seen = byShown(sides.to, link)
  const hidden = byShown(sides.hiddenTo, link)
  const anomalies: Anomaly[] = []
  for (const [effect, { key, records: causes }] of expected) {
    const found = seen.get(effect) ?? []
    if (found.length >= causes.length || !atLeast) continue
    const there = hidden.get(effect) ?? []
    const lost = `${placesOf(causes)} comes to ${causes.length} records ${show(key)} in ${link.to}, and there are ${found.length}`
    // Committed offsets and hidden records: of one transaction only the offsets were committed.
    if (exactly && there.length > 0) {
      const what = `${lost}; the offsets are committed, but hidden is ${placesOf(there)}`
      anomalies.push({ name: 'torn transaction', what })
    } else anomalies.push({ name: 'lost write', what: lost })
  }
  for (const [effect, found] of seen) {
    const causes = expected.get(effect)?.records ?? []
    const may = causes.length + (possible.get(effect)?.records.length ?? 0)
    if (found.length <= may) continue
    const ofAborted = aborted.get(effect)?.records ?? []
    const places = placesOf(found)
    if (ofAborted.length > 0 && found.length - may <= ofAborted.length) {
      const what = `${places} comes from ${placesOf(ofAborted)}, which was aborted`
      anomalies.push({ name: 'aborted read', what })
    } else if (may === 0) anomalies.push({ name: 'duplicate', what: `${places} comes from no record of ${link.from}` })
    else if (exactly || !atLeast) {
      anomalies.push({
        name: 'duplicate',
        what: `${places} comes from ${placesOf(causes)} alone: ${found.length} times`,
      })
    }
  }
  return [...anomalies, ...disordered(sides, link)]
}

interface Caused {
  readonly key: string
  readonly records: HistoryRecord[]
}

function byEffect(records: readonly HistoryRecord[], link: EachLink): ReadonlyMap<string, Caused> {
  const all = new Map<string, Caused>()
  for (const record of records) {
    for (const { key, text } of link.effects(record)) {
      const id = JSON.stringify([key, text])
      const one = all.get(id) ?? { key, records: [] }
      one.records.push(record)
      all.set(id, one)
    }
  }
  return all
}

function byShown(records: readonly HistoryRecord[], link: EachLink): ReadonlyMap<string, readonly HistoryRecord[]> {
  const all = new Map<string, HistoryRecord[]>()
  for (const record of records) {
    const { key, text } = link.shown(record)
    const id = JSON.stringify([key, text])
    const list = all.get(id) ?? []
    list.push(record)
    all.set(id, list)
  }
  return all
}

/**
 * Effects of one key that were caused by one partition come out in the order of their causes. Where records may be repeated, the first
 * of each does. What cannot be told apart has no order.
 */
function disordered(sides: Sides, link: EachLink): readonly Anomaly[] {
  const causes = new Map<string, { readonly record: HistoryRecord; readonly rank: number }>()
  const ambiguous = new Set<string>()
  let rank = 0
  for (const record of [...sides.from, ...sides.pending].toSorted(byPlace)) {
    for (const { key, text } of link.effects(record)) {
      const id = JSON.stringify([key, text])
      if (causes.has(id)) ambiguous.add(id)
      causes.set(id, { record, rank: rank++ })
    }
  }
  const last = new Map<string, { readonly from: HistoryRecord; readonly rank: number; readonly to: HistoryRecord }>()
  const met = new Set<string>()
  const anomalies: Anomaly[] = []
  for (const to of sides.to) {
    const { key, text } = link.shown(to)
    const id = JSON.stringify([key, text])
    const cause = causes.get(id)
    if (cause === undefined || ambiguous.has(id) || met.has(id)) continue
    met.add(id)
    // A key whose topic has grown is in two partitions, without an order between them.
    const stream = JSON.stringify([key, cause.record.partition, to.partition])
    const before = last.get(stream)
    if (before !== undefined && before.rank > cause.rank) {
      const what = `${show(key)} of ${placeOf(before.from)} came out at ${placeOf(before.to)}, and then that of ${placeOf(cause.record)} at ${placeOf(to)}`
      anomalies.push({ name: 'order violated', what })
    }
    last.set(stream, { from: cause.record, rank: cause.rank, to })
  }
  return anomalies
}

function byPlace(a: HistoryRecord, b: HistoryRecord): number {
  return a.partition - b.partition || a.offset - b.offset
}

function checkCounts(sides: Sides, link: CountLink): readonly Anomaly[] {
  const { exactly, atLeast } = sides
  const expected = byKey(sides.from, link)
  const pending = byKey(sides.pending, link)
  const aborted = byKey(sides.hiddenFrom, link)
  const seen = new Map<string, { readonly count: number; readonly record: HistoryRecord }[]>()
  for (const record of sides.to) {
    const { key, count } = link.shown(record)
    const list = seen.get(key) ?? []
    list.push({ count, record })
    seen.set(key, list)
  }
  const hidden = new Map(sides.hiddenTo.map(record => [link.shown(record).key, record]))
  const anomalies: Anomaly[] = []
  for (const [key, causes] of expected) {
    const last = seen.get(key)?.at(-1)
    const count = last?.count ?? 0
    if (count >= causes.length || !atLeast) continue
    const where = last === undefined ? `nowhere in ${link.to}` : `at ${placeOf(last.record)}`
    const lost = `${show(key)} ends with ${count} ${where}, but ${causes.length} records came to it, the last ones ${placesOf(causes.slice(count))}`
    const there = hidden.get(key)
    if (exactly && there !== undefined && link.shown(there).count > count) {
      const what = `${lost}; the offsets are committed, but hidden is ${placeOf(there)}`
      anomalies.push({ name: 'torn transaction', what })
    } else anomalies.push({ name: 'lost write', what: lost })
  }
  if (!exactly) return anomalies
  for (const [key, counts] of seen) {
    for (let at = 1; at < counts.length; at++) {
      const [before, now] = [counts[at - 1]!, counts[at]!]
      if (now.count > before.count) continue
      const what = `${show(key)} is ${before.count} at ${placeOf(before.record)}, and then ${now.count} at ${placeOf(now.record)}`
      anomalies.push({ name: now.count === before.count ? 'duplicate' : 'lost write', what })
    }
    const causes = expected.get(key) ?? []
    const excess = counts.at(-1)!.count - causes.length - (pending.get(key)?.length ?? 0)
    if (excess <= 0) continue
    const ofAborted = aborted.get(key) ?? []
    const what = `${show(key)} ends with ${counts.at(-1)!.count} at ${placeOf(counts.at(-1)!.record)}, but only ${causes.length} records came to it`
    // A list would say which ones; a count says that there are as many as were aborted, or more.
    if (ofAborted.length >= excess)
      anomalies.push({ name: 'aborted read', what: `${what}; aborted was ${placesOf(ofAborted)}` })
    else anomalies.push({ name: 'duplicate', what })
  }
  return anomalies
}

function byKey(records: readonly HistoryRecord[], link: CountLink): ReadonlyMap<string, readonly HistoryRecord[]> {
  const all = new Map<string, HistoryRecord[]>()
  for (const record of records) {
    for (const key of link.keysOf(record)) {
      const list = all.get(key) ?? []
      list.push(record)
      all.set(key, list)
    }
  }
  return all
}

function show(key: string): string {
  return JSON.stringify(key)
}
