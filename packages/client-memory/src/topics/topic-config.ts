/** Milliseconds and bytes; -1 is without limit. */
export interface TopicConfig {
  readonly compacts: boolean
  readonly deletes: boolean
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly deleteRetentionMs: number
  readonly maxMessageBytes: number
  /** How far timestamps may lie ahead of the clock and behind it; Infinity without a limit. */
  readonly aheadMs: number
  readonly behindMs: number
  /** Records get the time at which they come. */
  readonly stampsItself: boolean
}

/**
 * What a topic has that its creator did not say. Kafka's own defaults, but records are kept for ever: those of tests and
 * demos carry old timestamps.
 */
export const DEFAULT_TOPIC_CONFIGS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'delete.retention.ms': '86400000',
  'max.message.bytes': '1048588',
  'message.timestamp.type': 'CreateTime',
  'min.insync.replicas': '1',
  'retention.bytes': '-1',
  'retention.ms': '-1',
  'segment.bytes': '1073741824',
  'segment.ms': '604800000',
}

export function parseTopicConfig(configs: Readonly<Record<string, string>>): TopicConfig {
  const policies = (configs['cleanup.policy'] ?? 'delete').split(',').map(policy => policy.trim())
  return {
    compacts: policies.includes('compact'),
    deletes: policies.includes('delete'),
    retentionMs: Number(configs['retention.ms'] ?? -1),
    retentionBytes: Number(configs['retention.bytes'] ?? -1),
    deleteRetentionMs: Number(configs['delete.retention.ms'] ?? 86_400_000),
    maxMessageBytes: Number(configs['max.message.bytes'] ?? 1_048_588),
    aheadMs: limitOf(configs['message.timestamp.after.max.ms']),
    behindMs: limitOf(configs['message.timestamp.before.max.ms']),
    stampsItself: configs['message.timestamp.type'] === 'LogAppendTime',
  }
}

/** The largest number of Kafka stands for no limit. */
function limitOf(setting: string | undefined): number {
  const ms = Number(setting ?? Infinity)
  return Number.isSafeInteger(ms) ? ms : Infinity
}
