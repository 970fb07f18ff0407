import {
  GROUP_DEFAULTS,
  withoutPartitions,
  type CommittedOffset,
  type GroupProtocol,
  type StreamsSubscription,
  type StreamsTasks,
  type TopicPartition,
} from '@millrace/core'
import { translateError } from '../../translate-error.ts'
import { BusyHeartbeat } from '../busy-heartbeat.ts'
import { committedOrHolders } from '../committed-or-holders.ts'
import type { WorkerAnswer } from '../heartbeat-worker.ts'
import { endFailedMember } from '../end-failed-member.ts'
import { memberTimings } from '../member-timings.ts'
import type { WireMember } from '../wire-member.ts'
import { StreamsMembership } from './streams-membership.ts'

/** The streams protocol (KIP-1071): the broker assigns. `StreamsMembership` talks to the group in the background. */
export class StreamsProtocol implements GroupProtocol {
  readonly #member: WireMember
  #subscription: StreamsSubscription | undefined
  #membership: StreamsMembership | undefined

  constructor(member: WireMember) {
    this.#member = member
  }

  get place(): StreamsMembership | undefined {
    return this.#membership
  }

  get settled(): boolean {
    return this.#membership?.settled === true
  }

  joinStreamsGroup(subscription: StreamsSubscription): void {
    const before = this.#subscription
    this.#subscription = subscription
    // A member sends its topology when it joins.
    const same = before === undefined || JSON.stringify(before.topology) === JSON.stringify(subscription.topology)
    if (!same) this.#membership?.requestRejoin()
  }

  async follow(): Promise<void> {
    while (this.#subscription !== undefined && (await this.#step(this.#subscription)));
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return committedOrHolders(this.#member, partitions, (error, operation) => this.translate(error, operation))
  }

  translate(error: unknown, operation: string) {
    const { context, options } = this.#member
    const { groupId, groupInstanceId } = options
    const { brokers } = context
    const { requestTimeoutMs } = context.cluster
    const instance = groupInstanceId === undefined ? {} : { groupInstanceId }
    return translateError(error, { operation, brokers, requestTimeoutMs, groupId, ...instance })
  }

  async close(leave: boolean): Promise<void> {
    await this.#membership?.close(leave)
  }

  /** Tells the listener one thing that the group has done. True if there was one: there may be more by now. */
  async #step({ listener }: StreamsSubscription): Promise<boolean> {
    const { held, options } = this.#member
    const membership = (this.#membership ??= this.#newMembership())
    const endpoints = membership.takeEndpoints()
    if (endpoints !== undefined) listener.onEndpoints(endpoints)
    if (membership.takeShutdown()) listener.onShutdown()
    if (membership.failure !== undefined) {
      this.#membership = undefined
      await endFailedMember(this.#member, membership, partitions => listener.onLost(partitions))
      throw this.translate(membership.failure, `Keeping the place in group "${options.groupId}"`)
    }
    if (membership.isLost) {
      await held.withdraw(partitions => listener.onLost(partitions))
      membership.forgo()
      return true
    }
    if (membership.wantsRejoin) {
      await held.withdraw(partitions => listener.onRevoked(partitions))
      membership.rejoin()
      return true
    }
    const assignment = membership.assignment
    if (assignment !== undefined) await this.#take(assignment, membership)
    return assignment !== undefined
  }

  /**
   * First revokes, then assigns. The broker learns of it only when both are done, and may assign otherwise before: then this starts
   * again with the new assignment, since others may have what was assigned here.
   */
  async #take(tasks: StreamsTasks, membership: StreamsMembership): Promise<void> {
    const { held } = this.#member
    const { partitionsOf, listener } = this.#subscription!
    const partitions = await partitionsOf(tasks.active)
    if (membership.assignment !== tasks) return
    const gone = withoutPartitions(held.all, partitions)
    const added = withoutPartitions(partitions, held.all)
    if (gone.length > 0) {
      held.hold(withoutPartitions(held.all, gone))
      await listener.onRevoked(gone)
      if (membership.assignment !== tasks) return
    }
    held.hold(partitions)
    // First, so that what the listener asks of the group in the name of these tasks is answered.
    membership.hold()
    await listener.onAssigned(added, tasks)
  }

  #newMembership(): StreamsMembership {
    const { cluster, clock, rack, heartbeats } = this.#member.context
    const { groupId, groupInstanceId, heartbeatIntervalMs = GROUP_DEFAULTS.heartbeatIntervalMs } = this.#member.options
    const { rebalanceTimeoutMs, processingTimeoutMs, progress } = memberTimings(this.#member.options)
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
      changed: this.#member.changed,
    })
  }
}
