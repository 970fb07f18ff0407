/** Markers that a broker has left out, as its log says: KAFKA-20734. */
export interface SkippedMarkers {
  readonly transactionalId: string
  /** As `topic-3`. */
  readonly partitions: readonly string[]
}

const LINE =
  /Couldn't find leader endpoint for partitions \w*\(([^)]*)\) while trying to send transaction markers for (\S+), these partitions are likely deleted already/g

export function skippedMarkers(brokerLog: string): readonly SkippedMarkers[] {
  return [...brokerLog.matchAll(LINE)].map(([, partitions = '', transactionalId = '']) => ({
    transactionalId,
    partitions: partitions.split(', ').filter(name => name !== ''),
  }))
}

/** How often a word is in records of a partition that readers of committed records do not get. */
export type HiddenWords = ReadonlyMap<string, ReadonlyMap<string, number>>

/**
 * Losses that are the broker's own, by word, with what shows it. A commit was acknowledged, its offsets are committed, and the marker of
 * a partition was left out: then the end of the next transaction of the same producer decides about its records, and no client sees
 * it. So a loss counts as the broker's when its log has left out a marker of a partition, not those of the group's offsets with it
 * (these a client sees and completes), and that partition holds at least as many hidden records of the word as are missing. Pure.
 */
export function brokerLosses(
  skipped: readonly SkippedMarkers[],
  missing: ReadonlyMap<string, number>,
  hidden: HiddenWords,
): ReadonlyMap<string, string> {
  const unseen = skipped.filter(({ partitions }) => !partitions.some(name => name.startsWith('__consumer_offsets-')))
  const partitions = [...new Set(unseen.flatMap(one => one.partitions))]
  const losses = new Map<string, string>()
  for (const [word, count] of missing) {
    const found = partitions.filter(name => (hidden.get(name)?.get(word) ?? 0) > 0)
    const records = found.reduce((sum, name) => sum + hidden.get(name)!.get(word)!, 0)
    if (records < count) continue
    const ids = new Set(
      unseen.filter(one => one.partitions.some(name => found.includes(name))).map(one => one.transactionalId),
    )
    losses.set(
      word,
      `markers of ${[...ids].join(', ')} were left out in ${found.join(', ')}, ${records} records are hidden`,
    )
  }
  return losses
}
