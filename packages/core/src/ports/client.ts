import type { Headers } from '../record/headers.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { StreamsSubscription, StreamsTasks } from './streams-group.ts'

/**
 * The port for Kafka. Its unit is the batch: fetching gives batches that are walked in place, producing appends to
 * batches under construction. Adapters turn every failure into a `MillraceError` whose `kind` says what to do:
 * `retriable` (try again), `fenced` (somebody else owns it), `config` or `fatal` (stop).
 *
 * The conformance suite in `@millrace/testing` states the whole contract as cases.
 */
export interface KafkaClient {
  /** The name in errors, such as `kafkajs` or `memory`. */
  readonly name: string
  readonly capabilities: ClientCapabilities
  admin(): Admin
  /** Returns a consumer without a group, for restores, global tables and tests. */
  consumer(options: ConsumerOptions): Consumer
  groupConsumer(options: GroupConsumerOptions): GroupConsumer
  producer(options: ProducerOptions): Producer
  /** Closes everything that was opened through this client. */
  close(): Promise<void>
}

/** The `client` option of an application. It is called once, when the application starts. */
export type ClientFactory = (context: ClientContext) => KafkaClient

export interface ClientContext {
  /** Which thread of the process, from 1, where threads import the application: they share no objects. @default not in such a thread */
  readonly thread?: number
  readonly clientId: string
  readonly clock: Clock
  readonly logger: Logger
}

export interface ClientCapabilities {
  /**
   * How exactly-once is fenced. `group-metadata`: one producer for many tasks, offsets carry the group's generation
   * (KIP-447). `producer-per-task`: offsets carry none, so each task has a transactional id of its own and its new
   * owner's `init` fences the old one. `none`: no transactions.
   */
  readonly transactions: 'group-metadata' | 'producer-per-task' | 'none'
  /** `Admin.deleteRecords` works. */
  readonly deleteRecords: boolean
  /** Compression codecs that can be read and written. */
  readonly compression: readonly CompressionCodec[]
  /** `GroupConsumerOptions.groupInstanceId` works (KIP-345). */
  readonly staticMembership: boolean
  /**
   * Heartbeats, those of static members too, do not depend on the thread that polls: a member whose user code blocks it keeps its
   * place, until `GroupConsumerOptions.processingTimeoutMs` is over. Where it is false, the place is lost after the session timeout.
   */
  readonly busyHeartbeats: boolean
  /**
   * What a rebalance takes from a member. `cooperative` (KIP-429): it keeps what it has and goes on reading and committing; only
   * the new assignment decides what goes, and then the member joins once more, so that others can be given it. `eager`: all is
   * revoked before it joins, and what it is assigned comes again.
   */
  readonly rebalance: 'cooperative' | 'eager'
  /** `GroupConsumerOptions.protocol` may be `streams` (KIP-1071). Whether the broker knows it is found out at the first poll. */
  readonly streamsGroups: boolean
  /** Committed offsets keep their leader epoch, and `Admin.truncations` compares it with the log (KIP-320). */
  readonly leaderEpochs: boolean
}

/**
 * What the thread that processes shares with the one that sends heartbeats for it, so that one sees how the other gets on. Two
 * numbers: at `PROGRESS_RECORDS` the owner counts each record that is done. At `PROGRESS_OVERDUE` the client writes 1 when it
 * gives the thread up, since for `processingTimeoutMs` neither was a record done nor had the event loop a turn; the owner
 * writes 0 there when it has taken notice.
 */
export type ProgressSign = Int32Array<SharedArrayBuffer>
export const PROGRESS_RECORDS = 0
export const PROGRESS_OVERDUE = 1

export type CompressionCodec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicPartitionOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
}

