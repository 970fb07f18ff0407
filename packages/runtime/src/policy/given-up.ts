const GIVEN_UP = new WeakSet<object>()

/**
 * Thrown where a record fails and the policy is to go on without it: at this the task takes back what the record has done.
 * Users see it only where they catch what `forward` throws; it is of no use to swallow it.
 */
export class RecordGivenUp extends Error {
  override readonly name = 'RecordGivenUp'
  readonly node: string
  readonly reason: unknown

  constructor(node: string, reason: unknown) {
    super(`the record is given up: it failed in ${node}`, { cause: reason })
    this.node = node
    this.reason = reason
    GIVEN_UP.add(this)
  }

  /** It is asked of all that user functions throw, as of a proxy that was revoked, which has no prototype to look at. */
  static override [Symbol.hasInstance](thrown: unknown): thrown is RecordGivenUp {
    return typeof thrown === 'object' && thrown !== null && GIVEN_UP.has(thrown)
  }
}

/**
 * Thrown where a record turns out to be bad after its turn, when others have built upon what it has done: the tasks go back to
 * the last commit, and process what follows again without it.
 */
export class GivenUpLate extends Error {
  override readonly name = 'GivenUpLate'
  readonly task: string

  constructor(task: string, cause: unknown) {
    super(`task ${task} goes back to its last commit, since a record has failed after its turn`, { cause })
    this.task = task
  }
}
