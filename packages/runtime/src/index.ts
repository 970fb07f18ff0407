export { KafkaStreams } from './app/kafka-streams.ts'
export type { Engine, FailureVerdict } from './app/engine.ts'
export type { FromThread, ThreadStart, ToThread } from './app/threads/messages.ts'
export { runThread, type ThreadSetup } from './app/threads/run-thread.ts'
export type { ThreadEvents, ThreadHandle, ThreadHost } from './app/threads/thread-host.ts'
export { ThreadedEngine, type ThreadedOptions } from './app/threads/threaded-engine.ts'
export type { StreamsEvents } from './app/streams-events.ts'
export { type Application, defineApplication, isApplication } from './app/define-application.ts'
export type { TaskStatus, ThreadMetadata } from './app/engine.ts'
export { LocalQueries, type LocalQueriesOptions } from './query/local-queries.ts'
export type { QueryIsolation, QueryRequest, ReadOptions } from './query/query-request.ts'
export type { LiveEntry, LiveEvent, LiveExpiry, LivePosition, LiveResume } from './query/live/live-event.ts'
export { changedKeys, type ChangedKeysOptions } from './query/live/changed-keys.ts'
export { liveQuery, type LiveQueries, type LiveSource } from './query/live/live-query.ts'
export type { LiveRequest } from './query/live/live-request.ts'
export type { KeyQueryMetadata, StoreLag } from './query/key-metadata.ts'
export type { QueryableKind, QueryableStores, StoreQueryOptions } from './query/queryable-store.ts'
export type { ReadOnlyStoreOfTable } from './query/open-store.ts'
export type { StreamsMetadata } from './app/streams-metadata.ts'
export { Instance, type InstanceListener, type InstanceStore } from './app/instance.ts'
export {
  OPTION_TABLE,
  resolveOptions,
  type KafkaStreamsOptions,
  type ProcessingGuarantee,
  type ResolvedOptions,
} from './config/options.ts'
export { consoleLogger, silentLogger, type LogLevel } from './observe/console-logger.ts'
export { Metrics, type MetricReading, type MetricTags } from './observe/metrics.ts'
export { Tally } from './observe/sensor.ts'
export { TopicTally } from './task/record-meters.ts'
export { prometheusText } from './observe/prometheus-text.ts'
export { prometheusMetric, type PrometheusMetric } from './observe/prometheus-name.ts'
export {
  levelOf,
  METRIC_LEVELS,
  METRIC_TABLE,
  metricsOf,
  type MetricLevel,
  type MetricRow,
  type RecordingLevel,
  type SensorName,
} from './observe/metric-table.ts'
export type { BadRecordPolicy } from './config/bad-record-policy.ts'
export type { RestoreEvent, RestoreListener } from './observe/restore-listener.ts'
export type {
  StandbyBatchEvent,
  StandbyEvent,
  StandbyListener,
  StandbySuspendedEvent,
} from './observe/standby-listener.ts'
export { resetApplication, type ResetReport } from './reset/reset-application.ts'
export { formatReset } from './reset/format-reset.ts'
export type { ResetOptions } from './reset/reset-options.ts'
export type { OffsetMove, ResetPosition } from './reset/reset-position.ts'
export type { StreamsState } from './loop/lifecycle.ts'
export { ClaimTable, memberName, type TaskClaims } from './state/directory/task-claims.ts'
export type { OpenStateDirectory, StateDirectory } from './state/directory/state-directory.ts'
export {
  inspectApplication,
  type ApplicationReport,
  type ReportedInput,
  type ReportedMember,
  type ReportedTask,
} from './inspect/inspect-application.ts'
export {
  checkMigration,
  type MigrationFinding,
  type MigrationOptions,
  type MigrationReport,
} from './inspect/check-migration.ts'
export { readDescription, type TopologyDescription } from './inspect/topology-description.ts'
export { endsOfTopic, readStored, type StoredRange, type StoredRecord } from './inspect/stored-records.ts'
export { decodedPart, type DecodedPart, serdesOfTopic, type SerdesOfTopic } from './inspect/topic-serdes.ts'
export { type DeadLetter, deadLetterOf, resendDeadLetters } from './inspect/dead-letters.ts'
