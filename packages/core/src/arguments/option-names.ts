import { similarName } from '../errors/similar-name.ts'

/*
 * Which names an object with options may have. TypeScript accepts a constant with more properties than a function takes, so programs keep
 * one constant for all that is said of a topic, or of an application. What describes a topic or an application is therefore ignored by
 * functions for which it means nothing. All other names are refused: a misspelt one, and one that asks another function for something, such
 * as `retentionMs`, would be lost without a word. See ADR 24.
 */

/** How a topic of the user is read. */
const READING = ['timestampExtractor', 'onBadTimestamp', 'offsetReset'] as const

/** What a topic is, how it is made and written. */
const TOPIC = ['topic', 'name', 'key', 'value', 'partitions', 'replicationFactor', 'configs', 'partitioner'] as const

/** Ignored by functions that name a topic of the user, such as `to` and `createTopics`. */
export const OF_A_TOPIC: ReadonlySet<string> = new Set([...TOPIC, ...READING])

/** The same for global tables and global stores, of which how they are read cannot be set. */
export const OF_A_GLOBAL_TOPIC: ReadonlySet<string> = new Set(TOPIC)

/** Ignored by other functions that take serdes. The number of partitions and the partitioner may be meant for their own topics. */
export const OF_A_READ_TOPIC: ReadonlySet<string> = new Set(['topic', ...READING])

/** The options of `KafkaStreams`. Ignored by functions that work for an application, such as `openTopics` and `resetApplication`. */
export const OF_AN_APPLICATION: ReadonlySet<string> = new Set([
  'applicationId',
  'client',
  'store',
  'stateDir',
  'processingGuarantee',
  'commitIntervalMs',
  'onBadRecord',
  'maxRequestBytes',
  'compression',
  'onUncaughtError',
  'threads',
  'offsetReset',
  'timestampExtractor',
  'onBadTimestamp',
  'repartitionPurgeIntervalMs',
  'metadataRefreshMs',
  'stateCleanupDelayMs',
  'maxTaskIdleMs',
  'emitIntervalMs',
  'idleAdvanceMs',
  'onTopologyChange',
  'replicationFactor',
  'bufferedBytesPerPartition',
  'stateBufferBytes',
  'restoreBufferBytes',
  'caching',
  'numStandbyReplicas',
  'acceptableRecoveryLag',
  'maxWarmupReplicas',
  'probingRebalanceIntervalMs',
  'rackAwareAssignmentTags',
  'clientTags',
  'applicationServer',
  'groupProtocol',
  'sessionTimeoutMs',
  'heartbeatIntervalMs',
  'processingTimeoutMs',
  'groupInstanceId',
  'transactionTimeoutMs',
  'closeTimeoutMs',
  'windowedChangelogExtraMs',
  'processId',
  'tracer',
  'metricsRecordingLevel',
  'logger',
  'clock',
])

export const NOTHING_ELSE: ReadonlySet<string> = new Set()

/** The first name that the function does not take and does not ignore. */
export function unknownName(
  given: object,
  possible: readonly string[],
  ignored: ReadonlySet<string> = NOTHING_ELSE,
): string | undefined {
  return Object.keys(given).find(name => !possible.includes(name) && !ignored.has(name))
}

/** What to write instead of an unknown name, to put behind a semicolon. */
export function insteadOf(unknown: string, possible: readonly string[]): string {
  const meant = similarName(unknown, possible)
  if (meant !== undefined) return `did you mean "${meant}"?`
  const list = `possible are ${possible.join(', ')}`
  return OF_AN_APPLICATION.has(unknown) ? `it is an option of KafkaStreams, ${list} here` : list
}
