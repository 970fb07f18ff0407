import { seededRandom, type Clock } from '@millrace/core'
import type { MemoryCluster } from '@millrace/client-memory'

/**
 * What can go wrong with a call.
 *
 * - `drop-request`: it never arrives, and there is no answer.
 * - `drop-response`: it is carried out, but the answer is lost, so that the caller cannot know.
 * - `delay`: it is carried out late.
 * - `disconnect`: it fails, as does everything of this client for a while; a group member's heartbeats stop too.
 * - `fence`: just before, somebody else takes over the transactional id, or the group throws the member out.
 * - `move-coordinator`: the coordinator has moved; it is found again, which takes a while, and joins start again.
 */
export type FaultKind = 'drop-request' | 'drop-response' | 'delay' | 'disconnect' | 'fence' | 'move-coordinator'

export interface FaultOptions {
  /** The same seed and the same calls give the same faults. */
  readonly seed: number
  readonly clock: Clock
  /** Where fences and coordinator moves happen. Without it these two faults do nothing but delay. */
  readonly cluster?: MemoryCluster
  /** How likely each fault is, call by call, 0 to 1. @default none */
  readonly probabilities?: Readonly<Partial<Record<FaultKind, number>>>
  /** Faults at exact calls, whatever the probabilities. @default none */
  readonly schedule?: readonly ScheduledFault[]
  /** Told of each call before it is made, whether a fault meets it or not. */
  readonly onCall?: (clientId: string, operation: FaultOperation) => void
  /** Which calls may fail by probability. @default all */
  readonly applies?: (operation: FaultOperation) => boolean
  /** The longest `delay` and coordinator move, in milliseconds. @default 1 000 */
  readonly maxDelayMs?: number
  /** The longest `disconnect`, in milliseconds. @default 10 000 */
  readonly maxDisconnectMs?: number
}

export type FaultOperation =
  | `admin.${string}`
  | 'consumer.assign'
  | 'consumer.poll'
  | 'group.poll'
  | 'group.committed'
  | 'group.commit'
  | 'group.confirm'
  | 'producer.init'
  | 'producer.flush'
  | 'producer.sendOffsets'
  | 'producer.commit'
  | 'producer.abort'

export interface ScheduledFault {
  readonly kind: FaultKind
  readonly operation: FaultOperation
  /** Which call of this operation, over all clients of the factory; the first is 1. */
  readonly call: number
  /** Of delays, coordinator moves and disconnects, in milliseconds. @default drawn */
  readonly ms?: number
}

/** What was done to a call. */
export interface FaultEvent extends ScheduledFault {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly clientId: string
  /** Of delays and disconnects, otherwise 0. */
  readonly ms: number
}

const KINDS: readonly FaultKind[] = [
  'drop-request',
  'drop-response',
  'delay',
  'disconnect',
  'fence',
  'move-coordinator',
]

/** Decides which call meets which fault, and remembers it. */
export class FaultPlan {
  readonly log: FaultEvent[] = []
  readonly options: FaultOptions
  readonly #random: () => number
  readonly #calls = new Map<FaultOperation, number>()
  #stopped = false

  constructor(options: FaultOptions) {
    this.options = options
    this.#random = seededRandom(options.seed)
  }

  /** No further faults, so that a run can come to its end. */
  stop(): void {
    this.#stopped = true
  }

  /** Counts the call. Undefined when it is to go through. */
  next(clientId: string, operation: FaultOperation): FaultEvent | undefined {
    const call = (this.#calls.get(operation) ?? 0) + 1
    this.#calls.set(operation, call)
    this.options.onCall?.(clientId, operation)
    // Both numbers are drawn for each call, so that a fault more or less does not change all that follow.
    const [chance, length] = [this.#random(), this.#random()]
    const scheduled = this.#stopped ? undefined : this.#scheduled(operation, call)
    const kind = this.#stopped ? undefined : (scheduled?.kind ?? this.#byChance(operation, chance))
    if (kind === undefined) return undefined
    const ms = scheduled?.ms ?? this.#duration(kind, length)
    const event = { kind, operation, call, clientId, at: this.options.clock.now(), ms }
    this.log.push(event)
    return event
  }

  #scheduled(operation: FaultOperation, call: number): ScheduledFault | undefined {
    return this.options.schedule?.find(fault => fault.operation === operation && fault.call === call)
  }

  #byChance(operation: FaultOperation, chance: number): FaultKind | undefined {
    const { probabilities = {}, applies } = this.options
    if (applies?.(operation) === false) return undefined
    let reached = 0
    return KINDS.find(kind => chance < (reached += probabilities[kind] ?? 0))
  }

  #duration(kind: FaultKind, length: number): number {
    if (kind === 'disconnect') return 1 + Math.floor(length * (this.options.maxDisconnectMs ?? 10_000))
    if (kind === 'delay' || kind === 'move-coordinator')
      return 1 + Math.floor(length * (this.options.maxDelayMs ?? 1_000))
    return 0
  }
}
