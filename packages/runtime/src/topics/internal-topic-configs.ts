import type { StorePlan } from '@millrace/core'

export interface InternalTopicOptions {
  /** How much longer than their windows windowed changelogs are kept. */
  readonly windowedChangelogExtraMs: number
  /** What internal topics have to take, where that is more than a broker's default. */
  readonly maxRequestBytes: number
}

/** The settings of repartition topics, as Kafka Streams has them (`InternalTopicConfig`). */
export function repartitionConfigs(options: InternalTopicOptions): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'delete',
    'segment.bytes': '52428800',
    'retention.ms': '-1',
    'message.timestamp.type': 'CreateTime',
    ...largerMessages(options),
  }
}

/** The settings of a store's changelog: Kafka Streams' own, then those of the user. */
export function changelogConfigs(store: StorePlan, options: InternalTopicOptions): Readonly<Record<string, string>> {
  const own = configsByKind(store, options.windowedChangelogExtraMs)
  return { ...own, ...largerMessages(options), ...store.changelog?.configs }
}

function largerMessages({ maxRequestBytes }: InternalTopicOptions): Readonly<Record<string, string>> {
  return maxRequestBytes > DEFAULT_MESSAGE_BYTES ? { 'max.message.bytes': String(maxRequestBytes) } : {}
}

function configsByKind(store: StorePlan, extraMs: number): Readonly<Record<string, string>> {
  const common = { 'message.timestamp.type': 'CreateTime' }
  if (store.kind === 'versioned') {
    const lagMs = (store.historyRetentionMs ?? 0) + VERSIONS_EXTRA_MS
    const lag = Number.isSafeInteger(lagMs) ? String(lagMs) : LONGEST_RETENTION
    return { ...common, 'cleanup.policy': 'compact', 'min.compaction.lag.ms': lag }
  }
  if (store.kind === 'key-value') return { ...common, 'cleanup.policy': 'compact' }
  // Each record of a join's window has a key of its own, so there is nothing to compact.
  const policy = store.retainDuplicates === true ? 'delete' : 'compact,delete'
  const retentionMs = (store.retentionMs ?? 0) + extraMs
  return {
    ...common,
    'cleanup.policy': policy,
    'retention.ms': Number.isSafeInteger(retentionMs) ? String(retentionMs) : LONGEST_RETENTION,
  }
}

/** What a topic takes where nobody says otherwise. */
const DEFAULT_MESSAGE_BYTES = 1_048_588

/** How much longer than they are asked for the versions of a key stay in the changelog, as in Kafka Streams. */
const VERSIONS_EXTRA_MS = 86_400_000

/** Of windows that never end: the largest int64, as Kafka Streams has it. */
const LONGEST_RETENTION = '9223372036854775807'