export interface TopicPartitionTime extends TopicPartition {
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** One run of records of one partition, in offset order, as it came from the broker. Control records are not shown. */
export interface FetchedBatch extends TopicPartition {
  /** The offset after this batch, past control records and aborted transactions. */
  readonly nextOffset: number
  /** The end of the partition when the batch was fetched, past open transactions. */
  readonly highWatermark: number
  /** The number of records in the batch. 0 if it only advances `nextOffset`. */
  readonly recordCount: number
  /** The memory that the batch holds, in bytes. */
  readonly byteLength: number
  /** The epoch of the leader that took the batch in (KIP-101). @default not known */
  readonly leaderEpoch?: number
  /** The producer whose transaction the batch belongs to; -1 outside of transactions. @default not known */
  readonly producerId?: number
  /** Of that producer. On brokers with `transaction.version` 2 each transaction has its own (KIP-890). @default not known */
  readonly producerEpoch?: number
  /** Returns a new cursor. The batch stays valid while it is referenced. */
  cursor(): RecordCursor
}

/**
 * A walk over a batch. `advance` moves to the next record and the fields then describe it; they are overwritten by the
 * next call, the bytes they point to are not.
 */
export interface RecordCursor {
  /** Moves to the next record. Returns false at the end. */
  advance(): boolean
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly keyBytes: Buffer
  /** -1 when the key is null. */
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueBytes: Buffer
  /** -1 when the value is null. */
  readonly valueStart: number
  readonly valueEnd: number
  /** Decodes the headers at each call. `NO_HEADERS` costs nothing. */
  headers(): Headers
}

export interface ConsumerOptions {
  readonly isolationLevel: 'read_committed' | 'read_uncommitted'
  /** The most bytes a `poll` should return of one partition. @default 1 MiB */
  readonly maxPartitionBytes?: number
}

export interface Consumer {
  /** Replaces the partitions that are read, each from its offset. */
  assign(positions: readonly TopicPartitionOffset[]): Promise<void>
  /** Moves the position of an assigned partition. Records that were fetched and not polled are dropped. */
  seek(position: TopicPartitionOffset): void
  /** Excludes the partitions from polls until `resume`. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /**
   * What was fetched, as soon as there is any; an empty list after `maxWaitMs` or a `wakeup`. With 0 it gives what is there.
   * An error that concerns one call is thrown, and the next poll tries again.
   * @throws MILLRACE_OFFSET_OUT_OF_RANGE when a position is outside the log; MILLRACE_TOPIC_MISSING.
   */
  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]>
  /** Makes a pending poll return at once. */
  wakeup(): void
  close(): Promise<void>
}

export interface GroupConsumerOptions extends ConsumerOptions {
  readonly groupId: string
  /**
   * `streams`: the broker assigns tasks (KIP-1071), and `joinStreamsGroup` takes the place of `subscribe`. Only where
   * `capabilities.streamsGroups`. The session timeout and the heartbeat interval are settings of the broker there.
   * @default 'classic'
   */
  readonly protocol?: 'classic' | 'streams'
  /**
   * Makes the member static (KIP-345): who joins with the same id takes its place and gets what belonged to it, without a
   * rebalance. The previous member fails with MILLRACE_GROUP_INSTANCE_FENCED from then on. Only where
   * `capabilities.staticMembership`.
   */
  readonly groupInstanceId?: string
  /** @default 45 000 */
  readonly sessionTimeoutMs?: number
  /** @default 3 000, and no more than a third of the session */
  readonly heartbeatIntervalMs?: number
  /** How long a rebalance waits for members, in milliseconds. @default 300 000 */
  readonly rebalanceTimeoutMs?: number
  /**
   * How long the member's thread may be blocked before heartbeats for it end, where they do not depend on it. Infinity for
   * ever. As Kafka's `max.poll.interval.ms`. @default 300 000
   */
  readonly processingTimeoutMs?: number
  /** By which such heartbeats tell records that are done from a thread that is stuck. @default only its event loop is looked at */
  readonly progress?: ProgressSign
}

/**
 * A member of a group.
 *
 * Classic protocol: cooperative or eager, as `capabilities.rebalance` says. That nobody is given what another member still holds is
 * up to the assignor: members say in their user data what they hold.
 *
 * Streams protocol: the broker assigns, and gives nobody what another member still holds. `groupMetadata().generationId` is the
 * member's epoch, and `requestRejoin` gives everything back and joins again.
 *
 * The group's callbacks run inside `poll` only, and are awaited there, so that the owner is never surprised between two records.
 */
