import type { ClientContext, Clock, StoreBackend } from '@millrace/core'
import {
  defineApplication,
  type Engine,
  type FromThread,
  type Instance,
  memberName,
  runThread,
  type ThreadEvents,
  type ThreadHandle,
  type ThreadStart,
  type ToThread,
} from '@millrace/runtime'
import { type Life, lifeClock, never, untilAwake } from './life-clock.ts'
import { type MemberWork, MemberWatch, type SimulatedMember } from './member-watch.ts'
import { historyLogger, processOptions, type ProcessWorld } from './process-world.ts'
import { withMethod } from './with-method.ts'

/** What a thread has of its process. */
export interface ThreadSurroundings {
  readonly world: ProcessWorld
  readonly processName: string
  readonly clock: Clock
  readonly process: Life
  readonly random: () => number
  readonly closeTimeoutMs: number
  readonly threads: number
  readonly store: StoreBackend
  /** Whether it ends now that it has asked for the directory of a task. */
  readonly endsAtClaim: () => boolean
  /** It has ended in the middle of its work. */
  readonly onCrash: () => void
}

/** It ends after what it has posted. */
const LAST = 'last'
/** A message takes so long where a thread is busy. */
const MOST_LATE_MS = 50
const LATE_MESSAGES = 0.1

/**
 * A thread of a process, as the runtime runs it, in virtual time. It shares the heap with all others: messages are copied, and after its end
 * nothing that it has begun goes on.
 */
export class SimulatedThread implements SimulatedMember {
  readonly name: string
  readonly handle: ThreadHandle
  readonly #with: ThreadSurroundings
  readonly #events: ThreadEvents
  readonly #watch: MemberWatch
  readonly #life: Life
  #instance: Instance | undefined
  #over = false

  constructor(start: ThreadStart, events: ThreadEvents, surroundings: ThreadSurroundings) {
    const { world, processName, process, clock } = surroundings
    this.#with = surroundings
    this.#events = events
    this.name = memberName(processName, start.thread)
    this.#watch = new MemberWatch(this.name, world)
    const isOver = () => this.#over
    this.#life = {
      get stillUntil() {
        return process.stillUntil
      },
      get gone() {
        return isOver() || process.gone
      },
    }
    let listen: (message: ToThread) => void = () => undefined
    const post = this.#channel<FromThread | typeof LAST>(message => {
      if (message !== LAST) {
        events.onMessage(message)
        if (message.type === 'claim' && surroundings.endsAtClaim()) this.crash('a simulated crash')
        return
      }
      this.#over = true
      events.onExit('exit code 0')
    })
    this.handle = {
      post: this.#channel<ToThread>(message => listen(message)),
      terminate: async () => this.crash('terminated'),
    }
    const lived = lifeClock(clock, this.#life)
    const options = processOptions(world, {
      name: processName,
      client: (context: ClientContext) => this.#watch.connect(context),
      store: surroundings.store,
      clock: lived,
      logger: historyLogger(world, this.name),
    })
    const plan = world.plan(this.name, lived)
    const { threads, closeTimeoutMs } = surroundings
    void runThread({
      start: structuredClone(start),
      post,
      onMessage: to => (listen = to),
      load: async () => defineApplication(plan, { ...options, threads, closeTimeoutMs }),
      ownMemory: false,
      engine: member => this.#driven(member),
    }).then(() => post(LAST))
  }

  get alive(): boolean {
    return !this.#life.gone
  }

  get standsStill(): boolean {
    return this.alive && this.#with.clock.monotonic() < this.#life.stillUntil
  }

  get eager(): boolean {
    return this.#watch.eager
  }

  get work(): MemberWork | undefined {
    return this.alive ? this.#watch.workOf(this.#instance) : undefined
  }

  get queries(): Instance['queries'] {
    return this.alive ? this.#instance?.queries : undefined
  }

  /** It ends wherever it is. */
  crash(reason: string): void {
    if (this.#over) return
    this.#vanish()
    const { onCrash, clock, process } = this.#with
    onCrash()
    void untilAwake(clock, process).then(() => this.#events.onExit(new Error(reason)))
  }

  /** Its process is gone. */
  vanish(): void {
    if (!this.#over) this.#vanish()
  }

  disconnect(ms: number): void {
    this.#watch.disconnect(ms)
  }

  standStill(ms: number): void {
    this.#watch.standStill(ms)
  }

  #vanish(): void {
    this.#over = true
    this.#watch.crash()
  }

  /** A way to the other side: messages are copied and arrive in order, now and then late, and not at all once it is over. */
  #channel<Message>(deliver: (message: Message) => void): (message: Message) => void {
    const { clock, random } = this.#with
    let last = Promise.resolve()
    return message => {
      const copy = structuredClone(message)
      const lateMs = random() < LATE_MESSAGES ? Math.floor(random() * MOST_LATE_MS) : 0
      last = last.then(async () => {
        if (lateMs > 0) await clock.sleep(lateMs)
        await untilAwake(clock, this.#life)
        deliver(copy)
      })
    }
  }

  /** A round that had work does not wait, so it must not be followed by the next at once: time would stand still. */
  #driven(member: Instance): Engine {
    this.#instance = member
    const { clock } = this.#with
    const step = async (maxWaitMs: number) => {
      await untilAwake(clock, this.#life)
      const did = await member.step(maxWaitMs)
      if (did) await clock.sleep(1)
      if (this.#life.gone) await never()
      return did
    }
    return withMethod<Engine>(member, 'step', step)
  }
}
