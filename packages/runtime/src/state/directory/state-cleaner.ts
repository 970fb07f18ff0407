import type { Clock, Logger } from '@millrace/core'
import type { StateDirectory } from './state-directory.ts'

/** How often it is looked at most, in milliseconds. */
const MOST_OFTEN_MS = 60_000

export interface StateCleanerOptions {
  readonly directory: Pick<StateDirectory, 'taskNames' | 'deleteTaskDirectory'>
  readonly clock: Clock
  readonly logger: Logger
  readonly delayMs: number
  /** Names of the tasks whose state this process works with, or is about to. */
  readonly inUse: () => ReadonlySet<string>
}

/**
 * Deletes the state of tasks that have gone to other processes for good, so that a disk does not fill with it. What a task
 * leaves stays for `delayMs`: it may well come back, and then restores only what it has missed.
 */
export class StateCleaner {
  readonly #options: StateCleanerOptions
  /** Since when each task's state has not been used, as the clock's `monotonic` counts. */
  readonly #idleSince = new Map<string, number>()
  #lastLook: number

  constructor(options: StateCleanerOptions) {
    this.#options = options
    this.#lastLook = options.clock.monotonic()
  }

  /** Costs nothing unless it is due. Not while tasks are being assigned. */
  async cleanIfDue(): Promise<void> {
    const { clock, delayMs, inUse } = this.#options
    const now = clock.monotonic()
    if (now - this.#lastLook < Math.min(delayMs, MOST_OFTEN_MS)) return
    this.#lastLook = now
    const used = inUse()
    for (const name of await this.#taskNames()) {
      if (used.has(name)) {
        this.#idleSince.delete(name)
        continue
      }
      const since = this.#idleSince.get(name)
      if (since === undefined) this.#idleSince.set(name, now)
      else if (now - since >= delayMs) await this.#delete(name)
    }
  }

  /** None when the disk does not say: what cannot be cleaned up is no reason to stop. */
  async #taskNames(): Promise<readonly string[]> {
    const { directory, logger } = this.#options
    try {
      return await directory.taskNames()
    } catch (error) {
      logger.warn({ error }, 'failed to look for the state of tasks that moved to another instance; retrying')
      return []
    }
  }

  async #delete(task: string): Promise<void> {
    const { directory, logger, delayMs } = this.#options
    try {
      await directory.deleteTaskDirectory(task)
      this.#idleSince.delete(task)
      logger.info({ task, delayMs }, 'deleted the local state of a task that moved to another instance')
    } catch (error) {
      logger.warn(
        { task, error },
        'failed to delete the local state of a task that moved to another instance; retrying',
      )
    }
  }
}
