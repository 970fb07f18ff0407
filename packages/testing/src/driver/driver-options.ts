import type { MemoryClient, MemoryCluster } from '@millrace/client-memory'
import type { ClientContext, Clock, StoreBackend } from '@millrace/core'
import type { KafkaStreamsOptions } from '@millrace/runtime'

/** What an application is configured with, less what the driver brings itself. */
type RuntimeOptions = Omit<KafkaStreamsOptions, 'applicationId' | 'client' | 'clock' | 'store' | 'stateDir'>

export interface TopologyTestDriverOptions extends RuntimeOptions {
  /** The prefix of the names of changelog and repartition topics. @default 'topology-test-driver' */
  readonly applicationId?: string
  /**
   * The partition count of the topics that the driver creates: one number for all topics, or one per topic (1 if omitted).
   * @default 1
   */
  readonly partitions?: number | Readonly<Record<string, number>>
  /** The number of instances at the start. @default 1 */
  readonly instances?: number
  /**
   * Where the instances keep their state: a backend, and a directory in which each instance has its own directory. The driver
   * does not delete it.
   * @default in memory
   */
  readonly state?: { readonly store: StoreBackend; readonly stateDir: string }
  /** The wall clock at the start, in milliseconds since the epoch. @default now */
  readonly initialWallClockMs?: number
  /**
   * Commits after each record of each topic, including internal topics, so that each update is emitted separately, as in the
   * driver of Kafka Streams. Otherwise a commit happens when the wall clock advances by `commitIntervalMs`, when a processor
   * requests it, or with `commit()`.
   * @default true
   */
  readonly commitEachRecord?: boolean
  /** @default 0, so that what waits for a window to close is emitted with the first record after it */
  readonly emitIntervalMs?: number
  /** @default Infinity, since the clock of a test has nothing to do with how long a user function takes */
  readonly processingTimeoutMs?: number
  /** The client of the instances, to inject faults. @default memoryClient */
  readonly client?: (cluster: MemoryCluster, clock: Clock) => (context: ClientContext) => MemoryClient
}
