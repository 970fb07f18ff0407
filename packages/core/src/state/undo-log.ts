/**
 * What a record has changed in the state of its task, so that all of it can be taken back when the record is given up. Each
 * change notes how to undo it before it is made. A task has one only where a policy can give records up.
 */
export class UndoLog {
  readonly #undos: ((before: never) => void)[] = []
  readonly #befores: unknown[] = []
  #paused = false

  /** How many changes can be taken back. */
  get length(): number {
    return this.#undos.length
  }

  /** `undo` has to be made once, not for each change: it is called with `before`. */
  note<T>(undo: (before: T) => void, before: T): void {
    if (this.#paused) return
    this.#undos.push(undo)
    this.#befores.push(before)
  }

  /** Undoes changes, the latest first, until no more than `length` are left. */
  rollBack(length = 0): void {
    for (let index = this.#undos.length - 1; index >= length; index--) {
      const undo = this.#undos.pop() as (before: unknown) => void
      undo(this.#befores.pop())
    }
  }

  /** The changes are kept. */
  clear(): void {
    if (this.#undos.length === 0) return
    this.#undos.length = 0
    this.#befores.length = 0
  }

  /** What `run` changes belongs to no record, and stays. */
  async unnoted(run: () => void | PromiseLike<void>): Promise<void> {
    this.#paused = true
    try {
      await run()
    } finally {
      this.#paused = false
    }
  }
}
