import {
  type Clock,
  type MapValuesAsyncSpec,
  millraceError,
  type Process,
  resultError,
  type TopicPartition,
} from '@millrace/core'
import { keyIdentity } from './key-identity.ts'
import type { RecordContext, RecordUnit } from './record-context.ts'
import { type RecordSnapshot, returnTo, takeSnapshot } from './record-snapshot.ts'
import { UserCall } from './user-call.ts'

export interface InFlightOptions {
  readonly clock: Clock
  readonly context: RecordContext
  /** Something can go on, while the task's loop may be waiting for records. */
  readonly wakeup: () => void
  /** Runs what passes a result on, as the record that it came from. */
  readonly pass: (record: RecordSnapshot, run: () => void | Promise<void>) => Promise<void>
}

/** One operator's calls. */
interface Lane {
  readonly operator: string
  readonly spec: MapValuesAsyncSpec
  readonly forward: Process
  /**
   * A store above the operator remembers each of its records: committed without the call's result, it may hold the record
   * for done when it comes again (as one that leaves out duplicates), and the result would be lost.
   */
  readonly stateAbove: boolean
  /** Started, and not yet passed on. */
  size: number
  /** More than may be under way: an operator above has made many records of one. */
  readonly waiting: Flight[]
  /** Calls that have to go on in order, by what they have in common. */
  readonly sequences: Map<string, Flight[]>
}

interface Flight {
  readonly lane: Lane
  readonly call: UserCall
  readonly sequence: string | undefined
}

/** Which calls a commit waits for: all, or those without which it would lose something. */
export type Owed = 'all' | 'needed'

/**
 * The calls of `mapValuesAsync` that a task has under way. User functions run beside the task's loop, but all else is in it:
 * `deliver` passes results on, each as the record that it came from, between two records. So everything downstream still
 * happens one after another, and what was not passed on when the task ends has not happened.
 */
export class InFlight {
  readonly #options: InFlightOptions
  readonly #lanes: Lane[] = []
  readonly #flights = new Set<Flight>()
  /** Done, and next in their order. */
  readonly #ready: Flight[] = []
  /** No call is due earlier. */
  #dueAt = Number.POSITIVE_INFINITY
  #bell: (() => void) | undefined
  /** Its result is being passed on. */
  #passing: Flight | undefined
  #ended = false

  constructor(options: InFlightOptions) {
    this.#options = options
  }

  /** Makes an operator: it begins a call for each record, and `forward` gets the results. */
  lane(operator: string, spec: MapValuesAsyncSpec, forward: Process, stateAbove: boolean): Process {
    const lane: Lane = { operator, spec, forward, stateAbove, size: 0, waiting: [], sequences: new Map() }
    this.#lanes.push(lane)
    return (key, value) => this.#take(lane, key, value)
  }

  /** Whether the task has an operator of this kind. */
  get used(): boolean {
    return this.#lanes.length > 0
  }

  /** No further record should be taken. */
  get full(): boolean {
    return this.#lanes.some(({ size, spec }) => size >= spec.concurrency)
  }

  /** Calls that are not finished. */
  get size(): number {
    return this.#flights.size
  }

