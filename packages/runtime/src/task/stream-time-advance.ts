import type { Clock } from '@millrace/core'
import type { CompiledTopology } from './compile-topology.ts'
import { HeldResults } from './held-results.ts'
import { IdleTime, type IdleTimeOptions } from './idle-time.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { RecordContext } from './record-context.ts'
import type { RecordFailures } from './record-failures.ts'

/** The entry of `closeTimes` that says how far stream time has advanced without records. No store has this name. */
const ADVANCED = '#advanced'

export interface StreamTimeAdvanceOptions {
  readonly clock: Clock
  readonly topology: CompiledTopology
  readonly context: RecordContext
  readonly queues: readonly PartitionQueue[]
  readonly failures: RecordFailures
  /** What a commit says of times, by store. */
  readonly closeTimes: Map<string, number>
  /** Undefined if stream time advances with records only. */
  readonly idleAdvanceMs: number | undefined
  readonly emitIntervalMs: number
  readonly endsOf: IdleTimeOptions['endsOf']
  readonly onHeld: (operator: string, idleMs: number) => void
  /** Everything that came until now is committed, and nothing is in flight. */
  readonly isSettled: () => boolean
  /** There is something to commit. */
  readonly onChange: () => void
}

/** What a task does while its inputs are idle: stream time advances by the wall clock, or the user hears that results are held back. */
export class StreamTimeAdvance {
  readonly #with: StreamTimeAdvanceOptions
  /** Undefined if stream time advances with records only. */
  readonly #idle: IdleTime | undefined
  /** Undefined if no operator holds results back, or stream time advances by itself. */
  readonly #heldResults: HeldResults | undefined
  /** Stream time has still to be taken to where it was before the start. */
  #resumes: boolean

  constructor(options: StreamTimeAdvanceOptions) {
    this.#with = options
    const { clock, topology, idleAdvanceMs, emitIntervalMs, endsOf, onHeld } = options
    if (idleAdvanceMs !== undefined && topology.advances) {
      this.#idle = new IdleTime({ clock, idleAdvanceMs, emitIntervalMs, endsOf })
    }
    const { holdsBackMs } = topology
    if (idleAdvanceMs === undefined && holdsBackMs > 0) {
      this.#heldResults = new HeldResults({ clock, holdsBackMs, heldBy: () => topology.heldBy(), onHeld })
    }
    this.#resumes = this.#idle !== undefined
  }

  /** `resume` has not been called yet, and has something to do. */
  get resumes(): boolean {
    return this.#resumes
  }

  /** Something has come. */
  interrupt(): void {
    this.#idle?.interrupt()
  }

  /**
   * Results that were final before a restart are final after it: once, stream time continues from where it was. Only in the task's turn,
   * since a task starts while others commit, and their producer may be its own. True if anything was done.
   */
  async resume(): Promise<boolean> {
    this.#resumes = false
    const { context, closeTimes } = this.#with
    return this.#advanceTo(context.streamTime, closeTimes.get(ADVANCED) ?? -1)
  }

  /**
   * Advances stream time if the inputs have been idle for long enough; results are timed by their records. Not before everything that
   * came until then is committed: what a cache holds back belongs before. True if anything was done.
   */
  async advance(): Promise<boolean> {
    if (this.#resumes && (await this.resume())) return true
    const { context, queues } = this.#with
    const { streamTime } = context
    if (!this.#mayAdvance) return false
    await this.#heldResults?.check(queues)
    if (this.#idle === undefined) return false
    const reached = await this.#idle.reached(streamTime, queues)
    return reached !== undefined && (await this.#advanceTo(reached))
  }

  /** When to call `advance` again, as the clock's `monotonic` counts. */
  get nextDue(): number {
    return this.#idle !== undefined && this.#mayAdvance ? this.#idle.nextDue : Number.POSITIVE_INFINITY
  }

  get #mayAdvance(): boolean {
    return this.#with.context.streamTime >= 0 && this.#with.isSettled()
  }

  /** To the latest of these times. */
  async #advanceTo(...times: readonly number[]): Promise<boolean> {
    const { topology, failures, closeTimes, onChange } = this.#with
    const time = Math.max(...times)
    if (time < 0) return false
    let did = false
    await failures.alone('advance', time, async () => {
      did = await topology.advance(time)
    })
    if (!did) return false
    closeTimes.set(ADVANCED, time)
    onChange()
    return true
  }
}
