import {
  GROUP_DEFAULTS,
  CoordinatorWatch,
  sameSubscription,
  withoutPartitions,
  type CommittedOffset,
  type GroupProtocol,
  type MemberAssignment,
  type Subscription,
  type TopicPartition,
} from '@millrace/core'
import { translateError } from '../translate-error.ts'
import { BusyHeartbeat } from './busy-heartbeat.ts'
import { committedOrHolders } from './committed-or-holders.ts'
import { Membership } from './membership.ts'
import { endFailedMember } from './end-failed-member.ts'
import { memberTimings } from './member-timings.ts'
import type { WireMember } from './wire-member.ts'

/** The classic protocol: members join, their leader assigns. `Membership` talks to the group in the background. */
export class ClassicProtocol implements GroupProtocol {
  readonly #member: WireMember
  readonly #watch: CoordinatorWatch
  #subscription: Subscription | undefined
  #membership: Membership | undefined

  constructor(member: WireMember) {
    const { context, options } = member
    this.#member = member
    this.#watch = new CoordinatorWatch(context.clock, async () => {
      context.cluster.forgetCoordinator('group', options.groupId)
      return String(await context.cluster.coordinator('group', options.groupId))
    })
  }

  get place(): Membership | undefined {
    return this.#membership
  }

  get settled(): boolean {
    return this.#membership?.settled === true
  }

  subscribe(subscription: Subscription): void {
    const before = this.#subscription
    this.#subscription = subscription
    if (before !== undefined && !sameSubscription(before, subscription)) this.#membership?.requestRejoin()
  }

  async follow(): Promise<void> {
    if (this.#subscription === undefined) return
    const { listener } = this.#subscription
    const { options, held } = this.#member
    const membership = (this.#membership ??= this.#newMembership())
    if (membership.failure !== undefined) {
      this.#membership = undefined
      await endFailedMember(this.#member, membership, partitions => listener.onLost(partitions))
      throw this.translate(membership.failure, `Keeping the place in group "${options.groupId}"`)
    }
    if (membership.isLost) {
      await held.withdraw(partitions => listener.onLost(partitions))
      membership.forgo()
    }
    const assignment = membership.takeAssignment()
    if (assignment !== undefined) await this.#take(assignment, membership)
    if (membership.wantsJoin && !membership.isLost) membership.join()
    this.#watchCoordinator(membership)
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return committedOrHolders(this.#member, partitions, (error, operation) => this.translate(error, operation))
  }

  translate(error: unknown, operation: string) {
    const { context, options } = this.#member
    const { groupId, groupInstanceId } = options
    const { requestTimeoutMs, principal } = context.cluster
    const topics = this.#subscription?.topics.join(', ') ?? 'none'
    const instance = groupInstanceId === undefined ? {} : { groupInstanceId }
    const { brokers } = context
    const request = { operation, brokers, requestTimeoutMs, principal, right: 'Read' as const }
    return translateError(error, { ...request, groupId, topics, ...instance })
  }

  async close(leave: boolean): Promise<void> {
    await this.#membership?.close(leave)
  }

  /**
   * A join is answered when all members have joined, so it may wait for minutes at a broker that is frozen or gone.
   * @throws why the coordinator cannot be asked, until it answers
   */
  #watchCoordinator(membership: Membership): void {
    try {
      if (this.#watch.look(!membership.settled)) membership.joinElsewhere()
    } catch (error) {
      throw this.translate(error, `Looking for the coordinator of group "${this.#member.options.groupId}"`)
    }
  }

  /** First revokes, then assigns. Other members wait for what is revoked. */
  async #take({ partitions, userData }: MemberAssignment, membership: Membership): Promise<void> {
    const { held } = this.#member
    const gone = withoutPartitions(held.all, partitions)
    const added = withoutPartitions(partitions, held.all)
    if (gone.length > 0) {
      held.hold(withoutPartitions(held.all, gone))
      membership.requestRejoin()
      await this.#subscribed().listener.onRevoked(gone)
    }
    held.hold(partitions)
    await this.#subscribed().listener.onAssigned(added, userData)
  }

  #newMembership(): Membership {
    const { cluster, clock, purpose, heartbeats } = this.#member.context
    const {
      groupId,
      groupInstanceId,
      sessionTimeoutMs = GROUP_DEFAULTS.sessionTimeoutMs,
      heartbeatIntervalMs = Math.min(GROUP_DEFAULTS.heartbeatIntervalMs, sessionTimeoutMs / 3),
    } = this.#member.options
    const { rebalanceTimeoutMs, processingTimeoutMs, progress } = memberTimings(this.#member.options)
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
      assignor: () => this.#subscribed().assignor,
      owned: () => this.#member.held.all,
      busy,
      changed: this.#member.changed,
    })
  }

  #subscribed(): Subscription {
    return this.#subscription!
  }
}
