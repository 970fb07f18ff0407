import { millraceError, type TopicPartition } from '@millrace/core'
import type { Deadline, Deadlines } from '../time/deadlines.ts'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** What the coordinator writes when a transaction ends. */
export interface TransactionMarkers {
  toPartition(partition: TopicPartition, identity: ProducerIdentity, committed: boolean): void
  toGroup(groupId: string, identity: ProducerIdentity, committed: boolean): void
}

interface TransactionalId {
  readonly id: string
  producerId: number
  producerEpoch: number
  timeoutMs: number
  /** Partitions and groups of the open transaction; empty when none is open. */
  readonly partitions: Map<string, TopicPartition>
  readonly groups: Set<string>
  timeout: Deadline | undefined
}

/** An epoch is an int16; past this one, an id gets a new producer id. */
const LAST_EPOCH = 32_766

/**
 * Hands out producer ids, and keeps what each transactional id has open. A transaction begins with the first partition or
 * group added to it; its timeout, a newer `init` or `fence` abort it and shut its producer out.
 */
export class TransactionCoordinator {
  readonly #deadlines: Deadlines
  readonly #markers: TransactionMarkers
  readonly #firstEpoch: number
  readonly #ids = new Map<string, TransactionalId>()
  #nextProducerId = 1000

  constructor(deadlines: Deadlines, markers: TransactionMarkers, firstEpoch = 0) {
    this.#deadlines = deadlines
    this.#markers = markers
    this.#firstEpoch = firstEpoch
  }

  /** For a producer without transactions. */
  newProducer(): ProducerIdentity {
    return { producerId: this.#nextProducerId++, producerEpoch: 0 }
  }

  /** Fences older producers of the id, aborts what they left open, and gives the newest epoch. */
  init(id: string, timeoutMs: number): ProducerIdentity {
    const known = this.#ids.get(id)
    if (known === undefined) {
      const identity = { ...this.newProducer(), producerEpoch: this.#firstEpoch }
      this.#ids.set(id, { id, ...identity, timeoutMs, partitions: new Map(), groups: new Set(), timeout: undefined })
      return identity
    }
    this.#fence(known)
    known.timeoutMs = timeoutMs
    return { producerId: known.producerId, producerEpoch: known.producerEpoch }
  }

  /** @throws MILLRACE_PRODUCER_FENCED */
  addPartition(id: string, identity: ProducerIdentity, partition: TopicPartition): void {
    const transaction = this.#current(id, identity)
    transaction.partitions.set(`${partition.topic}-${partition.partition}`, partition)
    this.#startTimeout(transaction)
  }

  /** @throws MILLRACE_PRODUCER_FENCED */
  addGroup(id: string, identity: ProducerIdentity, groupId: string): void {
    const transaction = this.#current(id, identity)
    transaction.groups.add(groupId)
    this.#startTimeout(transaction)
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

  /** Ids that have a transaction open. */
  open(): readonly string[] {
    return [...this.#ids.values()].filter(isOpen).map(({ id }) => id)
  }

  #fence(transaction: TransactionalId): void {
    if (transaction.producerEpoch >= LAST_EPOCH) {
      if (isOpen(transaction)) this.#end(transaction, false)
      transaction.producerId = this.#nextProducerId++
      transaction.producerEpoch = 0
      return
    }
    transaction.producerEpoch++
    if (isOpen(transaction)) this.#end(transaction, false)
  }

  #current(id: string, { producerId, producerEpoch }: ProducerIdentity): TransactionalId {
    const known = this.#ids.get(id)
    if (known?.producerId === producerId && known.producerEpoch === producerEpoch) return known
    throw millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId: id })
  }

  #startTimeout(transaction: TransactionalId): void {
    transaction.timeout ??= this.#deadlines.after(transaction.timeoutMs, () => this.#fence(transaction))
  }

  #end(transaction: TransactionalId, committed: boolean): void {
    transaction.timeout?.cancel()
    transaction.timeout = undefined
    const { producerId, producerEpoch } = transaction
    const identity = { producerId, producerEpoch }
    const partitions = [...transaction.partitions.values()]
    const groups = [...transaction.groups]
    transaction.partitions.clear()
    transaction.groups.clear()
    // Offsets first: who is woken by a marker and asks for them must see those of the same transaction.
    for (const groupId of groups) this.#markers.toGroup(groupId, identity, committed)
    for (const partition of partitions) this.#markers.toPartition(partition, identity, committed)
  }
}

function isOpen(transaction: TransactionalId): boolean {
  return transaction.partitions.size > 0 || transaction.groups.size > 0
}
