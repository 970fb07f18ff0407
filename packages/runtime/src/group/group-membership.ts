import type { AssignedTask, TaskId } from '../task-id.ts'

/**
 * A member's place in the group of its application: the source of its tasks. There is one implementation for each protocol
 * that a group can speak. All of them run inside the consumer's `poll`, between two rounds of the loop.
 *
 * The owner of the tasks is told of changes by its `AssignmentListener`, and reads here what holds now.
 */
export interface GroupMembership {
  /**
   * The last assignment, as long as it holds: undefined before the first one, and after the place in the group was lost until
   * the next one. Each rebalance that assigns gives a new object, even if nothing has changed.
   */
  readonly assignment: TaskAssignment | undefined
  /** Where all tasks of the application are, as of the last assignment. */
  readonly hosts: readonly HostTasks[]
  /** This member has asked for the end of the application, and all other members have been told. */
  readonly shutdownTold: boolean
  /**
   * Joins the group. Called again when the topics of the plan have changed.
   *
   * @param existing partition counts by real name. A repartition topic that a pattern feeds may be missing
   */
  subscribe(existing: ReadonlyMap<string, number>): void
  /** After another member has taken over: the assignment ends, the listener is told, and the member joins again. */
  joinAgain(reason: string): Promise<void>
  /** Has every member of the application end. The assignment of this one ends. */
  askForShutdown(): Promise<void>
  /** Stops timers. The consumer leaves the group. */
  close(): void
}

/** What a member has to do until the next assignment. */
export interface TaskAssignment {
  /**
   * Tasks that process records here: those that were assigned and not revoked since, with the partitions that the plan reads
   * as of now.
   */
  readonly active: readonly AssignedTask[]
  /** Tasks whose state is kept here. */
  readonly standby: readonly TaskId[]
  /** Temporary standbys. A task becomes active here when its state has caught up. */
  readonly warmup: readonly TaskId[]
}

/** The owner of the tasks. Tasks begin and end here only because of these calls. */
export interface AssignmentListener {
  /** There is a new `assignment`, of which nothing was revoked or begun yet. */
  onAssigned(): Promise<void>
  /**
   * Other members wait for tasks. The tasks that are not in `stays` are cancelled before the call returns, and have been
   * committed and closed when the promise resolves; nothing of them is written afterwards.
   */
  onRevoked(stays: readonly AssignedTask[]): Promise<void>
  /** The assignment has ended, and most of it will be assigned again: the tasks are committed and wait. Eager clients only. */
  onSuspended(): Promise<void>
  /** The tasks may belong to other members already: they are closed without a commit. */
  onLost(): Promise<void>
  /** Another member has asked for the end of the application. */
  onShutdown(): void
}

/** What a member tells the group of itself. */
export interface Holdings {
  /** Members of one process share its disk. Empty if the member said nothing that is understood. */
  readonly processId: string
  /** Active tasks, running or starting. */
  readonly active: readonly TaskId[]
  /** Tasks whose state it follows, including warm-ups. */
  readonly standby: readonly TaskId[]
  /**
   * By task name, the position of its copy of the state: the sum of the offsets in the changelogs of its stores. An active
   * task that is absent runs, so its state is at the end of the changelogs; any other task that is absent has no copy here.
   */
  readonly positions: ReadonlyMap<string, number>
  /** Where it is, for example `{ zone: 'a' }`. */
  readonly tags: Readonly<Record<string, string>>
  /** How much it can process in comparison with other members. */
  readonly capacity: number
  /** The `host:port` under which its stores can be queried. */
  readonly host: string | undefined
}

/** The tasks of one host. */
export interface HostTasks {
  /** `host:port` */
  readonly host: string
  readonly active: readonly TaskId[]
  readonly standby: readonly TaskId[]
}
