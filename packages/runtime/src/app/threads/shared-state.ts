import type { Plan } from '@millrace/core'
import type { ResolvedOptions } from '../../config/options.ts'
import type { StateDirectory } from '../../state/directory/state-directory.ts'
import { ClaimTable } from '../../state/directory/task-claims.ts'
import { readOnDisk } from '../../state/task-stores/open-task-stores.ts'
import { packError } from './crossing-error.ts'
import type { ToThread } from './messages.ts'
import type { Thread } from './thread.ts'

export interface SharedStateOptions {
  readonly plan: Plan
  readonly options: ResolvedOptions
  readonly directory: () => StateDirectory
  /** By number, those that have not ended. */
  readonly threads: ReadonlyMap<number, Thread>
}

/** The task directories of a process with threads: which thread has which, and how far the state of the others is. */
export class SharedState {
  readonly #with: SharedStateOptions
  readonly #claims: ClaimTable

  constructor(options: SharedStateOptions) {
    this.#with = options
    this.#claims = new ClaimTable(options.options.clock)
  }

  /** Tasks whose state no thread has, with its position. */
  get onDisk(): ReadonlyMap<string, number> {
    return this.#claims.onDisk
  }

  inUse() {
    return this.#claims.inUse()
  }

  claim(thread: Thread, call: number, task: string): void {
    const { handle, number } = thread
    this.#claims.claim(task, number).then(
      () => {
        // It may have ended while it waited.
        if (this.#with.threads.get(number) !== thread) return this.#claims.release(task, number, undefined)
        this.#tell(task, undefined, thread)
        handle.post({ type: 'claimed', call, error: undefined })
      },
      (error: unknown) => handle.post({ type: 'claimed', call, error: packError(error) }),
    )
  }

  release(thread: Thread, task: string, position: number | undefined): void {
    this.#claims.release(task, thread.number, position)
    this.#tell(task, position, thread)
  }

  releaseAll(thread: Thread): void {
    this.#claims.releaseAll(thread.number)
  }

  moveAside({ handle }: Thread, call: number, path: string, cause: unknown): void {
    this.#with
      .directory()
      .moveAside(path, cause)
      .then(
        () => handle.post({ type: 'moved', call, error: undefined }),
        (error: unknown) => handle.post({ type: 'moved', call, error: packError(error) }),
      )
  }

  async delete(task: string): Promise<void> {
    await this.#claims.claim(task, 0)
    try {
      await this.#with.directory().deleteTaskDirectory(task)
    } finally {
      this.#claims.release(task, 0, undefined)
    }
    this.#tell(task, undefined)
  }

  /** Tells all of the state that a crashed thread has left: it has not said how far it is. */
  async tellOfLeftState(): Promise<void> {
    const before = new Set(this.onDisk.keys())
    await this.read()
    for (const [task, position] of this.onDisk) if (!before.has(task)) this.#tell(task, position)
  }

  /** Reads how far the state is that no thread has. */
  async read(): Promise<void> {
    const { options, plan, directory } = this.#with
    const own = { ...directory(), claims: this.#claims.of(0) }
    await readOnDisk({ directory: own, onDisk: this.#claims.onDisk, options, plan: () => plan })
  }

  #tell(task: string, position: number | undefined, except?: Thread): void {
    const message: ToThread = { type: 'on-disk', task, position }
    for (const thread of this.#with.threads.values()) if (thread !== except) thread.handle.post(message)
  }
}
