import { isMillraceError, type Logger } from '@millrace/core'
import type { Committer } from '../commit/committer.ts'
import { fateOfUncommitted } from '../commit/uncommitted.ts'
import type { ProcessingGuarantee } from '../config/options.ts'
import type { AssignmentListener, GroupMembership, TaskAssignment } from '../group/group-membership.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { ProducerPool } from '../task/producer-pool.ts'
import { type AssignedTask, taskName } from '../task-id.ts'
import type { Task } from '../task/task.ts'
import type { TaskSet } from '../task/task-set.ts'
import { takeBackLate } from './take-back.ts'

export interface TaskOwnershipOptions {
  /** Where the tasks come from. */
  readonly membership: () => Pick<GroupMembership, 'assignment'>
  readonly logger: Logger
  readonly guarantee: ProcessingGuarantee
  readonly producers: ProducerPool
  readonly tasks: TaskSet
  readonly standbys: StandbyTasks
  readonly committer: Committer
  /** @param gained whether tasks have come that were not here: of members that are gone, perhaps */
  readonly onTakenUp: (gained: boolean) => void
  /** Tasks have to be taken up, or were. */
  readonly onChange: () => void
  /** Another instance has asked for the end of the application. */
  readonly onShutdown: () => void
}

/**
 * Does to the tasks what the group says: takes up those that are assigned, commits and closes those that are revoked, and drops
 * those that are lost. It does not know the protocol of the group.
 */
export class TaskOwnership implements AssignmentListener {
  readonly #with: TaskOwnershipOptions
  /** The assignment whose tasks run here or start; undefined while they have to be taken up. */
  #takenUp: TaskAssignment | undefined

  constructor(options: TaskOwnershipOptions) {
    this.#with = options
  }

  /** Everything that is assigned runs here, or starts. */
  get settled(): boolean {
    const { assignment } = this.#with.membership()
    return assignment !== undefined && assignment === this.#takenUp
  }

  /** After the tasks were dropped because of a failure: `takeUpIfDue` creates them again. */
  takeUpLater(): void {
    this.#takenUp = undefined
    this.#with.onChange()
  }

  /** Starts the tasks that are assigned and do not run here yet, and follows the state of standbys. */
  async takeUpIfDue(): Promise<void> {
    const { tasks, standbys, onChange, onTakenUp } = this.#with
    const { assignment } = this.#with.membership()
    if (assignment === undefined || assignment === this.#takenUp) return
    const had = new Set(tasks.ids.map(taskName))
    await this.#keepOnly(assignment.active)
    await standbys.follow([...assignment.standby, ...assignment.warmup], new Set(tasks.ids.map(taskName)))
    this.#takenUp = assignment
    onChange()
    onTakenUp(assignment.active.some(({ id }) => !had.has(taskName(id))))
  }

  async onAssigned(): Promise<void> {
    await this.takeUpIfDue()
  }

  async onRevoked(stays: readonly AssignedTask[]): Promise<void> {
    await this.#keepOnly(stays)
    this.#with.onChange()
  }

  async onSuspended(): Promise<void> {
    const { tasks, onChange } = this.#with
    tasks.suspended = true
    onChange()
    await this.#commitBeforeRevocation(tasks.running)
  }

  async onLost(): Promise<void> {
    this.#with.onChange()
    await this.#abandonAll()
  }

  onShutdown(): void {
    this.#with.onShutdown()
  }

  /** Commits and closes all other tasks, and begins with those that are missing. */
  async #keepOnly(wanted: readonly AssignedTask[]): Promise<void> {
    const { tasks } = this.#with
    // Before anything is waited for: partitions that go cannot be sought any more.
    await tasks.cancel(wanted)
    const leaving = tasks.leaving(wanted)
    if (leaving.length > 0) await this.#commitBeforeRevocation(leaving)
    await tasks.assign(wanted)
  }

  /** Records that cannot be committed any more are processed again by the next owner; the tasks must not continue with them. */
  async #commitBeforeRevocation(leaving: readonly Task[]): Promise<void> {
    const { logger, committer } = this.#with
    const again = `the commit before a rebalance failed: ${fateOfUncommitted(this.#with.guarantee)}`
    try {
      if ((await committer.commit({ leaving })) !== 'postponed') return
      logger.warn({}, again)
    } catch (error) {
      await this.#afterFailedCommit(error, again)
    }
    await this.#abandonAll()
  }

  /** The changelogs are taken back here: once the callback has returned, the next owner may read them. */
  async #afterFailedCommit(error: unknown, warning: string): Promise<void> {
    const { tasks, logger } = this.#with
    let failure = error
    try {
      if (await takeBackLate(error, tasks, logger)) return
    } catch (thrown) {
      failure = thrown
    }
    if (!isMillraceError(failure, 'retriable', 'fenced')) throw failure
    logger.warn({ error: failure }, warning)
  }

  /** Closes all tasks as if they had crashed, and closes their producers: an open transaction must not be committed later. */
  async #abandonAll(): Promise<void> {
    await this.#with.tasks.abandon()
    await this.#with.producers.discardAll()
  }
}
