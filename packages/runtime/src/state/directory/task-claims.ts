import { type Clock, millraceError } from '@millrace/core'

/**
 * What a member knows of the state directory that it shares with the other members of its process. The directory of a task has one
 * owner at a time: a store cannot be opened twice in a process.
 */
export interface TaskClaims {
  /** Which member of the process this is, from 1. */
  readonly member: number
  /** By name of a task whose stores are closed, how far its state on disk is. */
  readonly onDisk: Map<string, number>
  /** Names of the tasks whose directories have an owner. */
  inUse(): ReadonlySet<string>
  /**
   * Makes this member the owner of a task's directory. Waits a moment for an owner that is about to close it.
   * @throws MILLRACE_STORE_BUSY
   */
  claim(task: string): Promise<void>
  /** Ends the ownership. `position` is how far the state on disk is, where it is known. */
  release(task: string, position: number | undefined): void
}

/** How long to wait for an owner that is closing its stores. After that the task is started again later. */
const WAIT_MS = 200
const LOOK_MS = 20

/** The owners of all task directories of a process. */
export class ClaimTable {
  readonly onDisk = new Map<string, number>()
  readonly #owners = new Map<string, number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  inUse(): ReadonlySet<string> {
    return new Set(this.#owners.keys())
  }

  /** @throws MILLRACE_STORE_BUSY */
  async claim(task: string, member: number): Promise<void> {
    for (let waited = 0; ; waited += LOOK_MS) {
      const owner = this.#owners.get(task)
      if (owner === undefined) return void this.#owners.set(task, member)
      if (waited >= WAIT_MS) throw millraceError('MILLRACE_STORE_BUSY', { task, owner, member })
      await this.#clock.sleep(LOOK_MS)
    }
  }

  release(task: string, member: number, position: number | undefined): void {
    if (this.#owners.get(task) !== member) return
    this.#owners.delete(task)
    if (position === undefined) this.onDisk.delete(task)
    else this.onDisk.set(task, position)
  }

  /** After a member has ended in whatever way, when nothing of it is open any more. */
  releaseAll(member: number): void {
    for (const [task, owner] of this.#owners) if (owner === member) this.#owners.delete(task)
  }

  /** The table as one member sees it that is in the same thread. */
  of(member: number): TaskClaims {
    return {
      member,
      onDisk: this.onDisk,
      inUse: () => this.inUse(),
      claim: task => this.claim(task, member),
      release: (task, position) => this.release(task, member, position),
    }
  }
}

/** The name of one of several members of a process, in client ids and transactional ids: `#` does not occur in a process id. */
export function memberName(processId: string, member = 1): string {
  return member === 1 ? processId : `${processId}#${member}`
}
