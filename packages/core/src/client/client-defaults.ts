import type { GroupConsumerOptions, ProducerOptions } from '../ports/client.ts'

/** The defaults that the client port states for a group consumer, in milliseconds. */
export const GROUP_DEFAULTS = {
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 300_000,
  processingTimeoutMs: 300_000,
} as const satisfies Partial<GroupConsumerOptions>

/** The defaults that the client port states for a producer: milliseconds, and bytes (1 MiB minus the batch header). */
export const PRODUCER_DEFAULTS = {
  transactionTimeoutMs: 60_000,
  maxBatchBytes: 1024 * 1024 - 61,
} as const satisfies Partial<ProducerOptions>
