/** Builder, plan, serdes, types of ports and errors. It runs in any JavaScript: nothing in it needs Node.js (entries.test.ts). */
export { recordRefusedError, refusedRecord } from '../errors/refused-record.ts'
export { asError, nameOfThrown, reasonOf, stackOfThrown } from '../errors/thrown.ts'
export {
  checkedConfigNumber,
  checkedNumber,
  isInRange,
  type NumberRange,
  rangeText,
  shownOption,
} from '../errors/number-option.ts'
export { ERROR_TABLE, type ErrorKind, type ErrorRow } from '../errors/table.ts'
export {
  MillraceError,
  millraceError,
  isMillraceError,
  type ErrorCode,
  type ErrorValues,
} from '../errors/millrace-error.ts'
export { NO_HEADERS, type Header, type Headers } from '../record/headers.ts'
export { windowed, type Window, type Windowed } from '../record/windowed.ts'
export type { RecordPart, Serde, SerdeType } from '../serde/serde.ts'
export { touchesHeaders, withRecordHeaders } from '../serde/record-headers.ts'
export { bytes, string, uuid, voidSerde } from '../serde/text-serdes.ts'
export { boolean, double, float, int, long, safeLong, short } from '../serde/number-serdes.ts'
export { comparesAsValue } from '../serde/key-identity.ts'
export { notReady, prepareOf, readyAgain, whenReady } from '../serde/not-ready.ts'
export { isOrderUndecided, json, type CheckedJsonOptions, type JsonOptions } from '../serde/json.ts'
export { list } from '../serde/list.ts'
export { sessionWindowed, timeWindowed, type TimeWindowedOptions } from '../serde/windowed-serdes.ts'
export type { SchemaIssue, SchemaOutput, SchemaResult, StandardSchemaV1 } from '../serde/standard-schema.ts'
export type * from '../ports/clock.ts'
export type * from '../ports/logger.ts'
export type * from '../ports/tracer.ts'
export type * from '../ports/client.ts'
export { PROGRESS_OVERDUE, PROGRESS_RECORDS } from '../ports/client.ts'
export type * from '../ports/store.ts'
export type * from '../ports/streams-group.ts'
export type * from '../topology/plan.ts'
export type * from '../operators/spec.ts'
export type { AggregateFunction, KeyValueAggregateSpec } from '../operators/aggregate.ts'
export type { BranchSpec, SplitSpec } from '../operators/branch.ts'
export type { FilterSpec, RepartitionFilterSpec } from '../operators/filter.ts'
export type { ForeignKeyFn, ForeignKeySpec } from '../operators/foreign-key-join.ts'
export type { JoinWaitSpec } from '../operators/join-wait.ts'
export type { LateOutput } from '../operators/late.ts'
export type { FlatMapSpec, FlatMapValuesSpec, MapSpec, MapValuesSpec, SelectKeySpec } from '../operators/map.ts'
export type { PeekSpec, PrintSpec } from '../operators/peek.ts'
export type { SessionAggregateSpec } from '../operators/session-aggregate.ts'
export type { SlidingAggregateSpec } from '../operators/sliding-aggregate.ts'
export type { StreamGlobalJoinSpec } from '../operators/stream-global-join.ts'
export type { StreamSelfJoinSpec } from '../operators/stream-self-join.ts'
export type { JoinWindowSpec, StreamStreamJoinSpec } from '../operators/stream-stream-join.ts'
export type { StreamTableJoinSpec } from '../operators/stream-table-join.ts'
export type { SuppressSpec } from '../operators/suppress.ts'
export type { TableAggregateFunction, TableAggregateSpec } from '../operators/table-aggregate.ts'
export type { TableGroupSpec } from '../operators/table-group.ts'
export type { TableJoiner, TableTableJoinSpec } from '../operators/table-table-join.ts'
export type { TableTransformValuesSpec } from '../operators/table-transform.ts'
export type {
  TableFilterSpec,
  TableJoinMergeSpec,
  TableMapValuesSpec,
  TableSourceSpec,
  TableToStreamSpec,
} from '../operators/table.ts'
export type { ProcessSpec } from '../operators/user-processor.ts'
export type {
  JoinedGetterSpec,
  StoredGetterSpec,
  SuppressedGetterSpec,
  ValueGetterSpec,
  ValueGetterStep,
} from '../operators/value-getter.ts'
export type { VersionedInput } from '../operators/versioned-table.ts'
export type { WindowAggregateSpec } from '../operators/window-aggregate.ts'
export type {
  CustomWindowsSpec,
  EmitStrategy,
  FixedWindowsSpec,
  SessionWindowsSpec,
  SlidingWindowsSpec,
  TimeWindowsSpec,
  UnlimitedWindowsSpec,
  WindowsSpec,
} from '../windows/windows-spec.ts'
export type { DeduplicateSpec } from '../operators/deduplicate.ts'
export type { AsyncCall, AsyncOrdering, MapValuesAsyncSpec } from '../operators/map-values-async.ts'
export { systemClock } from '../clock/system-clock.ts'
export { LONG_AGO, longestSince, momentOf } from '../clock/elapsed.ts'
export { ManualClock } from '../clock/manual-clock.ts'
export { seededRandom } from '../random/seeded-random.ts'
export type * from '../state/engine-store.ts'
export type * from '../state/store-types.ts'
export type * from '../state/read-only-stores.ts'
export type * from '../query/query.ts'
export {
  keyQuery,
  prefixQuery,
  rangeQuery,
  sessionQuery,
  timestampedKeyQuery,
  timestampedRangeQuery,
  versionedKeyQuery,
  versionsQuery,
  windowKeyQuery,
  windowRangeQuery,
} from '../query/query.ts'
export { isAtLeast, mergedPosition, offsetAt, type Position } from '../query/position.ts'
export {
  QueryResult,
  type FailureReason,
  type PartitionAnswer,
  type PartitionFailure,
  type PartitionResult,
} from '../query/query-result.ts'
export { StreamsBuilder } from '../dsl/streams-builder.ts'
export type { KStream } from '../dsl/kstream.ts'
export type { AsyncRetry, MapValuesAsyncOptions } from '../assemble/async-values.ts'
export type { DeduplicateOptions } from '../assemble/deduplicate.ts'
export type { KTable } from '../dsl/ktable.ts'
export type { GlobalKTable } from '../dsl/global-ktable.ts'
export type { KGroupedStream } from '../dsl/kgrouped-stream.ts'
export type { KGroupedTable } from '../dsl/kgrouped-table.ts'
export type { SuppressOptions } from '../assemble/suppress.ts'
export type { TimeWindowedKStream } from '../dsl/time-windowed-kstream.ts'
export type { BranchedKStream, Split, SplitOf } from '../dsl/branched-kstream.ts'
export type { BranchPattern } from '../assemble/branch-pattern.ts'
export type { LateOption } from '../dsl/late-option.ts'
export type { DistinctCountOptions, DistinctCountWindowsOptions, DistinctId } from '../assemble/distinct-count.ts'
export type { Rank, TopNOptions, TopNWindowsOptions } from '../assemble/top-n.ts'
export type { SessionWindowedKStream } from '../dsl/session-windowed-kstream.ts'
export type {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from '../dsl/cogrouped-kstream.ts'
export type { WindowedByOptions } from '../dsl/kgrouped-stream.ts'
export {
  joinWindows,
  type JoinWindows,
  type JoinWindowsOptions,
  type StreamJoinOptions,
} from '../assemble/stream-joins.ts'
export {
  hopping,
  sessions,
  sliding,
  tumbling,
  unlimited,
  type HoppingOptions,
  type SessionsOptions,
  type SlidingOptions,
  type TumblingOptions,
} from '../dsl/windows.ts'
export { calendar, type CalendarOptions } from '../windows/calendar.ts'
export { customWindows, type CustomWindowsOptions } from '../windows/custom-windows.ts'
export { endOfWindow } from '../windows/end-of-window.ts'
export type { WindowsPort } from '../ports/windows.ts'
export type * from '../dsl/options.ts'
export type * from '../dsl/known-serdes.ts'
export {
  keyValueStore,
  lruMap,
  sessionStore,
  versionedStore,
  windowStore,
  type KeyValueStoreOptions,
  type LruMapOptions,
  type SessionStoreOptions,
  type VersionedStoreOptions,
  type StoreBuilder,
  type StoreSettings,
  type WindowStoreOptions,
} from '../state/store-builder.ts'
export { customStore, type CustomStoreOptions, type StateStore, type StateStoreContext } from '../state/custom-store.ts'
export {
  keyValueStoreWithHeaders,
  sessionStoreWithHeaders,
  windowStoreWithHeaders,
  type AggregationWithHeaders,
  type ValueTimestampHeaders,
} from '../state/header-stores.ts'
export type { MaxEntriesSettings } from '../state/max-entries.ts'
export type { TtlSettings } from '../state/ttl.ts'
export type * from '../operators/processor.ts'
export { advanceLags } from '../topology/advance-lags.ts'
export { describeTopology } from '../topology/describe.ts'
export { toMermaid } from '../topology/mermaid.ts'
export { planToJson, type Json } from '../topology/plan-json.ts'
export { changelogTopic, decorateTopic, internalTopics, topicNaming } from '../topology/internal-topics.ts'
export { nameDefect } from '../topology/naming.ts'
export { checkRealNames } from '../topology/real-names.ts'
export { matchesPattern, matchesWhole, readsByPattern, withMatchedTopics } from '../topology/matched-topics.ts'
export {
  correctedDeviceTime,
  deviceTime,
  fromPayload,
  recordTime,
  usePartitionTimeOnInvalid,
  wallClock,
  type DeviceTimes,
} from '../record/timestamp-extractors.ts'
export type { BuildOptions, Optimization } from '../topology/optimization.ts'
export {
  diffTopologies,
  silentChanges,
  topologyOutline,
  type NamesDiff,
  type StoreOutline,
  type TopicOutline,
  type TopologyDiff,
  type TopologyOutline,
} from '../topology/diff.ts'
