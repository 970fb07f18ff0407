import { type BadTimestampPolicy, isMillraceError, millraceError } from '@millrace/core'
import { processingFailed } from '../policy/processing-failed.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { RecordContext } from './record-context.ts'

export interface BadTimestampSetting {
  readonly context: RecordContext
  /** Of sources that have none of their own; undefined: as the policy for bad records. */
  readonly onBadTimestamp: BadTimestampPolicy | undefined
}

/**
 * The timestamp of a record whose extractor returned none: the time of its partition, or undefined if it is dropped.
 * @throws MILLRACE_PROCESSING_FAILED where the policy is to fail
 */
export function timestampInstead(
  queue: PartitionQueue,
  error: unknown,
  cursor: PartitionQueue['cursor'],
  { context, onBadTimestamp }: BadTimestampSetting,
): number | undefined {
  // The record may be read at the next attempt.
  if (isMillraceError(error, 'retriable')) throw error
  const { timestamp } = cursor
  const policy = queue.source.node.onBadTimestamp ?? onBadTimestamp
  if (policy === 'partition-time' && queue.partitionTime >= 0) return queue.partitionTime
  context.clear(timestamp)
  context.topic = queue.topic
  context.partition = queue.partition
  context.offset = cursor.offset
  context.cursor = cursor
  const { name } = queue.source.node
  if (policy === 'skip') {
    context.drop(name, 'bad-timestamp')
    return undefined
  }
  const cause = error ?? millraceError('MILLRACE_TIMESTAMP_INVALID', { timestamp })
  if (policy === 'fail') throw badTimestamp(queue, cursor.offset, context.taskId, cause)
  context.giveUp(name, cause)
  return undefined
}

function badTimestamp(queue: PartitionQueue, offset: number, task: string, cause: unknown): Error {
  const { topic, partition, source } = queue
  return processingFailed({ node: source.node.name, task, topic, partition, offset }, cause)
}
