import {
  MarkersMissing,
  millraceError,
  type Clock,
  type CommittedOffset,
  type GroupMetadata,
  type HangingTransactions,
  type MillraceError,
  type TopicPartition,
  type TransactionReach,
} from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode, errorNameOf, isKafkaError, KafkaError, type KafkaErrorName } from '../cluster/kafka-error.ts'
import type { Connection } from '../net/connection.ts'
import type { Api } from '../protocol/api.ts'
import { addOffsetsToTxnApi } from '../protocol/messages/add-offsets-to-txn.ts'
import { addPartitionsToTxnApi } from '../protocol/messages/add-partitions-to-txn.ts'
import { describeTransactionsApi } from '../protocol/messages/describe-transactions.ts'
import { endTxnApi } from '../protocol/messages/end-txn.ts'
import { initProducerIdApi } from '../protocol/messages/init-producer-id.ts'
import { produceApi } from '../protocol/messages/produce.ts'
import { txnOffsetCommitApi } from '../protocol/messages/txn-offset-commit.ts'
import { WireError } from '../protocol/wire-error.ts'
import type { ProducerIdentity } from './batch-sender.ts'

export interface TransactionOptions {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly hanging: HangingTransactions
  readonly transactionalId: string
  readonly timeoutMs: number
}

/** The feature by which a broker says that it adds partitions by itself and raises the epoch at each end (KIP-890). */
const FEATURE = 'transaction.version'
/** The last versions that follow the older rules. */
const OLD_PRODUCE = 11
const OLD_OFFSET_COMMIT = 4
const OLD_END = 4
const RETRY_MS = 20
const NOT_YET_MS = 20_000

/** What a coordinator says when the member is not the one that the group has. */
const MEMBER_GONE = ['ILLEGAL_GENERATION', 'STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID'] as const

/** The side of transactions that the coordinator keeps: who this producer is, what belongs to the transaction, how it ends. */
export class Transaction {
  readonly #options: TransactionOptions
  /** Partitions and groups that the broker has been told of, by the older rules. */
  readonly #added = new Set<string>()
  /** Something may have reached the broker, so that it must be told of the end. */
  #started = false
  #isV2 = false
  /** A request of this transaction got no answer, so that a copy of it may still be under way to a broker. */
  #unanswered = false
  /** The producer takes another epoch before its next transaction. */
  #raisesEpoch = false
  #identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
  /** The offsets of the open transaction, by group. */
  readonly #offsets = new Map<string, readonly TopicPartition[]>()
  /** Until the offsets of the transaction before are stable; rejects when its markers are missing. */
  #settling: Promise<void> | undefined
  #markersMissing: MarkersMissing | undefined
  #closed = false

  constructor(options: TransactionOptions) {
    this.#options = options
  }

  get identity(): ProducerIdentity {
    return this.#identity
  }

  /** Said as soon as it is known: the transaction before is committed, and nobody will write its markers. */
  get markersMissing(): MarkersMissing | undefined {
    return this.#markersMissing
  }

  /** By the newer rules each transaction has an epoch of its own. */
  get isV2(): boolean {
    return this.#isV2
  }

  /**
   * By the older rules all transactions have one epoch. A copy of a request that was sent again can arrive late and would then end
   * the next transaction, or overwrite its offsets (KAFKA-17754). Another epoch has it refused.
   */
  get raisesEpoch(): boolean {
    return this.#raisesEpoch
  }

  get maxProduceVersion(): number {
    return this.#isV2 ? produceApi.maxVersion : OLD_PRODUCE
  }

