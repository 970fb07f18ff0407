import type { MemoryCluster } from '@millrace/client-memory'
import { BatchCursor, readControlType, type TopicPartition } from '@millrace/core'
import type { History, HistoryCommit, HistoryRecord, TransactionPart } from '../history/history.ts'
import { APPLICATION_ID } from './process-world.ts'
import type { RecordWatch } from './watched-plan.ts'

type StoredBatch = ReturnType<ReturnType<MemoryCluster['log']>['batches']>[number]

interface Transaction {
  readonly name: string
  readonly committed: boolean
  readonly parts: TransactionPart[]
}

interface RecordedBatch extends TopicPartition {
  readonly stored: StoredBatch
  /** Whether the producer's marker has come. */
  ended: boolean
  transaction: Transaction | undefined
}

/** Of the offsets that a transaction holds. */
interface HeldOffsets {
  readonly what: string
  transaction: Transaction | undefined
}

/**
 * Writes down what a cluster takes: all batches, those that are purged later too, with the transaction that each belongs to, and
 * the committed offsets of the application in their order.
 */
export class HistoryRecorder {
  readonly #cluster: MemoryCluster
  readonly #known = new Set<object>()
  readonly #batches: RecordedBatch[] = []
  readonly #commits: HistoryCommit[] = []
  readonly #transactions: Transaction[] = []
  /** By producer id, whose transaction has not been decided. */
  readonly #undecided = new Map<number, RecordedBatch[]>()
  /** By producer id and partition: without a marker. */
  readonly #unmarked = new Map<string, RecordedBatch[]>()
  readonly #held = new Map<number, HeldOffsets[]>()

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster
    cluster.groups.group(APPLICATION_ID).offsets.listener = (change, offsets, producerId) => {
      const what = `offsets ${offsets.map(at => `${at.topic}-${at.partition} ${at.offset}`).join(', ')}`
      if (change === 'held') return void listOf(this.#held, producerId!).push({ what, transaction: undefined })
      const held = this.#held.get(producerId ?? -1) ?? []
      const transaction = held.at(-1)?.transaction
      for (const one of held) one.transaction?.parts.push({ what: one.what, committed: change === 'committed' })
      this.#held.delete(producerId ?? -1)
      if (change !== 'committed') return
      for (const { topic, partition, offset } of offsets) {
        this.#commits.push({ topic, partition, offset, ...(transaction && { transaction: transaction.name }) })
      }
    }
    this.look()
  }

  /** Topics that have been made since are recorded from here on. */
  look(): void {
    for (const topic of this.#cluster.topicNames()) {
      for (let partition = 0; partition < this.#cluster.partitionCount(topic)!; partition++) {
        const log = this.#cluster.log({ topic, partition })
        if (this.#known.has(log)) continue
        this.#known.add(log)
        let next = 0
        const take = () => {
          // From the end, since the beginning may have been purged.
          const batches = log.batches()
          let at = batches.length
          while (at > 0 && batches[at - 1]!.header.baseOffset >= next) at--
          for (; at < batches.length; at++) this.#take({ topic, partition }, batches[at]!)
          next = log.highWatermark
        }
        log.listeners.add(take)
        take()
      }
    }
  }

  /** The outcome is decided; markers follow. */
  ends(transactionalId: string, committed: boolean, producerId: number): void {
    // What it wrote to a topic that it has made itself must be known as its own, and not as the next one's.
    this.look()
    const batches = this.#undecided.get(producerId) ?? []
    const held = this.#held.get(producerId) ?? []
    this.#undecided.delete(producerId)
    const number = this.#transactions.length + 1
    const transaction: Transaction = { name: `transaction ${number} of ${transactionalId}`, committed, parts: [] }
    this.#transactions.push(transaction)
    for (const one of [...batches, ...held]) one.transaction ??= transaction
  }

  /** All of it, when the run is over. */
  history(guarantee: History['guarantee'], watch: RecordWatch | undefined): History {
    for (const { topic, partition, stored, ended, transaction } of this.#batches) {
      if (!ended || transaction === undefined) continue
      const what = `${topic}-${partition}, offsets ${stored.header.baseOffset} to ${stored.lastOffset}`
      transaction.parts.push({ what, committed: !stored.aborted })
    }
    return {
      guarantee,
      records: this.#batches.flatMap(recordsOf),
      commits: this.#commits,
      transactions: this.#transactions,
      ...(watch && {
        wasRead: ({ topic, partition, offset }) => watch.hasSeen(topic, partition, offset),
        isLeftOut: ({ topic, partition, offset }) => watch.isLeftOut(topic, partition, offset),
      }),
    }
  }

  #take({ topic, partition }: TopicPartition, stored: StoredBatch): void {
    const { control, producerId, transactional } = stored.header
    const key = `${producerId} ${topic}-${partition}`
    if (control) {
      if (readControlType(stored.bytes, stored.header) === 'other') return
      for (const batch of this.#unmarked.get(key) ?? []) batch.ended = true
      this.#unmarked.delete(key)
      return
    }
    const batch: RecordedBatch = { topic, partition, stored, ended: false, transaction: undefined }
    this.#batches.push(batch)
    if (!transactional) return
    listOf(this.#undecided, producerId).push(batch)
    listOf(this.#unmarked, key).push(batch)
  }
}

function recordsOf({ topic, partition, stored, ended, transaction }: RecordedBatch): readonly HistoryRecord[] {
  const { bytes, header, aborted } = stored
  const fate = aborted || (header.transactional && !ended) ? 'hidden' : 'committed'
  const records: HistoryRecord[] = []
  for (const cursor = new BatchCursor(bytes, header); cursor.advance();) {
    const { offset, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
    records.push({
      topic,
      partition,
      offset,
      timestamp,
      key: keyStart < 0 ? null : keyBytes.subarray(keyStart, keyEnd),
      value: valueStart < 0 ? null : valueBytes.subarray(valueStart, valueEnd),
      headers: cursor.headers(),
      fate,
      ...(transaction && { transaction: transaction.name }),
    })
  }
  return records
}

function listOf<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}
