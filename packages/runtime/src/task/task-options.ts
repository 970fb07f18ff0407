import type {
  BadTimestampPolicy,
  Clock,
  Plan,
  Producer,
  ProgressSign,
  RecordTracer,
  SubTopology,
  TimestampExtractor,
  TopicPartition,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { RecordingLevel } from '../observe/metric-table.ts'
import type { Sensor } from '../observe/sensor.ts'
import type { ThreadMeters } from '../observe/thread-meters.ts'
import type { ReadableGlobals } from './readable-globals.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import type { GivenUpRecords } from './given-up-records.ts'
import type { RecordOrigins } from './record-origins.ts'
import type { IdleTimeOptions } from './idle-time.ts'
import type { RecordPolicy } from '../policy/record-policy.ts'
import type { SinkTopics } from './sink.ts'
import type { TaskId } from '../task-id.ts'

/** What a task is made of and works with. */
export interface TaskOptions {
  readonly id: TaskId
  readonly plan: Plan
  readonly subTopology: SubTopology
  readonly applicationId: string
  readonly producer: Producer
  readonly topics: SinkTopics
  readonly stores: TaskStores
  readonly globals: ReadableGlobals
  readonly clock: Clock
  readonly policy: (dropped: () => Sensor) => RecordPolicy
  readonly thread: ThreadMeters
  readonly tracer: RecordTracer | undefined
  readonly metricsRecordingLevel: RecordingLevel
  readonly givenUp: GivenUpRecords
  readonly origins: RecordOrigins
  readonly guarantee: ResolvedOptions['processingGuarantee']
  readonly timestampExtractor: TimestampExtractor<never, never> | undefined
  /** Undefined: as the policy for bad records. */
  readonly onBadTimestamp: BadTimestampPolicy | undefined
  /** How long a task with a partition that has run empty waits for it. */
  readonly maxTaskIdleMs: number
  /** How often at most operators look for windows that have closed. */
  readonly emitIntervalMs: number
  /** How long one record may take, and where it is seen that it takes longer. */
  readonly processingTimeoutMs: number
  readonly progress: ProgressSign
  /** After so long without records stream time moves on by itself; undefined: never. */
  readonly idleAdvanceMs: number | undefined
  /** Where partitions end, as the broker says now; undefined where it does not answer. */
  readonly endsOf: IdleTimeOptions['endsOf']
  /** An operator of the task keeps results back while nothing has come for `idleMs`. */
  readonly onHeld: (operator: string, idleMs: number) => void
  /** Makes the loop look at the task again, which may be waiting for records. */
  readonly wakeup: () => void
}

/** Where an input partition of a task starts. */
export interface TaskInput extends TopicPartition {
  readonly position: number
  /** As committed with the position. */
  readonly leaderEpoch: number | undefined
  readonly partitionTime: number
  /** By store, up to where its closed windows were emitted. */
  readonly closeTimes: ReadonlyMap<string, number>
  readonly end: number
}