  /**
   * Takes an identity and ends what a predecessor has left open, as it ended where the broker has lost the markers of that.
   *
   * @throws MILLRACE_TRANSACTION_HANGING, KafkaError, WireError
   */
  async begin(reach: TransactionReach | undefined): Promise<void> {
    const { hanging, transactionalId, timeoutMs } = this.#options
    // Kafka 2.8 does not tell how transactions have ended.
    const tells = reach !== undefined && (await this.#coordinator()).supports(describeTransactionsApi, 0)
    const last = tells ? await hanging.look(transactionalId, reach, timeoutMs) : undefined
    await this.#init({ producerId: -1, producerEpoch: -1 })
    if (last !== undefined) await hanging.complete(transactionalId, last, timeoutMs)
  }

  /**
   * Takes another epoch, unless somebody else has taken one since: a producer that is out of date must not fence its successor.
   *
   * @throws KafkaError, WireError
   */
  raiseEpoch(): Promise<void> {
    return this.#init(this.#identity)
  }

  close(): void {
    this.#closed = true
  }

  async #init(before: ProducerIdentity): Promise<void> {
    const { transactionalId, timeoutMs } = this.#options
    const answer = await this.#retrying(
      async () => {
        const connection = await this.#coordinator()
        // The first after a start of the broker tells by which rules it plays.
        this.#isV2 = (connection.features.get(FEATURE) ?? 0) >= 2 && connection.supports(endTxnApi, 5)
        const request = { transactionalId, transactionTimeoutMs: timeoutMs, ...before }
        const answer = await this.#send(connection, initProducerIdApi, request)
        checkCode(answer.errorCode)
        return answer
      },
      Math.max(NOT_YET_MS, timeoutMs),
    )
    this.#identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
    this.#settling = undefined
    this.#markersMissing = undefined
    this.#raisesEpoch = false
    this.#ended()
  }

  /** Makes partitions part of the transaction; undefined where they are already, or the broker does it by itself. */
  admit(partitions: readonly TopicPartition[]): Promise<void> | undefined {
    if (this.#settling !== undefined) return this.#settling
    if (this.#isV2) {
      this.#started = true
      return undefined
    }
    const added = partitions.filter(each => !this.#added.has(nameOf(each)))
    return added.length === 0 ? undefined : this.#addPartitions(added)
  }

  /**
   * @throws MILLRACE_GROUP_FENCED when the member is not the group's; MILLRACE_PRODUCER_FENCED and
   * MILLRACE_TRANSACTION_ABORTABLE come from the caller's translation of KafkaError and WireError
   */
  async addOffsets(offsets: readonly CommittedOffset[], group: GroupMetadata): Promise<void> {
    const { cluster, transactionalId } = this.#options
    const { groupId } = group
    let member = group
    let renewals = 0
    await this.#settling
    if (!this.#isV2) await this.#addGroup(groupId)
    this.#started = true
    this.#offsets.set(groupId, [...(this.#offsets.get(groupId) ?? []), ...offsets])
    await this.#retrying(
      async () => {
        const connection = await cluster.connection(await cluster.coordinator('group', groupId), GENERAL)
        const version = connection.versionOf(
          txnOffsetCommitApi,
          this.#isV2 ? txnOffsetCommitApi.maxVersion : OLD_OFFSET_COMMIT,
        )
        const request = {
          transactionalId,
          groupId,
          ...this.#identity,
          generationId: member.generationId,
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId ?? null,
          topics: [...byTopic(offsets)].map(([name, list]) => ({
            name,
            partitions: list.map(({ partition, offset, leaderEpoch, metadata }) => ({
              partitionIndex: partition,
              committedOffset: offset,
              committedLeaderEpoch: leaderEpoch ?? -1,
              committedMetadata: metadata ?? '',
            })),
          })),
        }
        const answer = await this.#send(connection, txnOffsetCommitApi, request, version)
        const codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
        if (member.renew !== undefined && renewals < MOST_RENEWALS && codes.some(code => isStale(errorNameOf(code)))) {
          renewals++
          member = await member.renew()
          throw new StaleMember()
        }
        for (const code of codes) {
          if (isMemberGone(errorNameOf(code))) throw groupFenced(groupId, new KafkaError(code))
          checkCode(code)
        }
      },
      NOT_YET_MS,
      groupId,
    )
  }

  /** Tells the coordinator of the end, unless nothing has begun. @throws KafkaError, WireError */
  async end(committed: boolean): Promise<void> {
    const { transactionalId } = this.#options
    if (this.#started) {
      const before = this.#identity
      const answer = await this.#retrying(async () => {
        const connection = await this.#coordinator()
        const version = connection.versionOf(endTxnApi, this.#isV2 ? endTxnApi.maxVersion : OLD_END)
        const answer = await this.#send(connection, endTxnApi, { transactionalId, ...before, committed }, version)
        checkCode(answer.errorCode)
        return answer
      }, NOT_YET_MS)
      if (this.#isV2 && answer.producerId >= 0) {
        this.#identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      }
    }
    this.#raisesEpoch = this.#unanswered && !this.#isV2
    if (committed && (this.#offsets.size > 0 || this.#raisesEpoch)) this.#settle([...this.#offsets])
    this.#ended()
  }

  #ended(): void {
    this.#started = false
    this.#unanswered = false
    this.#added.clear()
    this.#offsets.clear()
  }

  /**
   * Where markers are missing of the transaction before, the end of the next one would decide about its records: so nothing of the
   * next one is sent until they are there. Mostly they are before anything is to be sent.
   */
  #settle(offsets: readonly (readonly [groupId: string, partitions: readonly TopicPartition[]])[]): void {
    // In this order: with the epoch the broker forgets how the transaction has ended.
    const settling = this.#untilStable(offsets).then(() => (this.#raisesEpoch ? this.raiseEpoch() : undefined))
    this.#settling = settling
    settling.then(
      () => {
        if (this.#settling === settling) this.#settling = undefined
      },
      // Told by whatever is to be sent next, and before that where nothing more would ever be written.
      (error: unknown) => {
        if (this.#settling === settling && error instanceof MarkersMissing) this.#markersMissing = error
      },
    )
  }

  async #untilStable(offsets: readonly (readonly [string, readonly TopicPartition[]])[]): Promise<void> {
    const { clock, hanging, transactionalId, timeoutMs } = this.#options
    const until = clock.monotonic() + Math.max(NOT_YET_MS, timeoutMs)
    const giveUp = () => {
      if (clock.monotonic() >= until) throw stillEnding(transactionalId)
      return this.#closed
    }
    if (!(await this.#retrying(() => this.#coordinator(), NOT_YET_MS)).supports(describeTransactionsApi, 0)) return
    for (const [groupId, partitions] of offsets) {
      const ask = () => hanging.untilStable(transactionalId, groupId, partitions, giveUp)
      if (await this.#retrying(ask, NOT_YET_MS, groupId)) continue
      throw new MarkersMissing()
    }
  }

  async #addPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const { transactionalId } = this.#options
    const { producerId, producerEpoch } = this.#identity
    this.#started = true
    await this.#retrying(async () => {
      const connection = await this.#coordinator()
      const answer = await this.#send(connection, addPartitionsToTxnApi, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [...byTopic(partitions)].map(([name, list]) => ({
          name,
          partitions: list.map(({ partition }) => partition),
        })),
      })
      const codes = answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
      )
      // One that is refused for good says more than those that were not looked at because of it.
      const refused = codes.filter(code => code !== 0 && errorNameOf(code) !== 'OPERATION_NOT_ATTEMPTED')
      checkCode(refused[0] ?? codes.find(code => code !== 0) ?? 0)
    }, NOT_YET_MS)
    for (const partition of partitions) this.#added.add(nameOf(partition))
  }

  async #addGroup(groupId: string): Promise<void> {
    const { transactionalId } = this.#options
    if (this.#added.has(groupId)) return
    this.#started = true
    await this.#retrying(async () => {
      const connection = await this.#coordinator()
      const answer = await this.#send(connection, addOffsetsToTxnApi, { transactionalId, ...this.#identity, groupId })
      checkCode(answer.errorCode)
    }, NOT_YET_MS)
    this.#added.add(groupId)
  }

  async #coordinator(): Promise<Connection> {
    const { cluster, transactionalId } = this.#options
    return cluster.connection(await cluster.coordinator('transaction', transactionalId), GENERAL)
  }

  #send<Request, Response>(
    connection: Connection,
    api: Api<Request, Response>,
    request: Request,
    version?: number,
  ): Promise<Response> {
    const timeoutMs = this.#options.cluster.requestTimeoutMs
    return connection.send(api, request, { timeoutMs, ...(version !== undefined && { version }) })
  }

  /**
   * Tries again while the broker writes the end of the transaction before, while coordinators move, and while none answers:
   * all these requests may be made twice.
   */
  async #retrying<T>(work: () => Promise<T>, notYetMs: number, groupId?: string): Promise<T> {
    const { cluster, clock, transactionalId } = this.#options
    const until = clock.monotonic() + notYetMs
    for (let attempt = 0; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        const passing =
          error instanceof KafkaError
            ? error.retriable || error.type === 'CONCURRENT_TRANSACTIONS'
            : error instanceof StaleMember ||
              (error instanceof WireError && ['unreachable', 'timeout', 'malformed'].includes(error.reason))
        if (error instanceof WireError) this.#unanswered = true
        if (!passing || clock.monotonic() >= until) throw error
        if (!isKafkaError(error, 'CONCURRENT_TRANSACTIONS') && !(error instanceof StaleMember)) {
          cluster.forgetCoordinator('transaction', transactionalId)
          if (groupId !== undefined) cluster.forgetCoordinator('group', groupId)
        }
        await clock.sleep(Math.min(RETRY_MS * 2 ** Math.min(attempt, 5), 500))
      }
    }
  }
}

/** The member's epoch has moved on meanwhile: the same offsets are sent again with the new one. */
class StaleMember extends Error {}

/** An epoch moves once for each change of the group. */
const MOST_RENEWALS = 5

function isStale(error: KafkaErrorName | undefined): boolean {
  return error === 'ILLEGAL_GENERATION' || error === 'STALE_MEMBER_EPOCH'
}

function isMemberGone(error: KafkaErrorName | undefined): boolean {
  return MEMBER_GONE.some(each => each === error)
}

function groupFenced(groupId: string, cause: KafkaError): MillraceError {
  return millraceError('MILLRACE_GROUP_FENCED', { groupId, reason: cause.message }, { cause })
}

function stillEnding(transactionalId: string): MillraceError {
  const operation = `Continuing after a transaction of "${transactionalId}"`
  return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason: 'the broker has not written its end' })
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
