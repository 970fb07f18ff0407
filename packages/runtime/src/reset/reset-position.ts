import { type Admin, millraceError, type TopicPartition, type TopicPartitionOffset } from '@millrace/core'

/**
 * The position in each input partition after a reset:
 *
 * - `{ offset }`: this offset;
 * - `{ time }`: the first record with this timestamp or later, in milliseconds since the epoch;
 * - `{ backMs }`: this many milliseconds before now;
 * - `{ shiftBy }`: this many records after the committed offset, or before it if negative;
 * - `{ offsets }`: an offset per partition; partitions that are not named do not change.
 */
export type ResetPosition =
  | 'earliest'
  | 'latest'
  | { readonly offset: number }
  | { readonly time: number }
  | { readonly backMs: number }
  | { readonly shiftBy: number }
  | { readonly offsets: readonly TopicPartitionOffset[] }

/** The committed offset of a partition before and after the reset. */
export interface OffsetMove extends TopicPartition {
  /** Undefined if no offset is committed. */
  readonly from: number | undefined
  readonly to: number
  /** Why the position differs from the requested one. */
  readonly note?: string
}

/** What is known of a partition. */
export interface PartitionRange extends TopicPartition {
  readonly earliest: number
  readonly latest: number
  readonly committed: number | undefined
  /** Offset of the first record that is no older than the time asked for; undefined where all are older. */
  readonly atTime: number | undefined
}

/** Asks Kafka for all that `moveOffsets` needs. `time` is in milliseconds since the epoch. */
export async function partitionRanges(
  admin: Admin,
  groupId: string,
  partitions: readonly TopicPartition[],
  time: number | undefined,
): Promise<readonly PartitionRange[]> {
  const earliest = offsetsBy(await admin.earliestOffsets(partitions))
  const latest = offsetsBy(await admin.latestOffsets(partitions))
  const committed = offsetsBy(await admin.committedOffsets(groupId, partitions))
  const timed = time === undefined ? [] : partitions.map(at => ({ ...at, timestamp: time }))
  const atTime = offsetsBy(await admin.offsetsForTimes(timed))
  return partitions.map(at => ({
    ...at,
    earliest: earliest.get(nameOf(at)) ?? 0,
    latest: latest.get(nameOf(at)) ?? 0,
    committed: committed.get(nameOf(at)),
    atTime: atTime.get(nameOf(at)),
  }))
}

/** The time that a position stands for. */
export function timeOf(position: ResetPosition, now: number): number | undefined {
  if (typeof position === 'string') return undefined
  if ('time' in position) return position.time
  return 'backMs' in position ? Math.max(0, now - position.backMs) : undefined
}

/**
 * Where each partition goes. Pure.
 * @throws MILLRACE_RESET_INVALID for an offset that the log does not have, or a shift from where nothing is committed
 */
export function moveOffsets(
  applicationId: string,
  position: ResetPosition,
  ranges: readonly PartitionRange[],
): readonly OffsetMove[] {
  return ranges.flatMap(range => {
    const target = targetOf(position, range)
    if (target === undefined) return []
    if (typeof target === 'string') throw millraceError('MILLRACE_RESET_INVALID', { applicationId, reason: target })
    const { topic, partition, committed } = range
    return { topic, partition, from: committed, ...target }
  })
}

type Target = Pick<OffsetMove, 'to' | 'note'>

/** A text says why there is none, and nothing that the partition stays. */
function targetOf(position: ResetPosition, range: PartitionRange): Target | string | undefined {
  if (position === 'earliest') return { to: range.earliest }
  if (position === 'latest') return { to: range.latest }
  if ('offset' in position) return exactly(position.offset, range)
  if ('shiftBy' in position) return shifted(position.shiftBy, range)
  if ('offsets' in position) {
    const { topic, partition } = range
    const found = position.offsets.find(each => each.topic === topic && each.partition === partition)
    return found === undefined ? undefined : exactly(found.offset, range)
  }
  if (range.atTime !== undefined) return { to: range.atTime }
  return { to: range.latest, note: 'nothing is that late: its end' }
}

function exactly(offset: number, range: PartitionRange): Target | string {
  const { earliest, latest } = range
  if (offset >= earliest && offset <= latest) return { to: offset }
  return `${nameOf(range)} has no offset ${offset}, it goes from ${earliest} to ${latest}`
}

function shifted(shiftBy: number, range: PartitionRange): Target | string {
  const { earliest, latest, committed } = range
  if (committed === undefined) return `${nameOf(range)} has no committed offset to shift`
  const wanted = committed + shiftBy
  if (wanted < earliest) return { to: earliest, note: `not ${wanted}: it begins here` }
  if (wanted > latest) return { to: latest, note: `not ${wanted}: it ends here` }
  return { to: wanted }
}

function offsetsBy(offsets: readonly TopicPartitionOffset[]): ReadonlyMap<string, number> {
  return new Map(offsets.map(each => [nameOf(each), each.offset]))
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
