import { type MillraceError, millraceError } from '../errors/millrace-error.ts'
import type { TopicPartition, TransactionReach } from '../ports/client.ts'
import type { Clock } from '../ports/clock.ts'
import { OFFSETS_TOPIC, openOffsetProducers } from './offset-holders.ts'
import type { TransactionDescription, TransactionRequests } from './transaction-requests.ts'

/** What is known before a producer is initialised, which makes the broker forget how the last transaction ended. */
export interface LastTransaction {
  readonly before: TransactionDescription
  readonly reach: TransactionReach
  /** Somewhere a marker is missing. */
  readonly hangs: boolean
  /** Undefined when an earlier `init` has made the broker forget it. */
  readonly committed: boolean | undefined
}

/** Parts of a transaction that have no marker. */
interface Hanging {
  /** The group's offsets. */
  readonly offsets: boolean
  readonly outputs: readonly TopicPartition[]
}

/** What the broker has forgotten, since `init` was called and completing has not succeeded. */
interface Outcome {
  readonly producerId: bigint
  readonly committed: boolean
  /** Of the producer that was initialised: with another epoch, others have come in between. */
  readonly epoch: number
}

const FIRST_RETRY_MS = 2
const RETRY_MS = 50

/** A committed transaction that the broker takes for complete has no markers, and nobody will write them. */
export class MarkersMissing extends Error {
  constructor() {
    super('the transaction before was committed, but its markers are missing (KAFKA-20734)')
  }

  /** What `Producer.pending` rejects with. */
  toAbortable(transactionalId: string): MillraceError {
    return millraceError('MILLRACE_TRANSACTION_ABORTABLE', { transactionalId, reason: this.message }, { cause: this })
  }
}

/**
 * Completes transactions that a broker takes for complete though markers are missing (KAFKA-20734): their offsets are never stable,
 * and the next transaction of the same producer would decide about their records. An empty transaction of the same id, with the
 * outcome of the first, writes what is missing. That outcome is the coordinator's word from before `init`.
 */
export class HangingTransactions {
  readonly #requests: TransactionRequests
  readonly #clock: Clock
  /** By transactional id. */
  readonly #outcomes = new Map<string, Outcome>()

  constructor(requests: TransactionRequests, clock: Clock) {
    this.#requests = requests
    this.#clock = clock
  }

  /**
   * To be called before `init`; waits while the last transaction is ending.
   * @returns undefined where there was none
   * @throws MILLRACE_TRANSACTION_HANGING
   */
  async look(transactionalId: string, reach: TransactionReach, withinMs: number): Promise<LastTransaction | undefined> {
    const before = await this.#ended(transactionalId, withinMs)
    if (before === undefined) return undefined
    const { state, producerId, producerEpoch } = before
    const remembered = this.#outcomes.get(transactionalId)
    const known = remembered?.producerId === producerId && remembered.epoch === producerEpoch ? remembered : undefined
    if (state === 'Ongoing') {
      if (known === undefined) return this.#remember(transactionalId, { before, reach, hangs: false, committed: false })
      // The empty transaction itself, which was cut short: `init` would abort it, and what it completes with it.
      await this.#endTxn(transactionalId, before, known.committed)
      return await this.look(transactionalId, reach, withinMs)
    }
    const hanging = await this.#find(producerId, reach)
    const hangs = isAny(hanging)
    const committed = isComplete(state) ? state === 'CompleteCommit' : known?.committed
    if (hangs && committed === undefined) throw hangsError(transactionalId, reach, hanging)
    return this.#remember(transactionalId, { before, reach, hangs, committed })
  }

