/** How an instance ends: whether its place in the group is given up at once. */
export interface Ending {
  readonly leave: boolean
}

/** What was opened, to be closed in the opposite order. */
export class Opened {
  readonly #closers: ((ending: Ending) => Promise<unknown>)[] = []

  add(close: (ending: Ending) => Promise<unknown>): void {
    this.#closers.push(close)
  }

  /** Closes everything, whatever fails. @throws the first failure */
  async close(ending: Ending): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close(ending)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
