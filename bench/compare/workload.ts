/** What a file of `bench/workloads/` exports as `workloads`, in a list. */
import type { StreamsBuilder } from '@millrace/core'
import type { InputSpec } from './inputs.ts'

export type Guarantee = 'at_least_once' | 'exactly_once'

/** The goal is for the ratio Millrace to Kafka Streams: of rates at least, of times and sizes at most. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number }

/** The names of the topics in this run, by the names that the workload gives them. */
export interface Topics {
  readonly in: Readonly<Record<string, string>>
  readonly out: string
  /** The URL of a schema registry, if the workload has schemas. */
  readonly registry?: string
}

/** The same topology twice. */
export interface Topology {
  millrace(builder: StreamsBuilder, topics: Topics): void
  /**
   * Java statements. `builder` is the StreamsBuilder, `in("name")` and `out()` give topics, and `Snippets.java` has the imports and
   * helpers that they may use.
   */
  readonly java: string
}

interface Common {
  readonly id: string
  readonly title: string
  readonly goal: Goal
  readonly topology: Topology
  /** @default at_least_once, with a commit each second */
  readonly guarantee?: Guarantee
  /** @default 1 000; exactly_once 100 */
  readonly commitIntervalMs?: number
  /** For record caches (Kafka Streams) and write buffers (Millrace). @default 64 MiB */
  readonly cacheBytes?: number
}

/** Records wait in the input; the rate is measured until they are processed. */
export interface ThroughputWorkload extends Common {
  readonly kind: 'throughput'
  readonly inputs: Readonly<Record<string, InputSpec>>
  /**
   * How outputs are compared: every record of each key in order (`each`), every record in any order (`any-order`), or the last record
   * of each key (`last`), where a cache decides which updates come out. `last-value` leaves out the time: a join by foreign key stamps a row
   * with the side that was processed last, and tasks run in no fixed order.
   */
  readonly compare: 'each' | 'any-order' | 'last' | 'last-value'
  /** Avro schemas of records, registered under their names: the first one has the id 1. */
  readonly schemas?: readonly { readonly name: string }[]
  /** The same workload at-least-once, for the cost of exactly-once. */
  readonly costAgainst?: string
}

/** Records arrive at a steady rate; the time from producing to consuming each is measured. */
export interface LatencyWorkload extends Common {
  readonly kind: 'latency'
  /** Records a second. */
  readonly rate: number
  /** Without settings of ours for commit interval and cache, as a new user runs it. */
  readonly defaults?: boolean
}

/** The state is restored from a full changelog. */
export interface RestoreWorkload extends Common {
  readonly kind: 'restore'
  /** The name of the store whose changelog is filled. */
  readonly store: string
  readonly records: number
  readonly partitions: number
}

/** The time from the start of the process to its first output, or the memory of a process that waits for records. */
export interface FootprintWorkload extends Common {
  readonly kind: 'footprint'
  readonly measure: 'start-up' | 'memory-at-rest'
  readonly input: InputSpec
}

/** The size of the library on disk with all that it depends on, without the JVM and without Node.js. Nothing runs. */
export interface InstallationWorkload extends Pick<Common, 'id' | 'title' | 'goal'> {
  readonly kind: 'installation'
}

/** What a contender runs. */
export type RunnableWorkload = ThroughputWorkload | LatencyWorkload | RestoreWorkload | FootprintWorkload

export type Workload = RunnableWorkload | InstallationWorkload

export function isRunnable(workload: Workload): workload is RunnableWorkload {
  return workload.kind !== 'installation'
}
