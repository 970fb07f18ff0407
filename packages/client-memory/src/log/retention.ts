import type { TopicConfig } from '../topics/topic-config.ts'
import type { StoredBatch } from './stored-batch.ts'

/**
 * How many of the first batches the topic's retention lets go: while their newest record is older than `retention.ms`,
 * or while what follows still fills `retention.bytes`. A broker does the same segment by segment. Nothing at or past
 * `stableEnd` goes.
 */
export function expiredBatches(
  batches: readonly StoredBatch[],
  config: TopicConfig,
  now: number,
  stableEnd: number,
): number {
  if (!config.deletes) return 0
  let surplus =
    config.retentionBytes < 0 ? 0 : batches.reduce((sum, batch) => sum + batch.bytes.length, -config.retentionBytes)
  let expired = 0
  for (const batch of batches) {
    const newest = batch.header.maxTimestamp < 0 ? batch.appendedAt : batch.header.maxTimestamp
    const tooOld = config.retentionMs >= 0 && newest < now - config.retentionMs
    const tooMuch = config.retentionBytes >= 0 && surplus >= batch.bytes.length
    if (batch.lastOffset >= stableEnd || !(tooOld || tooMuch)) break
    surplus -= batch.bytes.length
    expired++
  }
  return expired
}
