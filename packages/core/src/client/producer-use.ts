import { millraceError } from '../errors/millrace-error.ts'

/** Whether a producer can still be used: it has not been closed, and nothing has failed that only a new producer survives. */
export class ProducerUse {
  #closed = false
  #failure: Error | undefined

  get closed(): boolean {
    return this.#closed
  }

  get possible(): boolean {
    return !this.#closed && this.#failure === undefined
  }

  close(): void {
    this.#closed = true
  }

  /** Every later call fails with this error. @returns it */
  fail(error: Error): Error {
    this.#failure = error
    return error
  }

  /** @throws MILLRACE_CLIENT_CLOSED, or the error that has ended the producer */
  check(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'producer' })
    if (this.#failure !== undefined) throw this.#failure
  }
}
