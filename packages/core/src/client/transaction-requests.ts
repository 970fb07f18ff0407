import type { TopicPartition } from '../ports/client.ts'

/** What the coordinator has of a transactional id. */
export interface TransactionDescription {
  /** As `Empty`, `Ongoing`, `PrepareCommit`, `CompleteCommit`. */
  readonly state: string
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A transaction that has begun in a partition, and has no marker there yet. */
export interface OpenTransaction extends TopicPartition {
  readonly producerId: bigint
}

/** For whom a request of a transaction is made. */
export interface TransactionalProducer {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** What a client asks brokers about transactions, for what is the same in all clients. They fail with whatever its errors are. */
export interface TransactionRequests {
  /** Undefined when nobody has used the id yet. */
  describe(transactionalId: string): Promise<TransactionDescription | undefined>
  /** Of partitions that may not be looked into, nothing is given; those are `hidden`. */
  openTransactions(
    partitions: readonly TopicPartition[],
  ): Promise<{ readonly open: readonly OpenTransaction[]; readonly hidden: readonly TopicPartition[] }>
  /** The transactional ids of these producers. */
  transactionalIds(producerIds: readonly bigint[]): Promise<readonly string[]>
  /** 0 where the topic is not to be seen. */
  partitionCount(topic: string): Promise<number>
  /** False while a transaction holds the group's offset of one of them. */
  isStable(groupId: string, partitions: readonly TopicPartition[]): Promise<boolean>
  /** The next three are by the rules of before KIP-890: the client names what belongs to the transaction. */
  addPartitions(producer: TransactionalProducer, partitions: readonly TopicPartition[]): Promise<void>
  addOffsets(producer: TransactionalProducer, groupId: string): Promise<void>
  end(producer: TransactionalProducer, committed: boolean): Promise<void>
}
