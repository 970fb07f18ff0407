import { millraceError, type TopicPartition } from '@millrace/core'
import type { Deadline, Deadlines } from '../time/deadlines.ts'
import type { MarkerQueue, MarkerTarget, ProducerIdentity } from './marker-queue.ts'

/** As a broker's log of transactions has it. A transaction that is `complete` counts as having all its markers. */
export type TransactionState =
  | 'empty'
  | 'ongoing'
  | 'prepare-commit'
  | 'prepare-abort'
  | 'complete-commit'
  | 'complete-abort'

/** Told of each transaction that ends, when that is decided and before its markers are written. */
export type TransactionListener = (
  transactionalId: string,
  committed: boolean,
  of: { readonly producerId: number; readonly targets: readonly MarkerTarget[] },
) => void

interface TransactionalId {
  readonly id: string
  producerId: number
  producerEpoch: number
  timeoutMs: number
  state: TransactionState
  /** Partitions and groups of the open transaction. */
  readonly partitions: Map<string, TopicPartition>
  readonly groups: Set<string>
  timeout: Deadline | undefined
}

/** An epoch is an int16; past this one, an id gets a new producer id. */
const LAST_EPOCH = 32_766

/**
 * Hands out producer ids, and keeps what each transactional id has open. A transaction begins with the first partition or
 * group added to it; its timeout, a newer `init` or `fence` abort it and shut its producer out.
 *
 * Its end has three steps, as in Kafka: the outcome is decided (prepare), markers are written to each partition and group, and
 * then it counts as complete. A request is answered after the first.
 */
export class TransactionCoordinator {
  readonly #deadlines: Deadlines
  readonly #markers: MarkerQueue
  readonly #firstEpoch: number
  readonly #ids = new Map<string, TransactionalId>()
  readonly #idsByProducer = new Map<number, string>()
  #nextProducerId = 1000
  onEnd: TransactionListener | undefined

  constructor(deadlines: Deadlines, markers: MarkerQueue, firstEpoch = 0) {
    this.#deadlines = deadlines
    this.#markers = markers
    this.#firstEpoch = firstEpoch
  }

  /** For a producer without transactions. */
  newProducer(): ProducerIdentity {
    return { producerId: this.#nextProducerId++, producerEpoch: 0 }
  }

  /**
   * Fences older producers of the id, aborts what they left open, and gives the newest epoch. Undefined while the last transaction
   * is still ending: then it must be asked again.
   */
  init(id: string, timeoutMs: number): ProducerIdentity | undefined {
    const known = this.#ids.get(id)
    if (known === undefined) {
      const identity = { ...this.newProducer(), producerEpoch: this.#firstEpoch }
      this.#idsByProducer.set(identity.producerId, id)
      this.#ids.set(id, {
        id,
        ...identity,
        timeoutMs,
        state: 'empty',
        partitions: new Map(),
        groups: new Set(),
        timeout: undefined,
      })
      return identity
    }
    if (isEnding(known)) return undefined
    this.#fence(known)
    if (isEnding(known)) return undefined
    known.state = 'empty'
    known.timeoutMs = timeoutMs
    return { producerId: known.producerId, producerEpoch: known.producerEpoch }
  }

  /** As of now; undefined when nobody has used the id yet. */
  describe(id: string): (ProducerIdentity & { readonly state: TransactionState }) | undefined {
    const known = this.#ids.get(id)
    if (known === undefined) return undefined
    const { producerId, producerEpoch, state } = known
    return { producerId, producerEpoch, state }
  }

  /** Its outcome is decided, and markers are still to be written. */
  isEnding(id: string): boolean {
    const known = this.#ids.get(id)
    return known !== undefined && isEnding(known)
  }

  /** @throws MILLRACE_PRODUCER_FENCED */
  addPartition(id: string, identity: ProducerIdentity, partition: TopicPartition): void {
    const transaction = this.#current(id, identity)
    this.#open(transaction)
    transaction.partitions.set(`${partition.topic}-${partition.partition}`, partition)
  }

  /** @throws MILLRACE_PRODUCER_FENCED */
  addGroup(id: string, identity: ProducerIdentity, groupId: string): void {
    const transaction = this.#current(id, identity)
    this.#open(transaction)
    transaction.groups.add(groupId)
  }

  /** @throws MILLRACE_PRODUCER_FENCED */
  end(id: string, identity: ProducerIdentity, committed: boolean): void {
    this.#end(this.#current(id, identity), committed)
  }

  /** Shuts the id's producer out, as if another one had been initialised. Unknown ids are passed over. */
  fence(id: string): void {
    const known = this.#ids.get(id)
    if (known !== undefined) this.#fence(known)
  }

  /** The id that has, or had, this producer id. */
  idOf(producerId: number): string | undefined {
    return this.#idsByProducer.get(producerId)
  }

  /** Ids that have a transaction open. */
  open(): readonly string[] {
    return [...this.#ids.values()].filter(({ state }) => state === 'ongoing').map(({ id }) => id)
  }

  #fence(transaction: TransactionalId): void {
    if (transaction.producerEpoch >= LAST_EPOCH) {
      if (transaction.state === 'ongoing') this.#end(transaction, false)
      transaction.producerId = this.#nextProducerId++
      transaction.producerEpoch = 0
      this.#idsByProducer.set(transaction.producerId, transaction.id)
      return
    }
    transaction.producerEpoch++
    if (transaction.state === 'ongoing') this.#end(transaction, false)
  }

  #current(id: string, { producerId, producerEpoch }: ProducerIdentity): TransactionalId {
    const known = this.#ids.get(id)
    if (known?.producerId === producerId && known.producerEpoch === producerEpoch) return known
    throw millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId: id })
  }

  #open(transaction: TransactionalId): void {
    if (isEnding(transaction)) {
      const operation = `Beginning a transaction of "${transaction.id}"`
      throw millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason: 'CONCURRENT_TRANSACTIONS' })
    }
    transaction.state = 'ongoing'
    transaction.timeout ??= this.#deadlines.after(transaction.timeoutMs, () => this.#fence(transaction))
  }

  #end(transaction: TransactionalId, committed: boolean): void {
    transaction.timeout?.cancel()
    transaction.timeout = undefined
    const { id, producerId, producerEpoch } = transaction
    const identity = { producerId, producerEpoch }
    // Offsets first: who is woken by a marker and asks for them must see those of the same transaction.
    const targets: MarkerTarget[] = [
      ...[...transaction.groups].map(groupId => ({ groupId })),
      ...transaction.partitions.values(),
    ]
    transaction.partitions.clear()
    transaction.groups.clear()
    transaction.state = committed ? 'prepare-commit' : 'prepare-abort'
    this.onEnd?.(id, committed, { producerId, targets })
    let missing = targets.length
    for (const target of targets) {
      this.#markers.send(target, identity, committed, () => {
        if (--missing === 0) transaction.state = committed ? 'complete-commit' : 'complete-abort'
      })
    }
  }
}

function isEnding({ state }: TransactionalId): boolean {
  return state === 'prepare-commit' || state === 'prepare-abort'
}
