import { isMillraceError, seededRandom } from '@millrace/core'
import { type FailureVerdict, KafkaStreams, ThreadedEngine, type ThreadHost } from '@millrace/runtime'
import { lifeClock, never } from './life-clock.ts'
import { MachineClock } from './machine-clock.ts'
import type { SimulatedMember } from './member-watch.ts'
import { historyLogger, isOfFaults, processOptions, type ProcessWorld } from './process-world.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedMachine } from './simulated-process.ts'
import { SimulatedThread } from './simulated-thread.ts'
import type { DiskFate } from './simulation-case.ts'

/** One run of the process, from its start to its end. */
class ProcessLife {
  stillUntil: number
  gone = false
  stopping = false
  streams: KafkaStreams | undefined
  /** Whether the next thread that asks for the directory of a task ends. */
  endsAtClaim = false
  /** How many threads it was told to have. */
  wanted = 0
  readonly threads = new Map<number, SimulatedThread>()

  constructor(stillUntil: number) {
    this.stillUntil = stillUntil
  }
}

/** In most processes a thread that fails is replaced, in the others the process ends. */
const REPLACES = 0.8
/** In some processes a thread that is slow to close is ended where it is. */
const IMPATIENT = 0.3
const IMPATIENT_MS = 2000

/**
 * A process with several members, as `KafkaStreams.load` makes it: the runtime starts, replaces, adds and removes its threads. Only
 * where they run is simulated.
 */
export class ThreadedProcess implements SimulatedMachine {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly #world: ProcessWorld
  readonly #clock: MachineClock
  readonly #random: () => number
  readonly #verdict: FailureVerdict
  readonly #closeTimeoutMs: number
  #life: ProcessLife | undefined
  #stillUntil = 0

  constructor(name: string, world: ProcessWorld, disk: SimulatedDisk, seed: number) {
    this.name = name
    this.disk = disk
    this.#world = world
    this.#clock = new MachineClock(world.clock)
    this.#random = seededRandom(seed)
    this.#verdict = this.#random() < REPLACES ? 'replace-thread' : 'shutdown-instance'
    const impatient = this.#random() < IMPATIENT && world.setting.calm !== true
    this.#closeTimeoutMs = impatient ? IMPATIENT_MS : 30_000
  }

  get alive(): boolean {
    return this.#life !== undefined
  }