  /** User functions that are at work, pauses between attempts left out. */
  get atWork(): number {
    let count = 0
    for (const { call } of this.#flights) if (call.atWork) count++
    return count
  }

  /** Whether `deliver` would do anything now. */
  get hasWork(): boolean {
    return this.#ready.length > 0 || this.#dueAt <= this.#options.clock.monotonic()
  }

  /** When `deliver` has something to do even if no function returns, as the clock's `monotonic` counts. */
  get dueAt(): number {
    return this.#dueAt
  }

  /** Gives up attempts that took too long, begins those that are due, and passes results on. True when any was. */
  async deliver(): Promise<boolean> {
    this.#wakeDue()
    let delivered = false
    for (let flight = this.#ready.shift(); flight !== undefined; flight = this.#ready.shift()) {
      delivered = true
      const { lane, call } = flight
      const { context, pass } = this.#options
      const forward = ({ operator, forward }: Lane, key: unknown, value: unknown) =>
        value === undefined
          ? context.fail(operator, resultError(operator, value, 'a value', context))
          : forward(key, value)
      const outcome = call.outcome!
      this.#passing = flight
      await pass(call.record, () =>
        'error' in outcome ? context.fail(lane.operator, outcome.error) : forward(lane, call.key, outcome.value),
      )
      this.#passing = undefined
      // Only now: what is passed on may wait, and until then its offset is not done.
      this.#end(flight)
    }
    return delivered
  }

  /** Lets go of all that was begun for a record: it is given up. */
  drop(unit: RecordUnit): void {
    const gone = [...this.#flights].filter(flight => flight.call.record.unit === unit && flight !== this.#passing)
    for (const flight of gone) this.#takeBack(flight)
  }

  readonly #takeBack = (flight: Flight): void => {
    const { lane, call, sequence } = flight
    call.abandon()
    remove(this.#ready, flight)
    if (remove(lane.waiting, flight)) this.#flights.delete(flight)
    else this.#end(flight)
    const inOrder = sequence === undefined ? undefined : lane.sequences.get(sequence)
    if (inOrder === undefined) return
    remove(inOrder, flight)
    this.#advance(lane, sequence!)
  }

  /** The oldest offset of the partition whose calls are not finished. */
  oldestOffset({ topic, partition }: TopicPartition): number | undefined {
    let oldest: number | undefined
    for (const { call } of this.#flights) {
      const { record } = call
      if (record.topic !== topic || record.partition !== partition) continue
      if (oldest === undefined || record.offset < oldest) oldest = record.offset
    }
    return oldest
  }

  /** Whether a commit has to wait for calls. */
  owes(which: Owed): boolean {
    return this.#owed(which) !== undefined
  }

  /**
   * Passes results on until nothing is owed. It gives up at the time `until`, as the clock's `monotonic` counts; without it the
   * limits of the calls decide how long it takes.
   * @throws MILLRACE_ASYNC_UNFINISHED
   */
  async drain(which: Owed, until = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock } = this.#options
    const began = clock.monotonic()
    for (;;) {
      await this.deliver()
      const owed = this.#owed(which)
      if (owed === undefined) return
      const now = clock.monotonic()
      if (now >= until) throw this.#unfinished(owed, now - began)
      if (this.#ready.length === 0) await this.#change(Math.min(until, this.#dueAt) - now)
    }
  }

  /** Lets go of all calls: their results are not wanted any more. */
  abandon(): void {
    this.#ended = true
    for (const { call } of this.#flights) call.abandon()
    this.#flights.clear()
    this.#ready.length = 0
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  #take(lane: Lane, key: unknown, value: unknown): void {
    const { clock, context } = this.#options
    const record = takeSnapshot(context)
    let sequence: string | undefined
    if (lane.spec.ordering === 'partition') sequence = `${String(record.topic)}-${record.partition}`
    if (lane.spec.ordering === 'key') {
      try {
        sequence = keyIdentity(key, lane.spec.keySerde)
      } catch (error) {
        return context.fail(lane.operator, error)
      }
    }
    const { operator, spec } = lane
    const onDone = () => this.#done(flight)
    const onPause = () => this.#isDue(flight)
    const tooLong = () => {
      if (!context.overdue) return undefined
      returnTo(record, context)
      return context.tooLong(operator)
    }
    const call = new UserCall({ operator, spec, key, value, record, clock, tooLong, onDone, onPause })
    const flight: Flight = { lane, call, sequence }
    this.#flights.add(flight)
    context.begun++
    context.undo?.note(this.#takeBack, flight)
    if (sequence !== undefined) {
      const others = lane.sequences.get(sequence)
      if (others === undefined) lane.sequences.set(sequence, [flight])
      else others.push(flight)
    }
    if (lane.size < spec.concurrency) this.#start(flight)
    else lane.waiting.push(flight)
  }

  #start(flight: Flight): void {
    flight.lane.size++
    flight.call.start()
    this.#dueAt = Math.min(this.#dueAt, flight.call.dueAt)
  }

  #done(flight: Flight): void {
    if (this.#ended) return
    const { lane, sequence } = flight
    if (sequence === undefined) this.#ready.push(flight)
    else this.#advance(lane, sequence)
    if (this.#ready.length > 0) this.#ring()
  }

  /** What is done and next in its order is ready. */
  #advance(lane: Lane, sequence: string): void {
    const inOrder = lane.sequences.get(sequence)!
    while (inOrder[0]?.call.outcome !== undefined) this.#ready.push(inOrder.shift()!)
    if (inOrder.length === 0) lane.sequences.delete(sequence)
  }

  #end(flight: Flight): void {
    const { lane } = flight
    if (!this.#flights.delete(flight)) return
    lane.size--
    const next = lane.waiting.shift()
    if (next !== undefined) this.#start(next)
  }

  #isDue({ call }: Flight): void {
    if (this.#ended) return
    this.#dueAt = Math.min(this.#dueAt, call.dueAt)
    this.#ring()
  }

  #ring(): void {
    this.#bell?.()
    this.#options.wakeup()
  }

  #wakeDue(): void {
    const now = this.#options.clock.monotonic()
    if (this.#dueAt > now) return
    let next = Number.POSITIVE_INFINITY
    for (const { call } of this.#flights) {
      if (call.dueAt <= now) call.wake()
      if (call.dueAt < next) next = call.dueAt
    }
    this.#dueAt = next
  }

  #owed(which: Owed): Flight | undefined {
    const givesUp = this.#options.context.undo !== undefined
    for (const flight of this.#flights) {
      if (which === 'all' || flight.lane.stateAbove) return flight
      const { topic, unit } = flight.call.record
      // What came from a timer or a cache has no offset by which it would come again. Where records are given up, what a record has changed
      // in another branch could not be taken back after a commit, should its call fail.
      if (topic === null || (givesUp && unit.leavesTraces)) return flight
    }
    return undefined
  }

  async #change(ms: number): Promise<void> {
    const enough = new AbortController()
    const rung = new Promise<void>(resolve => {
      this.#bell = resolve
    })
    try {
      const waits = Number.isFinite(ms) ? [rung, this.#options.clock.sleep(ms, enough.signal)] : [rung]
      await Promise.race(waits)
    } finally {
      this.#bell = undefined
      enough.abort()
    }
  }

  #unfinished({ call }: Flight, waitMs: number): Error {
    const { operator, record } = call
    const { topic, partition, offset } = record
    const where = { operator, topic: topic ?? '(none)', partition, offset }
    return millraceError('MILLRACE_ASYNC_UNFINISHED', { ...where, count: this.#flights.size, waitMs })
  }
}

/** True when it was there. */
function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}
