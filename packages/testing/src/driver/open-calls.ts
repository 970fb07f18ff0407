import { millraceError, type MillraceError } from '@millrace/core'

/** Calls of a test that have not ended: what is read while one runs depends on how far it is, so the test forgot to await it. */
export class OpenCalls {
  readonly #open = new Set<{ readonly call: string }>()

  /** The one that was made first. */
  get first(): string | undefined {
    for (const { call } of this.#open) return call
    return undefined
  }

  during<T>(call: string, work: Promise<T>): Promise<T> {
    const opened = { call }
    this.#open.add(opened)
    return work.finally(() => this.#open.delete(opened))
  }

  /** @throws MILLRACE_DRIVER_NOT_AWAITED */
  checkNone(operation: string): void {
    if (this.first !== undefined) throw notAwaited(this.first, operation)
  }
}

export function notAwaited(call: string, operation: string, cause?: unknown): MillraceError {
  return millraceError('MILLRACE_DRIVER_NOT_AWAITED', { call, operation }, cause === undefined ? {} : { cause })
}