  get members(): readonly SimulatedMember[] {
    return [...(this.#life?.threads.values() ?? [])].filter(({ alive }) => alive)
  }

  start(): void {
    if (this.#life !== undefined) return
    this.#life = new ProcessLife(this.#stillUntil)
    void this.#live(this.#life)
  }

  kill(disk: DiskFate): void {
    const life = this.#life
    this.#life = undefined
    if (life !== undefined) {
      life.gone = true
      for (const thread of life.threads.values()) thread.vanish()
    }
    this.disk.crash(disk)
  }

  stop(): void {
    const life = this.#life
    if (life === undefined || life.stopping) return
    life.stopping = true
    void life.streams?.close().then(() => this.#exitsAfterClose(life))
  }

  standStill(ms: number): void {
    this.#stillUntil = this.#clock.monotonic() + ms
    if (this.#life !== undefined) this.#life.stillUntil = this.#stillUntil
    for (const thread of this.#life?.threads.values() ?? []) thread.standStill(ms)
  }

  stepWallClock(byMs: number): void {
    this.#clock.stepWallClock(byMs)
  }

  disconnect(ms: number): void {
    for (const thread of this.#life?.threads.values() ?? []) thread.disconnect(ms)
  }

  /** One of its threads ends in the middle of its work. */
  crashThread(member: string): void {
    const thread = [...(this.#life?.threads.values() ?? [])].find(({ name, alive }) => alive && name === member)
    if (thread === undefined) return
    this.#world.history(`the thread ${thread.name} crashes`)
    thread.crash('a simulated crash')
  }

  /** The next of its threads that asks for the directory of a task ends. */
  crashAtClaim(): void {
    if (this.#life !== undefined) this.#life.endsAtClaim = true
  }

  addThread(): void {
    this.#changeThreads('a thread more', 1, streams => streams.addThread())
  }

  removeThread(timeoutMs: number): void {
    this.#changeThreads('a thread less', -1, streams => streams.removeThread({ timeoutMs }))
  }

  /** It has at least one thread, so that its work goes on. */
  ensureThread(): void {
    if (this.#life?.wanted === 0) this.addThread()
  }

  /** What is not as it was told; undefined where all its threads run. */
  get wrongThreads(): string | undefined {
    const life = this.#life
    if (life?.streams === undefined) return undefined
    const running = life.streams.metadataForLocalThreads().filter(({ state }) => state === 'RUNNING')
    const alive = [...life.threads.values()].filter(thread => thread.alive)
    if (running.length === life.wanted && alive.length === life.wanted) return undefined
    return `${this.name} was told to have ${life.wanted} threads, ${alive.length} are there and ${running.length} run`
  }

  #changeThreads(what: string, by: number, change: (streams: KafkaStreams) => Promise<string | undefined>): void {
    const life = this.#life
    const { history, violation } = this.#world
    if (life?.streams === undefined || !['RUNNING', 'REBALANCING'].includes(life.streams.state)) return
    life.wanted = Math.max(0, life.wanted + by)
    history(`${this.name} is told to have ${what}: ${life.wanted}`)
    change(life.streams).then(
      name => history(`${this.name} has ${what}: ${name ?? 'none'}`),
      (error: unknown) => {
        history(`${this.name} could not have ${what}: ${String(error)}`)
        const isLate = isMillraceError(error) && error.code === 'MILLRACE_THREAD_REMOVAL'
        if (!isLate && !isOfThreads(error)) violation(`${this.name} could not have ${what}: ${String(error)}`)
      },
    )
  }

  /** As `run()` does: a process that has not closed in time exits. */
  #exitsAfterClose(life: ProcessLife): void {
    const { state } = life.streams!
    if (life.gone || this.#life !== life || state === 'NOT_RUNNING' || state === 'ERROR') return
    this.#world.history(`${this.name} has not closed in time and exits`)
    this.kill('kept')
  }

  async #live(life: ProcessLife): Promise<void> {
    const { history, violation, setting } = this.#world
    const clock = lifeClock(this.#clock, life)
    while (!life.stopping) {
      life.threads.clear()
      life.wanted = setting.threads ?? 1
      const streams = this.#newStreams(life)
      life.streams = streams
      try {
        await streams.start()
        await streams.ended()
      } catch (error) {
        if (life.gone) await never()
        history(`${this.name} ends: ${String(error)}`)
        if (!isOfThreads(error)) violation(`${this.name} ended by ${String(error)}`)
      }
      if (life.gone) await never()
      if (!life.stopping) await clock.sleep(1000)
    }
    if (this.#life === life) this.#life = undefined
  }

  #newStreams(life: ProcessLife): KafkaStreams {
    const { setting } = this.#world
    const clock = lifeClock(this.#clock, life)
    const plan = this.#world.plan(this.name, clock)
    const own = { clock, logger: historyLogger(this.#world, this.name) }
    const options = {
      ...processOptions(this.#world, {
        ...own,
        name: this.name,
        client: () => {
          throw new Error('the main thread has no connection')
        },
        store: this.disk.backendOf(0),
      }),
      threads: setting.threads ?? 1,
      closeTimeoutMs: this.#closeTimeoutMs,
      onUncaughtError: (error: unknown) => {
        if (!isOfThreads(error)) this.#world.violation(`a thread of ${this.name} ended by ${String(error)}`)
        return this.#verdict
      },
    }
    return new KafkaStreams(plan, options, {
      engine: (resolved, { listener }) =>
        new ThreadedEngine({
          ...{ module: 'simulated', plan, options: resolved, listener },
          host: this.#host(life),
          openDirectory: this.disk.openDirectory,
        }),
    })
  }

  #host(life: ProcessLife): ThreadHost {
    const { disk } = this
    const [world, clock, random, closeTimeoutMs] = [this.#world, this.#clock, this.#random, this.#closeTimeoutMs]
    return {
      start: (start, events) => {
        const { thread: number } = start
        const thread = new SimulatedThread(start, events, {
          ...{ world, clock, random, closeTimeoutMs, processName: this.name, process: life },
          threads: world.setting.threads ?? 1,
          store: disk.backendOf(number),
          endsAtClaim: () => {
            const { endsAtClaim } = life
            life.endsAtClaim = false
            if (endsAtClaim) world.history(`the thread ${number} of ${this.name} crashes as it asks for a directory`)
            return endsAtClaim
          },
          onCrash: () => disk.crashMember(number),
        })
        life.threads.set(number, thread)
        return thread.handle
      },
    }
  }
}

/** Whether faults may have this come in a process with threads. */
function isOfThreads(error: unknown): boolean {
  return isOfFaults(error, 'retriable') || (isMillraceError(error) && error.code === 'MILLRACE_THREAD_EXITED')
}
