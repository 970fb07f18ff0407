import type { ProcessingGuarantee } from '@millrace/runtime'
import type { ScheduledFault } from '../faults/fault-plan.ts'

/** A record for a source topic; key and value are written with the serdes with which the plan reads them. */
export interface SimulatedInput {
  readonly topic: string
  readonly key: unknown
  readonly value: unknown
  /** Milliseconds since the epoch. @default when it is sent, in virtual time */
  readonly timestamp?: number
  /** It is there before anything starts: a table that a stream is joined with, so that nobody depends on who is faster. */
  readonly upFront?: boolean
}

/** An input record with what happens to it. */
export interface SimulatedRecord extends SimulatedInput {
  /** Sent this many virtual milliseconds after the start; -1 is before it. */
  readonly atMs: number
  /** The user function that sees it fails this many times; Infinity is always. */
  readonly fails: number
  /** The user function takes so long. */
  readonly slowMs: number
}

/**
 * What becomes of the disk of a process that dies.
 *
 * - `kept`: all that was written; what was being written is there as a whole or not at all.
 * - `torn`: the machine went down, so that the last writes that were not synced are missing too.
 * - `corrupt`: one task's store cannot be read any more.
 * - `lost`: nothing is left.
 */
export type DiskFate = 'kept' | 'torn' | 'corrupt' | 'lost'

/**
 * What becomes of the markers of transactions that end while the brokers stop: they are written afterwards; or they are lost, as by
 * KAFKA-20734, all of them or those of the groups' offsets and by chance of partitions (the number is a seed). Offsets that are
 * stable while partitions have no marker are left out: nobody can see that until the partition is read.
 */
export type LostMarkers = 'late' | 'lost' | number

/** Something that happens to the whole of a process, the group, or time. `process` and `member` count from 0. */
export type Trouble = { readonly atMs: number } & (
  | {
      readonly kind: 'kill'
      readonly process: number
      /** How many more calls to Kafka it makes before it dies: between any two awaits. */
      readonly afterCalls: number
      readonly disk: DiskFate
      readonly downMs: number
    }
  /** One thread of a process ends in the middle of its work. `thread` counts those that are there. */
  | { readonly kind: 'thread-crash'; readonly process: number; readonly thread: number; readonly afterCalls: number }
  /** The next thread of a process that asks for the directory of a task ends, whether it has it or waits for it. */
  | { readonly kind: 'thread-crash-at-claim'; readonly process: number }
  | { readonly kind: 'thread-add'; readonly process: number }
  | { readonly kind: 'thread-remove'; readonly process: number; readonly timeoutMs: number }
  | { readonly kind: 'stop'; readonly process: number; readonly downMs: number }
  | { readonly kind: 'stand-still'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'evict'; readonly member: number }
  /** Time passes at once, for everybody. */
  | { readonly kind: 'clock-jump'; readonly byMs: number }
  /** The time of day of one machine is set forward or back; no time passes. */
  | { readonly kind: 'wall-clock-step'; readonly process: number; readonly byMs: number }
  | { readonly kind: 'grow'; readonly topic: string }
  | {
      /** All brokers stop in order and come back: first the partitions have no leader, then nobody answers. */
      readonly kind: 'broker-stop'
      readonly stoppingMs: number
      readonly downMs: number
      readonly markers: LostMarkers
    }
)

/** All that decides a run. What is drawn from a seed is written out here, so that it can be made smaller. */
export interface SimulationCase {
  readonly seed: number
  readonly guarantee: ProcessingGuarantee
  /** Nothing crashes and no call fails: what happens happens in order. @default false */
  readonly calm?: boolean
  readonly transactions: 'group-metadata' | 'producer-per-task'
  /** What a rebalance takes from a member. @default 'cooperative' */
  readonly rebalance?: 'cooperative' | 'eager'
  /** Who assigns the tasks: a member, or the broker (KIP-1071). @default 'classic' */
  readonly groupProtocol?: 'classic' | 'streams'
  /** Each process has a place of its own in the group, which it keeps for a session when it stops. @default false */
  readonly staticMembers?: boolean
  readonly onBadRecord: 'fail' | 'continue' | 'dead-letter'
  readonly partitions: number
  /** Copies of the state of each task in other processes. @default 0 */
  readonly numStandbyReplicas?: number
  /** This many records a copy may lack to take over: with few, tasks that move warm up first. @default 10 000 */
  readonly acceptableRecoveryLag?: number
  readonly processes: number
  /** Of each process when it starts; with more than one, threads are added and removed. @default 1 */
  readonly threads?: number
  /** Reads of the simulated disk give promises. */
  readonly asyncReads: boolean
  /** Whether each record is watched on its way into the topology; failing and slow functions need it. */
  readonly watched: boolean
  readonly records: readonly SimulatedRecord[]
  readonly troubles: readonly Trouble[]
  /** Faults of calls to Kafka: drawn while it runs, or exactly these. */
  readonly faults: 'drawn' | readonly ScheduledFault[]
  /** How long after the group has decided something its members hear of it. @default 0 */
  readonly hearsAfterMs?: number
  /** A record that takes longer is handled as one that fails. @default the runtime's, which is longer than any takes */
  readonly processingTimeoutMs?: number
  /** Of each transactional id; near 32 766 the epochs run out during the run. @default 0 */
  readonly firstProducerEpoch?: number
  /** The most that a marker of a transaction takes after its end, in milliseconds. @default 0 */
  readonly markerDelayMs?: number
  /** A small one lets state leave the heap, and commits come early. @default the runtime's */
  readonly stateBufferBytes?: number
  /** Of the application. @default never: stream time moves on with records only */
  readonly idleAdvanceMs?: number
  /** Settings of the topics that the plan reads or writes: with them brokers may refuse records. @default none */
  readonly topicConfigs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The application may not see settings, so that it learns of a limit only when a broker refuses a record. @default false */
  readonly configsHidden?: boolean
  /** How long it goes on after everything has been processed, in virtual milliseconds. @default 0 */
  readonly quietMs?: number
}

/** Whether the user function that sees the record takes longer than it may: once, or always where such records are left out. */
export function takesTooLong({ processingTimeoutMs = Infinity }: SimulationCase, { slowMs }: SimulatedRecord): boolean {
  return slowMs > processingTimeoutMs
}

/** Whether what the record would do is not done, in the end: the function that sees it fails always, or is always too slow. */
export function isLeftOut(setting: SimulationCase, record: SimulatedRecord): boolean {
  return record.fails === Infinity || (setting.onBadRecord !== 'fail' && takesTooLong(setting, record))
}

/** Where the time of a run begins, and where that of its input begins by default. */
export const SIMULATION_START_MS = 1_700_000_000_000

/** Virtual milliseconds of trouble. */
export const TROUBLE_MS = 60_000

export const DEAD_LETTER_TOPIC = 'dead-letters'
