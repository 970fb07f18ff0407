import type { MemoryClient, MemoryCluster } from '@millrace/client-memory'
import {
  type ClientContext,
  isMillraceError,
  type Logger,
  type ManualClock,
  type Plan,
  type StoreBackend,
} from '@millrace/core'
import { Instance, Metrics, type ProcessingGuarantee, resolveOptions } from '@millrace/runtime'

/** What all processes of a run have in common. */
export interface ProcessWorld {
  readonly clock: ManualClock
  readonly cluster: MemoryCluster
  readonly plan: Plan
  readonly guarantee: ProcessingGuarantee
  connect(context: ClientContext): MemoryClient
  history(line: string): void
  /** Something that must not happen, whatever the faults. */
  violation(text: string): void
}

const nobody = () => undefined

/**
 * A process of the application in virtual time, under a supervisor: it steps its instance without end, and is started again when
 * it ends by an error. Killing it leaves it wherever it is, between any two awaits.
 */
export class SimulatedProcess {
  readonly name: string
  readonly #world: ProcessWorld
  #disk: StoreBackend
  #life = 0
  #client: MemoryClient | undefined
  #stopping = new AbortController()
  #ended: Promise<void> | undefined

  constructor(name: string, world: ProcessWorld, disk: StoreBackend) {
    this.name = name
    this.#world = world
    this.#disk = disk
  }

  get alive(): boolean {
    return this.#ended !== undefined
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#ended = this.#live(++this.#life, this.#stopping.signal)
  }

  /** As SIGKILL. With another `disk` the machine is gone too. */
  kill(disk?: StoreBackend): void {
    this.#life++
    this.#client?.crash()
    this.#ended = undefined
    if (disk !== undefined) this.#disk = disk
  }

  /** As SIGTERM: finishes, commits and leaves, in its own time. */
  stop(): void {
    this.#stopping.abort()
  }

  async #live(life: number, stop: AbortSignal): Promise<void> {
    const { clock, history } = this.#world
    while (this.#life === life && !stop.aborted) {
      const instance = this.#newInstance()
      let clean = true
      try {
        await instance.begin(stop)
        while (this.#life === life && !stop.aborted) {
          // A round that had work does not wait, so it must not be followed by the next at once: time would stand still.
          if (await instance.step(100)) await clock.sleep(1)
        }
      } catch (error) {
        if (this.#life !== life) return
        clean = false
        history(`${this.name} ends: ${String(error)}`)
        // Faults are retriable or fence; a process that ends by them was not made to withstand them.
        if (!isMillraceError(error, 'retriable')) this.#world.violation(`${this.name} ended by ${String(error)}`)
      }
      if (this.#life !== life) return
      try {
        await instance.end({ clean, leave: true })
      } catch (error) {
        history(`${this.name} could not close cleanly: ${String(error)}`)
      }
      if (this.#life === life && !stop.aborted) await clock.sleep(1000)
    }
    if (this.#life === life) this.#ended = undefined
  }

  /** What the process logs is part of the history. */
  #logger(): Logger {
    const log = (fields: Readonly<Record<string, unknown>>, message: string) => {
      const { error, ...others } = fields
      const why = error === undefined ? '' : `: ${error instanceof Error ? error.message : JSON.stringify(error)}`
      this.#world.history(`${this.name} ${message}${why} ${JSON.stringify(others)}`)
    }
    return { debug: nobody, info: log, warn: log, error: log }
  }

  #newInstance(): Instance {
    const { clock, plan, guarantee } = this.#world
    return new Instance(
      plan,
      resolveOptions({
        applicationId: 'app',
        processId: this.name,
        client: context => {
          this.#client = this.#world.connect(context)
          return this.#client
        },
        store: this.#disk,
        processingGuarantee: guarantee,
        sessionTimeoutMs: 6000,
        transactionTimeoutMs: 10_000,
        commitIntervalMs: guarantee === 'exactly_once' ? 100 : 500,
        clock,
        logger: this.#logger(),
      }),
      new Metrics(),
      {
        onRebalancing: nobody,
        onWaiting: nobody,
        onRestoreStart: nobody,
        onRestoreProgress: nobody,
        onRestoreEnd: nobody,
      },
    )
  }
}
