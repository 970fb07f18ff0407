import {
  CoordinatorWatch,
  millraceError,
  PollLoop,
  type Clock,
  type CommittedOffset,
  type FetchedBatch,
  type GroupConsumer,
  type GroupConsumerOptions,
  type GroupMetadata,
  type MemberAssignment,
  type Subscription,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Cluster, Purpose } from '../cluster/cluster.ts'
import { isKafkaError } from '../cluster/kafka-error.ts'
import { PartitionFetcher } from '../fetch/partition-fetcher.ts'
import { translateError } from '../translate-error.ts'
import { BusyHeartbeat, type BusyHeartbeats } from './busy-heartbeat.ts'
import { committedOrHolders } from './committed-or-holders.ts'
import { Membership } from './membership.ts'

export interface WireGroupContext {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly brokers: string
  readonly purpose: Purpose
  readonly rack: string
  readonly closed: (part: object) => void
  /** Undefined where they depend on this thread. */
  readonly heartbeats: BusyHeartbeats | undefined
}

const DEFAULT_SESSION_MS = 45_000
export const DEFAULT_HEARTBEAT_MS = 3_000
export const DEFAULT_REBALANCE_MS = 300_000
export const DEFAULT_PROCESSING_MS = 300_000
export const DEFAULT_PARTITION_BYTES = 1024 * 1024

/** A group member: `Membership` for the group, `PartitionFetcher` for the records, both seen inside `poll` only. */
export class WireGroupConsumer implements GroupConsumer {
  readonly #context: WireGroupContext
  readonly #options: GroupConsumerOptions
  readonly #loop: PollLoop
  readonly #fetcher: PartitionFetcher
  readonly #watch: CoordinatorWatch
  #subscription: Subscription | undefined
  #membership: Membership | undefined
  #assigned: readonly TopicPartition[] = []
  #closed = false

  constructor(context: WireGroupContext, options: GroupConsumerOptions) {
    this.#context = context
    this.#options = options
    this.#loop = new PollLoop(context.clock)
    this.#watch = new CoordinatorWatch(context.clock, async () => {
      context.cluster.forgetCoordinator('group', options.groupId)
      return String(await context.cluster.coordinator('group', options.groupId))
    })
    this.#fetcher = new PartitionFetcher({
      ...context,
      loop: this.#loop,
      readCommitted: options.isolationLevel === 'read_committed',
      maxPartitionBytes: options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES,
    })
  }

  subscribe(subscription: Subscription): void {
    this.#check('subscribe')
    const before = this.#subscription
    this.#subscription = subscription
    if (before === undefined) return
    const same = sameSet(before.topics, subscription.topics) && before.assignor.name === subscription.assignor.name
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
      if (this.#subscription !== undefined) await this.#followGroup(this.#subscription)
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

  /** Brings what the group has done since the last poll to the listener, in the order in which it happened. */
  async #followGroup({ listener }: Subscription): Promise<void> {
    const membership = (this.#membership ??= this.#newMembership())
    if (membership.failure !== undefined) {
      this.#membership = undefined
      await this.#withdraw(partitions => listener.onLost(partitions))
      // Who was replaced by another process of the same name must not take its place away.
      const replaced = isKafkaError(membership.failure, 'FENCED_INSTANCE_ID')
      await membership.close(!replaced)
      throw this.#translate(membership.failure, `Keeping the place in group "${this.#options.groupId}"`)
    }
    if (membership.isLost) {
      await this.#withdraw(partitions => listener.onLost(partitions))
      membership.forgo()
    }
    const assignment = membership.takeAssignment()
    if (assignment !== undefined) await this.#take(assignment, membership)
    if (membership.wantsJoin && !membership.isLost) membership.join()
    this.#watchCoordinator(membership)
  }

  /**
   * A join is answered when all members have joined, so it may wait for minutes at a broker that is frozen or gone.
   * @throws why the coordinator cannot be asked, until it answers
   */
  #watchCoordinator(membership: Membership): void {
    try {
      if (this.#watch.look(!membership.settled)) membership.joinElsewhere()
    } catch (error) {
      throw this.#translate(error, `Looking for the coordinator of group "${this.#options.groupId}"`)
    }
  }

  /** First what goes, then what is new; others wait for what went. */
  async #take({ partitions, userData }: MemberAssignment, membership: Membership): Promise<void> {
    const gone = without(this.#assigned, partitions)
    const added = without(partitions, this.#assigned)
    if (gone.length > 0) {
      this.#hold(without(this.#assigned, gone))
      membership.requestRejoin()
      await this.#listener().onRevoked(gone)
    }
    this.#hold(partitions)
    await this.#listener().onAssigned(added, userData)
  }

  #hold(partitions: readonly TopicPartition[]): void {
    this.#assigned = partitions
    this.#fetcher.hold(partitions)
  }

  /** Takes the partitions from the fetcher and tells the listener. */
  async #withdraw(tell: (partitions: readonly TopicPartition[]) => Promise<void>): Promise<void> {
    const partitions = this.#assigned
    this.#hold([])
    if (partitions.length > 0) await tell(partitions)
  }

  #newMembership(): Membership {
    const { cluster, clock, purpose, heartbeats } = this.#context
    const {
      groupId,
      groupInstanceId,
      sessionTimeoutMs = DEFAULT_SESSION_MS,
      heartbeatIntervalMs = Math.min(DEFAULT_HEARTBEAT_MS, sessionTimeoutMs / 3),
      rebalanceTimeoutMs = DEFAULT_REBALANCE_MS,
      processingTimeoutMs = DEFAULT_PROCESSING_MS,
      progress = new Int32Array(new SharedArrayBuffer(8)),
    } = this.#options
    const busy =
      heartbeats && new BusyHeartbeat(heartbeats, { groupId, heartbeatIntervalMs, processingTimeoutMs, progress })
    return new Membership({
      cluster,
      clock,
      purpose: `${purpose}-join`,
      groupId,
      groupInstanceId,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      rebalanceTimeoutMs,
      topics: () => this.#subscription?.topics ?? [],
      assignor: () => this.#live().assignor,
      owned: () => this.#assigned,
      busy,
      changed: () => this.#loop.ring(),
    })
  }

  #live(): Subscription {
    return this.#subscription!
  }

  #listener() {
    return this.#live().listener
  }

  #member(): Membership {
    if (this.#membership !== undefined) return this.#membership
    throw millraceError('MILLRACE_GROUP_FENCED', { groupId: this.#options.groupId, reason: 'it has not joined' })
  }

  #translate(error: unknown, operation: string) {
    const { brokers, cluster } = this.#context
    const { groupId, groupInstanceId } = this.#options
    const { requestTimeoutMs, principal } = cluster
    const right = 'Read'
    const topics = this.#subscription?.topics.join(', ') ?? 'none'
    const instance = groupInstanceId === undefined ? {} : { groupInstanceId }
    return translateError(error, {
      operation,
      brokers,
      requestTimeoutMs,
      principal,
      right,
      groupId,
      topics,
      ...instance,
    })
  }

  #check(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'group consumer' })
  }
}

export function without(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): readonly TopicPartition[] {
  const names = new Set(others.map(({ topic, partition }) => `${topic}-${partition}`))
  return partitions.filter(({ topic, partition }) => !names.has(`${topic}-${partition}`))
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(each => b.includes(each))
}
