import {
  type Admin,
  type GroupConsumer,
  millraceError,
  type OffsetReset,
  type Plan,
  topicNaming,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import { decodeCloseTimes, decodePartitionTime } from './commit-metadata.ts'
import type { TaskInput } from './task-options.ts'

export interface PositionSources {
  readonly plan: () => Plan
  readonly options: ResolvedOptions
  readonly admin: Admin
  readonly consumer: GroupConsumer
}

/**
 * Where each partition of a task starts: at the offset that the group has committed, otherwise according to the reset policy.
 *
 * @throws MILLRACE_OFFSET_RESET_NONE
 */
export async function startPositions(
  sources: PositionSources,
  partitions: readonly TopicPartition[],
): Promise<readonly TaskInput[]> {
  const { consumer, admin, options } = sources
  const [committed, earliest, ends] = await Promise.all([
    consumer.committed(partitions),
    admin.earliestOffsets(partitions),
    admin.latestOffsets(partitions),
  ])
  const cut = await admin.truncations(committed.filter(({ leaderEpoch }) => leaderEpoch !== undefined))
  const resetOf = resetPolicies(sources.plan(), options)
  const since = partitions.flatMap(({ topic, partition }) => {
    const reset = resetOf(topic)
    return typeof reset === 'object'
      ? [{ topic, partition, timestamp: Math.max(0, options.clock.now() - reset.backMs) }]
      : []
  })
  const sinceOffsets = since.length === 0 ? [] : await admin.offsetsForTimes(since)
  return partitions.map(({ topic, partition }) => {
    const same = (entry: TopicPartition) => entry.topic === topic && entry.partition === partition
    const end = offsetAt(ends, same)
    const first = offsetAt(earliest, same)
    const known = committed.find(same)
    const sameUntil = cut.find(same)?.offset
    const reset = resetOf(topic)
    const start = reset === 'earliest' ? first : (sinceOffsets.find(same)?.offset ?? end)
    // Offsets outside the log are left from a topic that was deleted, or that has lost records: its first ones to retention, its
    // last ones to an unclean election, after which others may have their offsets.
    const usable = known !== undefined && known.offset >= first && known.offset <= end && sameUntil === undefined
    const latest = sameUntil === undefined || sameUntil < first ? end : sameUntil
    if (!usable && reset === 'none') {
      const committed = known?.offset ?? 'none'
      throw millraceError('MILLRACE_OFFSET_RESET_NONE', { topic, partition, committed, earliest: first, latest })
    }
    if (known !== undefined && !usable) {
      const fields = { topic, partition, committed: known.offset, earliest: first, latest, startsAt: start }
      const reason =
        sameUntil === undefined ? 'the committed offset is out of range' : 'the log was cut before the committed offset'
      options.logger.warn(fields, `${reason}: the partition starts according to offsetReset`)
    }
    return {
      topic,
      partition,
      position: usable ? known.offset : start,
      leaderEpoch: usable ? known.leaderEpoch : undefined,
      partitionTime: usable ? decodePartitionTime(known.metadata) : -1,
      closeTimes: decodeCloseTimes(usable ? known.metadata : undefined),
      end,
    }
  })
}

function offsetAt(offsets: readonly TopicPartitionOffset[], same: (entry: TopicPartition) => boolean): number {
  return offsets.find(same)?.offset ?? 0
}

/** The reset policy of a topic, by its real name. */
function resetPolicies(plan: Plan, options: ResolvedOptions): (topic: string) => OffsetReset {
  const real = topicNaming(plan, options.applicationId)
  const policies = new Map(
    plan.nodes.flatMap(node => {
      if (node.kind !== 'source' || node.offsetReset === undefined) return []
      const { offsetReset } = node
      return node.topics.map(topic => [real(topic), offsetReset] as const)
    }),
  )
  // Only the application writes its repartition topics, so they are read from the beginning.
  const repartition = new Set(plan.repartitionTopics.map(({ name }) => real(name)))
  return topic => (repartition.has(topic) ? 'earliest' : (policies.get(topic) ?? options.offsetReset))
}