export interface GroupConsumer {
  /** Subscribes to topics and joins the group at the next poll. Another call with other topics joins again. */
  subscribe(subscription: Subscription): void
  /** In place of `subscribe`, where `protocol` is `streams`. */
  joinStreamsGroup?(subscription: StreamsSubscription): void
  seek(position: TopicPartitionOffset): void
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]>
  wakeup(): void
  /**
   * Committed offsets of this group; a partition without one is absent.
   * @throws MILLRACE_OFFSETS_UNSTABLE while a transaction holds offsets of one of them, of any producer (KIP-447): ask again, it
   * ends by commit, abort or timeout. A transaction that is committed still holds them until its markers are written.
   */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /**
   * Also while the group rebalances, as long as its members join; not while its leader assigns.
   * @throws MILLRACE_GROUP_REBALANCING when the group is between two generations: nothing was committed, and what is still
   * held after the assignment can be committed then. MILLRACE_GROUP_FENCED when the member lost its place (kind `fenced`).
   */
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /**
   * Resolves when the group has counted this member as its own no longer than `maxAgeMs` ago, by its last heartbeat or by one that is
   * sent now. A process that stood still learns so that others have its partitions, before it writes what is theirs by now. A
   * rebalance that has begun is no obstacle: the group waits for the member.
   * @throws MILLRACE_GROUP_FENCED when the member lost its place (kind `fenced`)
   */
  confirm(maxAgeMs: number): Promise<void>
  /** Returns the current group metadata. It changes with every rebalance, so read it for each commit. */
  groupMetadata(): GroupMetadata
  /** Whether a rebalance is in progress or requested, as far as this member knows; also true while it is outside the group. */
  isRebalancing(): boolean
  /** Makes this member rejoin at the next poll, so that the leader assigns the partitions again. */
  requestRejoin(reason: string): void
  /** With `leave` the group rebalances at once, without it after the session timeout. @default true */
  close(options?: { readonly leave?: boolean }): Promise<void>
}

export interface CommittedOffset extends TopicPartitionOffset {
  readonly metadata?: string
  /** The leader epoch of the last batch before the offset, kept where `capabilities.leaderEpochs`. @default not known */
  readonly leaderEpoch?: number
}

export interface GroupMetadata {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId?: string
  /**
   * Asks the group for the current metadata, where it changes without a rebalance (KIP-1071). Offsets that a group has refused as
   * stale can be sent again with it. @throws MILLRACE_GROUP_FENCED when the member has lost its place
   */
  readonly renew?: () => Promise<GroupMetadata>
}

export interface Subscription {
  readonly topics: readonly string[]
  readonly assignor: Assignor
  readonly listener: RebalanceListener
}

/** A partition assignment strategy. Runs in the process of whichever member leads the group. */
export interface Assignor {
  /** The name of the protocol. All members must support a common one. */
  readonly name: string
  /** Returns the data that this member sends to the leader at each join. */
  userData(): Uint8Array
  assign(members: readonly GroupMember[]): Promise<ReadonlyMap<string, MemberAssignment>>
}

export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId?: string
  readonly topics: readonly string[]
  readonly userData: Uint8Array
}

export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData: Uint8Array
}

/**
 * What each rebalance changes. First what goes is revoked, then what is new is assigned; what stays is not mentioned. With an
 * eager client everything goes before the member joins, and nothing stays.
 */
