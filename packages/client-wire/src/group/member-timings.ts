import { GROUP_DEFAULTS, type GroupConsumerOptions } from '@millrace/core'

/** The intervals of a member of a group, in milliseconds, and the sign of its progress, with their defaults. */
export function memberTimings({
  rebalanceTimeoutMs = GROUP_DEFAULTS.rebalanceTimeoutMs,
  processingTimeoutMs = GROUP_DEFAULTS.processingTimeoutMs,
  progress = new Int32Array(new SharedArrayBuffer(8)),
}: GroupConsumerOptions) {
  return { rebalanceTimeoutMs, processingTimeoutMs, progress }
}
