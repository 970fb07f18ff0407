import {
  millraceError,
  PollLoop,
  type CommittedOffset,
  type FetchedBatch,
  type GroupConsumer,
  type GroupConsumerOptions,
  type GroupMetadata,
  type StreamsSubscription,
  type StreamsTasks,
  type Subscription,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { isKafkaError } from '../../cluster/kafka-error.ts'
import { PartitionFetcher } from '../../fetch/partition-fetcher.ts'
import { translateError } from '../../translate-error.ts'
import { BusyHeartbeat } from '../busy-heartbeat.ts'
import { committedOrHolders } from '../committed-or-holders.ts'
import type { WorkerAnswer } from '../heartbeat-worker.ts'
import {
  DEFAULT_HEARTBEAT_MS,
  DEFAULT_PARTITION_BYTES,
  DEFAULT_PROCESSING_MS,
  DEFAULT_REBALANCE_MS,
  type WireGroupContext,
  without,
} from '../wire-group-consumer.ts'
import { StreamsMembership } from './streams-membership.ts'

/** A member of a streams group: `StreamsMembership` for the group, `PartitionFetcher` for the records, both seen inside `poll` only. */
export class WireStreamsConsumer implements GroupConsumer {
  readonly #context: WireGroupContext
  readonly #options: GroupConsumerOptions
  readonly #loop: PollLoop
  readonly #fetcher: PartitionFetcher
  #subscription: StreamsSubscription | undefined
  #membership: StreamsMembership | undefined
  #partitions: readonly TopicPartition[] = []
  #closed = false

  constructor(context: WireGroupContext, options: GroupConsumerOptions) {
    this.#context = context
    this.#options = options
    this.#loop = new PollLoop(context.clock)
    this.#fetcher = new PartitionFetcher({
      ...context,
      loop: this.#loop,
      readCommitted: options.isolationLevel === 'read_committed',
      maxPartitionBytes: options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES,
    })
  }

  subscribe(_subscription: Subscription): void {
    throw new TypeError('The broker assigns in a streams group: use joinStreamsGroup')
  }

  joinStreamsGroup(subscription: StreamsSubscription): void {
    this.#check('joinStreamsGroup')
    const before = this.#subscription
    this.#subscription = subscription
    // The broker hears of a topology when a member joins.
    const same = before === undefined || JSON.stringify(before.topology) === JSON.stringify(subscription.topology)
    if (!same) this.#membership?.requestRejoin()
  }

  seek(position: TopicPartitionOffset): void {
    this.#fetcher.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions)
  }

  async poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    return this.#loop.poll(maxWaitMs, async () => {
      this.#check('poll')
      while (this.#subscription !== undefined && (await this.#followGroup(this.#subscription)));
      return this.#fetcher.take()
    })
  }

  wakeup(): void {
    this.#loop.wakeup()
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    this.#check('committed')
    const { groupId } = this.#options
    const translate = (error: unknown) => this.#translate(error, `Asking for the committed offsets of "${groupId}"`)
    return await committedOrHolders(this.#context.cluster, groupId, partitions, translate)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    this.#check('commit')
    if (offsets.length === 0) return
    try {
      await this.#member().commit(offsets)
    } catch (error) {
      throw this.#translate(error, `Committing offsets of "${this.#options.groupId}"`)
    }
  }

  async confirm(maxAgeMs: number): Promise<void> {
    this.#check('confirm')
    try {
      await this.#member().confirm(maxAgeMs)
    } catch (error) {
      throw this.#translate(error, `Asking group "${this.#options.groupId}" whether it still counts this member`)
    }
  }

  groupMetadata(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    const nobody = { groupId, memberId: '', generationId: -1 }
    return this.#membership?.metadata ?? (groupInstanceId === undefined ? nobody : { ...nobody, groupInstanceId })
  }

  isRebalancing(): boolean {
    return this.#membership?.settled !== true
  }

  requestRejoin(_reason: string): void {
    this.#membership?.requestRejoin()
    this.#loop.ring()
  }

  async close(options: { readonly leave?: boolean } = {}): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fetcher.close()
    this.#loop.ring()
    await this.#membership?.close(options.leave ?? true)
    this.#context.closed(this)
  }

  /**
   * Brings what the group has done since the last poll to the listener, in the order in which it happened. True when something was
   * done: meanwhile there may be more.
   */
  async #followGroup({ listener }: StreamsSubscription): Promise<boolean> {
    const membership = (this.#membership ??= this.#newMembership())
    const endpoints = membership.takeEndpoints()
    if (endpoints !== undefined) listener.onEndpoints(endpoints)
    if (membership.takeShutdown()) listener.onShutdown()
    if (membership.failure !== undefined) {
      this.#membership = undefined
      await this.#withdraw(partitions => listener.onLost(partitions))
      // Who was replaced by another process of the same name must not take its place away.
      await membership.close(!isKafkaError(membership.failure, 'FENCED_INSTANCE_ID'))
      throw this.#translate(membership.failure, `Keeping the place in group "${this.#options.groupId}"`)
    }
    if (membership.isLost) {
      await this.#withdraw(partitions => listener.onLost(partitions))
      membership.forgo()
      return true
    }
    if (membership.wantsRejoin) {
      await this.#withdraw(partitions => listener.onRevoked(partitions))
      membership.rejoin()
      return true
    }
    const assignment = membership.assignment
    if (assignment !== undefined) await this.#take(assignment, membership)
    return assignment !== undefined
  }

  /**
   * First what goes, then what is new. The broker hears of it only when all of it has happened, and it may assign otherwise before: then
   * it is taken from the beginning, since others may have what was assigned by then.
   */
  async #take(tasks: StreamsTasks, membership: StreamsMembership): Promise<void> {
    const { partitionsOf, listener } = this.#subscription!
    const partitions = await partitionsOf(tasks.active)
    if (membership.assignment !== tasks) return
    const gone = without(this.#partitions, partitions)
    const added = without(partitions, this.#partitions)
    if (gone.length > 0) {
      this.#hold(without(this.#partitions, gone))
      await listener.onRevoked(gone)
      if (membership.assignment !== tasks) return
    }
    this.#hold(partitions)
    // First, so that what the listener asks of the group in the name of these tasks is answered.
    membership.hold()
    await listener.onAssigned(added, tasks)
  }

  #hold(partitions: readonly TopicPartition[]): void {
    this.#partitions = partitions
    this.#fetcher.hold(partitions)
  }

  /** Takes the partitions from the fetcher and tells the listener. */
  async #withdraw(tell: (partitions: readonly TopicPartition[]) => Promise<void>): Promise<void> {
    const partitions = this.#partitions
    this.#hold([])
    if (partitions.length > 0) await tell(partitions)
  }

  #newMembership(): StreamsMembership {
    const { cluster, clock, rack, heartbeats } = this.#context
    const {
      groupId,
      groupInstanceId,
      heartbeatIntervalMs = DEFAULT_HEARTBEAT_MS,
      rebalanceTimeoutMs = DEFAULT_REBALANCE_MS,
      processingTimeoutMs = DEFAULT_PROCESSING_MS,
      progress = new Int32Array(new SharedArrayBuffer(8)),
    } = this.#options
    const busy =
      heartbeats &&
      ((onAnswer: (answer: WorkerAnswer) => void) =>
        new BusyHeartbeat(heartbeats, { groupId, heartbeatIntervalMs, processingTimeoutMs, progress, onAnswer }))
    return new StreamsMembership({
      cluster,
      clock,
      groupId,
      groupInstanceId,
      rebalanceTimeoutMs,
      rack,
      subscription: () => this.#subscription!,
      busy,
      changed: () => this.#loop.ring(),
    })
  }

  #member(): StreamsMembership {
    if (this.#membership !== undefined) return this.#membership
    throw millraceError('MILLRACE_GROUP_FENCED', { groupId: this.#options.groupId, reason: 'it has not joined' })
  }

  #translate(error: unknown, operation: string) {
    const { brokers, cluster } = this.#context
    const { groupId, groupInstanceId } = this.#options
    const { requestTimeoutMs } = cluster
    const instance = groupInstanceId === undefined ? {} : { groupInstanceId }
    return translateError(error, { operation, brokers, requestTimeoutMs, groupId, ...instance })
  }

  #check(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'group consumer' })
  }
}
