import type { TopicPartition } from './client.ts'

/**
 * What the members of a streams group (KIP-1071) tell the broker and are told by it. The broker makes the internal topics,
 * assigns tasks, and moves them from one member to another.
 */
export interface StreamsTopology {
  /** A group runs one topology at a time. @default 0 */
  readonly epoch?: number
  readonly subTopologies: readonly StreamsSubTopology[]
}

/** All topics by their real names. */
export interface StreamsSubTopology {
  readonly id: string
  /** Topics of the user that it reads. */
  readonly sourceTopics: readonly string[]
  /** Repartition topics that it writes to. */
  readonly repartitionSinkTopics: readonly string[]
  /** Repartition topics that it reads. */
  readonly repartitionSourceTopics: readonly StreamsInternalTopic[]
  readonly stateChangelogTopics: readonly StreamsInternalTopic[]
  /** Topics that must have the same number of partitions, as lists of names. */
  readonly copartitionGroups: readonly (readonly string[])[]
}

/** A topic that the broker makes. */
export interface StreamsInternalTopic {
  readonly name: string
  /** @default the broker derives it */
  readonly partitions?: number
  /** @default the broker's */
  readonly replicationFactor?: number
  readonly configs: Readonly<Record<string, string>>
}

/** One partition of a sub-topology. */
export interface StreamsTaskId {
  readonly subTopology: string
  readonly partition: number
}

/** The tasks of one member, by what it does with them. */
export interface StreamsTasks {
  readonly active: readonly StreamsTaskId[]
  readonly standby: readonly StreamsTaskId[]
  /** Temporary standbys of tasks that are to move here. */
  readonly warmup: readonly StreamsTaskId[]
}

/** A member that has told an endpoint, and the input partitions of its tasks. */
export interface StreamsEndpoint {
  /** `host:port` */
  readonly host: string
  readonly active: readonly TopicPartition[]
  readonly standby: readonly TopicPartition[]
}

/** How far the state of a task is: sums over the changelogs of its stores. */
export interface StreamsTaskPosition extends StreamsTaskId {
  readonly offset: number
  /** @default not known */
  readonly endOffset?: number
}

/** The subscription of a member of a streams group. */
export interface StreamsSubscription {
  readonly topology: StreamsTopology
  /** Members of one process share its disk. */
  readonly processId: string
  /** `host:port` under which the stores of this process can be queried. */
  readonly host?: string
  readonly tags: Readonly<Record<string, string>>
  /** Read at each heartbeat. */
  readonly positions: () => readonly StreamsTaskPosition[]
  /** Read at each heartbeat: true to end the whole application. */
  readonly wantsShutdown: () => boolean
  /**
   * The input partitions of tasks, which are fetched for them. Called inside `poll` before each assignment.
   * @throws an error of kind `retriable` to be asked again
   */
  readonly partitionsOf: (tasks: readonly StreamsTaskId[]) => Promise<readonly TopicPartition[]>
  readonly listener: StreamsGroupListener
}

/** All of it runs inside `poll`, and is awaited there. */
export interface StreamsGroupListener {
  /** Runs with what is new, possibly nothing, and all tasks that the member has from now on. Nothing is fetched until `seek`. */
  onAssigned(partitions: readonly TopicPartition[], tasks: StreamsTasks): Promise<void>
  /** Runs with what goes: its offsets can still be committed. The broker gives it to others after the callback has ended. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>
  /** All that was held is gone already, perhaps to somebody else: nothing can be committed. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>
  /** Where the tasks of the application are, when that has changed. */
  onEndpoints(endpoints: readonly StreamsEndpoint[]): void
  /** A member has asked for the end of the whole application. */
  onShutdown(): void
}
