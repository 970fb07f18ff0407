import { type Clock, CompactedTopic, type KafkaClient, millraceError, reasonOf } from '@millrace/core'
import { type KeyRecord, parseKeyRecord } from './key-record.ts'

export const DEFAULT_TOPIC = 'personal-keys'

/**
 * A forgotten key is gone from the disks of the brokers when the cleaner has run. Without these settings of the topic that could take for
 * ever: the newest segment of a log is never cleaned.
 */
const CONFIGS = {
  'segment.ms': String(3_600_000),
  'max.compaction.lag.ms': String(86_400_000),
  'min.cleanable.dirty.ratio': '0.01',
}

export interface KeyTopicOptions {
  readonly client: KafkaClient
  readonly clock: Clock
  readonly topic: string
  readonly replicationFactor: number | undefined
}

export function keyTopic(options: KeyTopicOptions, apply: (record: KeyRecord) => void): CompactedTopic {
  const { replicationFactor, ...rest } = options
  return new CompactedTopic(
    { ...rest, configs: CONFIGS, ...(replicationFactor !== undefined && { replicationFactor }) },
    record => {
      let parsed: KeyRecord | undefined
      try {
        parsed = parseKeyRecord(record)
      } catch (cause) {
        throw millraceError('MILLRACE_COMPACTED_TOPIC', { topic: options.topic, reason: reasonOf(cause) }, { cause })
      }
      if (parsed !== undefined) apply(parsed)
    },
  )
}
