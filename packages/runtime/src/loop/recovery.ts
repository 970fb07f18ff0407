import { isMillraceError, type MillraceError } from '@millrace/core'
import type { Committer } from '../commit/committer.ts'
import { fateOfUncommitted } from '../commit/uncommitted.ts'
import type { ResolvedOptions } from '../config/options.ts'
import type { GlobalStores } from '../globals/global-stores.ts'
import type { GroupMembership } from '../group/group-membership.ts'
import type { ProducerPool } from '../task/producer-pool.ts'
import type { TaskSet } from '../task/task-set.ts'
import { type Patience, RETRY_MS } from './patience.ts'
import { takeBackLate } from './take-back.ts'
import type { TaskOwnership } from './task-ownership.ts'
import type { TopicWatch } from './topic-watch.ts'

export interface RecoveryOptions {
  readonly options: ResolvedOptions
  readonly tasks: TaskSet
  readonly producers: ProducerPool
  readonly committer: Committer
  readonly membership: GroupMembership
  readonly ownership: TaskOwnership
  readonly globals: GlobalStores
  readonly topics: TopicWatch
  readonly patience: Patience
}

/** For how long a missing topic may be one that a pattern matched before. */
const MISSING_MS = 2_000

/**
 * What follows after an error in a round. It repairs nothing: the tasks are dropped without a commit, their producers are
 * discarded, and the same tasks are created again from the last commit.
 */
export class Recovery {
  readonly #with: RecoveryOptions
  /** Closing has waited long enough: errors are its consequence from now on. */
  hasLetGo = false

  constructor(options: RecoveryOptions) {
    this.#with = options
  }

  /**
   * The error's kind decides. `fenced`: another member has the work, so this one joins again. `retriable`: uncommitted work is
   * dropped and done again. Any other kind ends the application.
   *
   * @throws the error if there is no recovery from it
   */
  async after(error: unknown): Promise<void> {
    const { tasks, membership, globals, patience, options } = this.#with
    const { logger, clock } = options
    if (this.hasLetGo) {
      logger.warn({ error }, `closed without a commit: ${fateOfUncommitted(options.processingGuarantee)}`)
      return await tasks.abandon()
    }
    try {
      if (await takeBackLate(error, tasks, logger)) return await this.#startAgain()
    } catch (failure) {
      return await this.after(failure)
    }
    if (isMillraceError(error) && error.code === 'MILLRACE_TOPIC_MISSING' && (await this.#continueWithout(error)))
      return
    if (!isMillraceError(error, 'retriable', 'fenced')) throw error
    if (error.kind === 'fenced') {
      logger.warn({ error }, 'fenced: closing the tasks without a commit and rejoining the group')
      return await membership.joinAgain(error.code)
    }
    const corrupt = error.code === 'MILLRACE_STORE_CORRUPT'
    if (corrupt) logger.warn({ error }, 'a store is corrupted: restarting the tasks from the changelog')
    else patience.waitsFor(error)
    await this.#startAgain()
    // The corrupt store may be a global one that a task has read.
    if (corrupt) await globals.begin(new AbortController().signal)
    await clock.sleep(RETRY_MS)
  }

  /** Drops the tasks, so that the next round creates them again from the last commit. */
  async #startAgain(): Promise<void> {
    await this.#giveBack()
    this.#with.ownership.takeUpLater()
    await this.#drop()
  }

  /** Under at_most_once: only what was begun is lost, if the group can be reached. */
  async #giveBack(): Promise<void> {
    const { committer, tasks, options } = this.#with
    try {
      await committer.giveBack(tasks.running)
    } catch (error) {
      if (!isMillraceError(error, 'retriable', 'fenced')) throw error
      options.logger.warn(
        { error },
        'records that were fetched and not begun are lost, since at_most_once commits first',
      )
    }
  }

  /** Closes the tasks and their producers without a commit. */
  async #drop(): Promise<void> {
    await this.#with.tasks.abandon()
    await this.#with.producers.discardAll()
  }

  /**
   * If the missing topic was read by a pattern only, the others continue. Brokers do not learn of a deletion at the same time, and
   * work that began before the topics were looked up can still fail on a topic that is known to be deleted.
   */
  async #continueWithout(error: MillraceError): Promise<boolean> {
    const { topics, options } = this.#with
    const { logger, clock } = options
    if (!topics.any) return false
    await this.#drop()
    for (const until = clock.monotonic() + MISSING_MS; clock.monotonic() < until; await clock.sleep(RETRY_MS)) {
      if (!(await topics.refresh()) && topics.unchangedForMs > MISSING_MS) continue
      logger.warn({ error }, 'a topic that matched a pattern was deleted: continuing with the others')
      return true
    }
    return false
  }
}
