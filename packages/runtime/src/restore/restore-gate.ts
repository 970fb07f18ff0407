import type { RestoreRequest, Restorer } from './restorer.ts'

interface Waiting {
  readonly request: RestoreRequest
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Lets tasks that are made together be restored together, through one consumer: a client over kafkajs joins a group for each
 * consumer it makes. The gate opens when all tasks have arrived or given up; who comes later is restored by itself.
 */
export class RestoreGate {
  readonly #restorer: Restorer
  #expected: number
  #waiting: Waiting[] = []

  constructor(restorer: Restorer, tasks: number) {
    this.#restorer = restorer
    this.#expected = tasks
  }

  /** Resolves when the task's stores are complete, or its signal is aborted. */
  restore(request: RestoreRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#expected--
      this.#openIfAllAreHere()
    })
  }

  /** The task will not come this time. */
  giveUp(): void {
    this.#expected--
    this.#openIfAllAreHere()
  }

  #openIfAllAreHere(): void {
    if (this.#expected > 0 || this.#waiting.length === 0) return
    const together = this.#waiting
    this.#waiting = []
    const find = (request: RestoreRequest) => together.find(waiting => waiting.request === request)!
    this.#restorer
      .restore(
        together.map(({ request }) => request),
        request => find(request).resolve(),
        (request, error) => find(request).reject(error),
      )
      .then(
        () => together.forEach(({ resolve }) => resolve()),
        (error: unknown) => together.forEach(({ reject }) => reject(error)),
      )
  }
}