export interface RebalanceListener {
  /**
   * Runs at the end of every rebalance, with what is new: possibly nothing. None of it is fetched until `seek` gives it a
   * position. `userData` is the leader's for this member.
   */
  onAssigned(partitions: readonly TopicPartition[], userData: Uint8Array): Promise<void>
  /**
   * Runs with what goes, if anything does: its offsets can still be committed. Nothing of it is fetched any more. A cooperative
   * client joins again afterwards by itself, so that the leader can give it to others.
   */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>
  /** All that was held is gone already, perhaps to somebody else: nothing can be committed. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>
}

/**
 * What `flush` and `commit` throw when a broker refuses one record for good: MILLRACE_PRODUCE_RECORD_REFUSED. Nothing else of what
 * was appended is lost by it; whether it is written is not known.
 */
export interface RefusedRecord extends TopicPartition {
  /** As `AppenderOptions.origin` gave it. */
  readonly origin: unknown
}

export interface ProducerOptions {
  /** Makes the producer transactional. */
  readonly transactionalId?: string
  /** @default 60 000 */
  readonly transactionTimeoutMs?: number
  /**
   * Where transactions of this id leave their marks. `init` asks for it each time, and looks there for a transaction that has ended
   * without its markers (KAFKA-20734). @default nothing is looked for
   */
  readonly reach?: () => Promise<TransactionReach>
  /** @default 'none' */
  readonly compression?: CompressionCodec
  /** The maximum size of a batch including its header, in bytes, and so of a record. @default 1 MiB minus the batch header */
  readonly maxBatchBytes?: number
  /** Of a producer without transactions, which the brokers fence. @default it may always send */
  readonly permit?: SendPermit
}

/**
 * Whether a producer may still send. A process that has stood still (SIGSTOP, a machine that was suspended) may have lost its partitions
 * meanwhile, and what it had not sent yet would be written over what their next owner has written.
 */
export interface SendPermit {
  /** For how long it may send after the question was asked, in milliseconds. */
  readonly forMs: number
  /**
   * Asked before anything is sent for which the last answer is too old. Nothing is sent until it resolves.
   * @throws what the producer fails with; MILLRACE_GROUP_REBALANCING while there is no answer yet: it is asked again
   */
  ask(): Promise<void>
}

/** What transactions of one id may hold. */
export interface TransactionReach {
  readonly groupId: string
  /** Partitions whose offsets of the group they commit. */
  readonly inputs: readonly TopicPartition[]
  /** Partitions that they write to. */
  readonly outputs: readonly TopicPartition[]
}

/**
 * Idempotent always, transactional with a `transactionalId`. Batches are sent when they are full and at `flush`; acks are
 * of all in-sync replicas. A failure of any batch is thrown by the next `flush`, and by every one after it.
 */
export interface Producer {
  /**
   * Connects; for a transactional producer, fences older ones of the same id and finishes what they left open. With `reach` that
   * includes a transaction that the broker takes for complete though markers are missing: it is completed as it ended.
   * @throws MILLRACE_TRANSACTION_HANGING when nobody knows any more how it ended
   */
  init(): Promise<void>
  /** The way into a topic, to be kept by the caller. Topic and partition must exist. */
  topic(name: string, options?: AppenderOptions): TopicAppender
  /**
   * Undefined while there is room; otherwise a promise to await before appending more (back-pressure). It rejects for one reason:
   * the producer has found out, without being asked, that markers of its last committed transaction are missing.
   * @throws MILLRACE_TRANSACTION_ABORTABLE
   */
  pending(): Promise<void> | undefined
  /**
   * Sends all appended records and waits for the acknowledgements. Returns, for each partition written since the last flush,
   * the offset after its last record. The position of a changelog comes from it.
   */
  flush(): Promise<readonly TopicPartitionOffset[]>
  /**
   * Opens a transaction. Costs no request. What is appended is not sent before the offsets of the transaction before are stable;
   * where they never get so, it fails with MILLRACE_TRANSACTION_ABORTABLE, and a producer that is initialised again completes them.
   */
  begin(): void
  /**
   * Adds input offsets to the open transaction; `group` counts only with capability `group-metadata`.
   * @throws MILLRACE_GROUP_FENCED when `group` is not the member as it is now. The transaction stays open: while the group
   * rebalances, that only means that the offsets can be added with the next generation.
   */
  sendOffsets(offsets: readonly CommittedOffset[], group: GroupMetadata): Promise<void>
  /**
   * Flushes what is left and commits.
   * @throws MILLRACE_TRANSACTION_UNKNOWN when no answer came: then this producer must not be used again, and least of
   * all aborted. Close it and `init` another of the same id.
   */
  commit(): Promise<void>
  /** Drops the appended records and aborts the transaction. */
  abort(): Promise<void>
  /** Without a flush: what was not acknowledged is dropped; an open transaction is left to its timeout or successor. */
  close(): Promise<void>
}

export interface AppenderOptions {
  /**
   * The maximum batch size of the topic in bytes, if it is smaller than the limit of the producer.
   * @default `maxBatchBytes` of the producer
   */
  readonly maxBatchBytes?: number
  /**
   * What a record is made of, asked for at each append: if the brokers refuse it, the error has it as `origin`.
   * @default nothing
   */
  readonly origin?: () => unknown
}

export interface TopicAppender {
  readonly topic: string
  /**
   * Whether `append` would take a record of this size and time. Starts of -1 stand for null.
   * @throws MILLRACE_PRODUCE_RECORD_TOO_LARGE
   */
  check(
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    headers: Headers,
    timestamp: number,
  ): void
  /**
   * Copies one record into the batch under construction. A start of -1 stands for null.
   * @throws MILLRACE_PRODUCE_RECORD_TOO_LARGE; nothing is appended then.
   */
  append(
    partition: number,
    timestamp: number,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
    headers: Headers,
  ): void
}

/** Where a call names a topic that does not exist and nothing else is said, it throws MILLRACE_TOPIC_MISSING. */
export interface Admin {
  /** Topics that do not exist are absent from the answer. */
  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]>
  listTopics(): Promise<readonly string[]>
  /** @throws MILLRACE_TOPIC_EXISTS */
  createTopics(topics: readonly NewTopic[]): Promise<void>
  deleteTopics(topics: readonly string[]): Promise<void>
  describeTopicConfigs(topic: string): Promise<Readonly<Record<string, string>>>
  /** Returns the offsets at which the logs start. */
  earliestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]>
  /** Returns the high watermarks, which are past open transactions. */
  latestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]>
  /** The first record whose timestamp is no smaller; a partition that has none is absent. */
  offsetsForTimes(times: readonly TopicPartitionTime[]): Promise<readonly TopicPartitionOffset[]>
  /**
   * Of positions with a leader epoch, those behind which the log was cut since (KIP-320), as after an unclean election: each with the
   * offset up to which the log is the same, -1 where the log knows nothing of the epoch, as after a topic was created again. Nothing
   * where not `capabilities.leaderEpochs`.
   */
  truncations(positions: readonly CommittedOffset[]): Promise<readonly TopicPartitionOffset[]>
  /**
   * A partition without a committed offset is absent. So is one whose offset waits for the end of a transaction, where `unstable` is
   * `omit`: for estimates, which need no answer.
   * @throws MILLRACE_OFFSETS_UNSTABLE where `unstable` is `throw`, as `GroupConsumer.committed` does
   */
  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    /** @default 'throw' */
    unstable?: 'throw' | 'omit',
  ): Promise<readonly CommittedOffset[]>
  /** Returns the group, or undefined if it does not exist. */
  describeGroup(groupId: string): Promise<GroupDescription | undefined>
  /**
   * The transactional ids that have begun a transaction which has no marker yet in one of the outputs or, possibly, for the offsets of the
   * group; without those whose partitions may not be looked into. Absent where transactions are per task, whose next owner ends what was
   * left open. None before Kafka 3.0.
   */
  openTransactionalIds?(reach: TransactionReach): Promise<readonly string[]>
  /**
   * Sets offsets that a group without members has committed; a group that is not there yet begins to be.
   * @throws MILLRACE_GROUP_ACTIVE while it has members
   */
  alterOffsets(groupId: string, offsets: readonly CommittedOffset[]): Promise<void>
  /** Removes all members from the group. A member that still runs rejoins. */
  removeMembers(groupId: string): Promise<void>
  /** With all that it has committed. @throws MILLRACE_GROUP_ACTIVE while it has members; MILLRACE_GROUP_MISSING */
  deleteGroup(groupId: string): Promise<void>
  /** Deletes the records before the offsets. */
  deleteRecords(before: readonly TopicPartitionOffset[]): Promise<void>
  close(): Promise<void>
}

export interface GroupDescription {
  readonly groupId: string
  /** `preparing`: members join; `completing`: the leader assigns. */
  readonly state: 'empty' | 'preparing' | 'completing' | 'stable'
  readonly members: readonly DescribedMember[]
}

export interface DescribedMember {
  readonly memberId: string
  readonly clientId: string
  /** What the leader of a classic group has given it. Absent before it was given anything. */
  readonly assignment?: MemberAssignment
  /** What the broker has given a member of a streams group. */
  readonly tasks?: StreamsTasks
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** @default the broker's */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}
