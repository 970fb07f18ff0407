import type { MemoryClient, MemoryCluster } from '@millrace/client-memory'
import type { ClientContext, Clock, StoreBackend } from '@millrace/core'
import type { KafkaStreamsOptions } from '@millrace/runtime'

/** What an application is configured with, less what the driver brings itself. */
type RuntimeOptions = Omit<KafkaStreamsOptions, 'applicationId' | 'client' | 'clock' | 'store' | 'stateDir'>

export interface TopologyTestDriverOptions extends RuntimeOptions {
  /** In front of the names of changelog and repartition topics. @default 'topology-test-driver' */
  readonly applicationId?: string
  /** Of the topics that the driver creates: one number for all, or one for each topic (1 where it names none). @default 1 */
  readonly partitions?: number | Readonly<Record<string, number>>
  /** How many members the application starts with. @default 1 */
  readonly instances?: number
  /**
   * Where instances keep their state: a backend, and the directory in which each of them gets one of its own. The driver does not
   * delete it.
   * @default in memory
   */
  readonly state?: { readonly store: StoreBackend; readonly stateDir: string }
  /** What the wall clock shows at the start, in milliseconds since the epoch. @default now */
  readonly initialWallClockMs?: number
  /**
   * Commits after each single record of each topic, internal ones included, so that each update comes out by itself, as in
   * Kafka Streams' own driver. Otherwise commits come when the wall clock is advanced by `commitIntervalMs`, when a
   * processor asks for one, or by `commit()`.
   * @default true
   */
  readonly commitEachRecord?: boolean
  /** @default 0, so that what waits for a window to close is emitted with the first record after it */
  readonly emitIntervalMs?: number
  /** @default Infinity, since the clock of a test has nothing to do with how long a user function takes */
  readonly processingTimeoutMs?: number
  /** How instances reach the driver's cluster: a place for faults. @default memoryClient */
  readonly client?: (cluster: MemoryCluster, clock: Clock) => (context: ClientContext) => MemoryClient
}