  #remember(transactionalId: string, last: LastTransaction): LastTransaction {
    const { before, committed } = last
    const epoch = before.producerEpoch + (before.state === 'Ongoing' ? 2 : 1)
    if (committed === undefined) this.#outcomes.delete(transactionalId)
    else this.#outcomes.set(transactionalId, { producerId: before.producerId, committed, epoch })
    return last
  }

  /** To be called after `init`, with what `look` gave. @throws MILLRACE_TRANSACTION_HANGING */
  async complete(transactionalId: string, last: LastTransaction, withinMs: number): Promise<void> {
    const { before, reach } = last
    const now = await this.#requests.describe(transactionalId)
    // `init` raises the epoch by one, and by one more to abort what is open.
    const raised = (now?.producerEpoch ?? 0) - before.producerEpoch
    if (last.hangs || before.state === 'Ongoing' || raised !== 1) {
      const hanging = await this.#find(before.producerId, reach)
      const committed = outcome(last, raised)
      if (isAny(hanging)) {
        if (now === undefined || now.producerId !== before.producerId || committed === undefined) {
          throw hangsError(transactionalId, reach, hanging)
        }
        await this.#end(transactionalId, now, reach.groupId, hanging, committed)
        await this.#ended(transactionalId, withinMs)
        if (isAny(await this.#find(now.producerId, reach))) {
          const reason = 'its markers are not written'
          throw millraceError('MILLRACE_CLIENT_NOT_YET', { operation: `Completing "${transactionalId}"`, reason })
        }
      }
    }
    this.#outcomes.delete(transactionalId)
  }

  /**
   * Waits until the offsets of a committed transaction are stable.
   * @returns false when the broker takes the transaction for complete, and they are not
   */
  async untilStable(
    transactionalId: string,
    groupId: string,
    partitions: readonly TopicPartition[],
    giveUp: () => boolean,
  ): Promise<boolean> {
    const stable = () => this.#requests.isStable(groupId, partitions)
    // Markers are mostly written within a few milliseconds, and the next transaction waits for them.
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, RETRY_MS)) {
      if (await stable()) return true
      const now = await this.#requests.describe(transactionalId)
      // Markers come before the broker says so: asked once more, the answer is final.
      if (now !== undefined && isComplete(now.state)) return await stable()
      if (giveUp()) return false
      await this.#clock.sleep(retryMs)
    }
  }

  /** The last transaction, when its outcome is decided and no longer on its way; one that is open as it is. */
  async #ended(transactionalId: string, withinMs: number): Promise<TransactionDescription | undefined> {
    const until = this.#clock.monotonic() + withinMs
    for (;;) {
      const found = await this.#requests.describe(transactionalId)
      if (found === undefined || !found.state.startsWith('Prepare')) return found
      if (this.#clock.monotonic() >= until) {
        const operation = `Waiting for the end of a transaction of "${transactionalId}"`
        throw millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason: `it is ${found.state}` })
      }
      await this.#clock.sleep(RETRY_MS)
    }
  }

  async #find(producerId: bigint, { groupId, inputs, outputs }: TransactionReach): Promise<Hanging> {
    const [stable, { open }] = await Promise.all([
      this.#requests.isStable(groupId, inputs),
      this.#requests.openTransactions(outputs),
    ])
    const holders = stable ? [] : await openOffsetProducers(this.#requests, groupId)
    return {
      // Where nobody tells who holds them, it is taken for this producer: an empty transaction of its harms nobody.
      offsets: holders === undefined || holders.includes(producerId),
      outputs: open.filter(one => one.producerId === producerId),
    }
  }

  async #end(
    transactionalId: string,
    description: TransactionDescription,
    groupId: string,
    { offsets, outputs }: Hanging,
    committed: boolean,
  ): Promise<void> {
    const producer = { transactionalId, ...description }
    if (outputs.length > 0) await this.#requests.addPartitions(producer, outputs)
    if (offsets) await this.#requests.addOffsets(producer, groupId)
    await this.#endTxn(transactionalId, description, committed)
  }

  async #endTxn(transactionalId: string, description: TransactionDescription, committed: boolean): Promise<void> {
    await this.#requests.end({ transactionalId, ...description }, committed)
  }
}

/** Undefined when another producer has come in between, and has ended a transaction in a way that nobody has seen. Pure. */
export function outcome({ before, committed }: LastTransaction, raised: number): boolean | undefined {
  if (before.state === 'Ongoing') return raised === 2 ? false : undefined
  if (raised === 1) return committed
  // Something was open at the time of `init` that was not at the time of `look`.
  return raised === 2 ? false : undefined
}

function isComplete(state: string): boolean {
  return state === 'CompleteCommit' || state === 'CompleteAbort'
}

function isAny({ offsets, outputs }: Hanging): boolean {
  return offsets || outputs.length > 0
}

function hangsError(transactionalId: string, { groupId }: TransactionReach, { offsets, outputs }: Hanging) {
  const names = outputs.map(({ topic, partition }) => `${topic}-${partition}`)
  if (offsets) names.unshift(`${OFFSETS_TOPIC} (the offsets of "${groupId}")`)
  return millraceError('MILLRACE_TRANSACTION_HANGING', { transactionalId, partitions: names.join(', ') })
}
