import type { Clock } from '@millrace/core'
import { Instance, resolveOptions } from '@millrace/runtime'
import { lifeClock } from './life-clock.ts'
import { MachineClock } from './machine-clock.ts'
import { type MemberWork, MemberWatch, type SimulatedMember } from './member-watch.ts'
import { historyLogger, isOfFaults, processOptions, type ProcessWorld } from './process-world.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { DiskFate } from './simulation-case.ts'

/** A process of the application, on a machine of its own, under a supervisor that starts it again when it ends by an error. */
export interface SimulatedMachine {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly alive: boolean
  /** Those of the process that is running, also while they start. */
  readonly members: readonly SimulatedMember[]
  start(): void
  /** As SIGKILL. */
  kill(disk: DiskFate): void
  /** As SIGTERM: finishes, commits and leaves, in its own time. */
  stop(): void
  /** As SIGSTOP, and SIGCONT after `ms`: meanwhile it neither steps nor sends heartbeats. */
  standStill(ms: number): void
  /** The time of day of the machine is set forward or back. It stays so when the process is started again. */
  stepWallClock(byMs: number): void
  /** No broker answers for so long. */
  disconnect(ms: number): void
}

/**
 * A process with one member in virtual time: it steps its instance without end. Killing it leaves it wherever it is, between any two
 * awaits.
 */
export class SimulatedProcess implements SimulatedMachine, SimulatedMember {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly members: readonly SimulatedMember[] = [this]
  readonly #world: ProcessWorld
  readonly #clock: MachineClock
  #life = 0
  #watch: MemberWatch
  #instance: Instance | undefined
  #stopping = new AbortController()
  #ended: Promise<void> | undefined
  #stillUntil = 0

  constructor(name: string, world: ProcessWorld, disk: SimulatedDisk) {
    this.name = name
    this.#world = world
    this.disk = disk
    this.#clock = new MachineClock(world.clock)
    this.#watch = new MemberWatch(name, world)
  }

  get eager(): boolean {
    return this.#watch.eager
  }

  get alive(): boolean {
    return this.#ended !== undefined
  }

  get work(): MemberWork | undefined {
    return this.alive ? this.#watch.workOf(this.#instance) : undefined
  }

  get standsStill(): boolean {
    return this.alive && this.#world.clock.monotonic() < this.#stillUntil
  }

  get queries(): Instance['queries'] {
    return this.alive ? this.#instance?.queries : undefined
  }

  start(): void {
    if (this.alive) return
    this.#stopping = new AbortController()
    this.#ended = this.#live(++this.#life, this.#stopping.signal)
  }

  kill(disk: DiskFate): void {
    this.#life++
    this.#watch.crash()
    this.#ended = undefined
    this.disk.crash(disk)
  }

  stop(): void {
    this.#stopping.abort()
  }

  standStill(ms: number): void {
    this.#stillUntil = this.#world.clock.monotonic() + ms
    this.#watch.standStill(ms)
  }

  stepWallClock(byMs: number): void {
    this.#clock.stepWallClock(byMs)
  }

  disconnect(ms: number): void {
    this.#watch.disconnect(ms)
  }

  async #live(life: number, stop: AbortSignal): Promise<void> {
    const { clock, history, setting } = this.#world
    while (this.#life === life && !stop.aborted) {
      const instance = this.#newInstance(life)
      this.#instance = instance
      let clean = true
      try {
        await instance.begin(stop)
        while (this.#life === life && !stop.aborted) {
          if (clock.monotonic() < this.#stillUntil) await clock.sleep(this.#stillUntil - clock.monotonic())
          // A round that had work does not wait, so it must not be followed by the next at once: time would stand still.
          else if (await instance.step(100)) await clock.sleep(1)
        }
      } catch (error) {
        if (this.#life !== life) return
        clean = false
        this.#world.once?.fails(this.name)
        history(`${this.name} ends: ${String(error)}`)
        // A process that ends by what faults cause was not made to withstand it.
        if (!isOfFaults(error, 'retriable')) this.#world.violation(`${this.name} ended by ${String(error)}`)
      }
      if (this.#life !== life) return
      try {
        await instance.end({ clean, leave: setting.staticMembers !== true })
      } catch (error) {
        this.#world.once?.fails(this.name)
        history(`${this.name} could not close cleanly: ${String(error)}`)
        if (clean && !isOfFaults(error, 'retriable', 'fenced'))
          this.#world.violation(`${this.name} could not close: ${String(error)}`)
      }
      if (this.#life !== life) return
      this.#instance = undefined
      if (!stop.aborted) await clock.sleep(1000)
    }
    if (this.#life === life) this.#ended = undefined
  }

  #newInstance(life: number): Instance {
    const watch = new MemberWatch(this.name, this.#world)
    this.#watch = watch
    const options = resolveOptions(
      processOptions(this.#world, {
        name: this.name,
        client: context => watch.connect(context),
        store: this.disk.backendOf(1),
        clock: this.#clock,
        logger: historyLogger(this.#world, this.name),
      }),
    )
    return new Instance(this.#world.plan(this.name, this.#clockOf(life)), options, {
      openDirectory: this.disk.openDirectory,
    })
  }

  /** A user function that waits does not go on while the process stands still, or after its end. */
  #clockOf(life: number): Clock {
    const stillUntil = () => this.#stillUntil
    const gone = () => this.#life !== life
    return lifeClock(this.#clock, {
      get stillUntil() {
        return stillUntil()
      },
      get gone() {
        return gone()
      },
    })
  }
}
