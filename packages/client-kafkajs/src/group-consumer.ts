import {
  CoordinatorWatch,
  FetchGroupConsumer,
  GROUP_DEFAULTS,
  HeldPartitions,
  namingHolders,
  offsetHolders,
  PollLoop,
  sameSubscription,
  withoutPartitions,
  type CommittedOffset,
  type GroupConsumerOptions,
  type GroupProtocol,
  type MillraceError,
  type Subscription,
  type TopicPartition,
} from '@millrace/core'
import type { BusyHeartbeats } from './busy-heartbeat.ts'
import { ClusterLink } from './cluster-link.ts'
import { fetchCommitted } from './committed-offsets.ts'
import { callTimeoutMs, CLOSE_MS, settledWithin, withDeadline } from './deadline.ts'
import { transactionRequests } from './transaction-requests.ts'
import { Membership, type NewAssignment } from './membership.ts'
import { PartitionFetcher } from './partition-fetcher.ts'
import type { Surroundings } from './surroundings.ts'
import { protocolErrorType, translateError } from './translate-error.ts'

/** A member of a classic group. */
export function groupConsumer(
  surroundings: Surroundings,
  options: GroupConsumerOptions,
  heartbeats?: BusyHeartbeats,
): FetchGroupConsumer {
  const { kafka, brokers, clock, requestTimeoutMs, closed } = surroundings
  const link = new ClusterLink(kafka, requestTimeoutMs)
  const loop = new PollLoop(clock)
  const fetcher = new PartitionFetcher({
    link,
    bell: loop,
    clock,
    brokers,
    readCommitted: options.isolationLevel === 'read_committed',
    maxPartitionBytes: options.maxPartitionBytes ?? 1024 * 1024,
  })
  const held = new HeldPartitions(fetcher)
  const changed = () => loop.ring()
  const protocol = new KafkajsProtocol({ surroundings, options, link, heartbeats, held, changed })
  return new FetchGroupConsumer({ group: options, loop, fetcher, protocol, closed })
}

interface KafkajsProtocolOptions {
  readonly surroundings: Surroundings
  readonly options: GroupConsumerOptions
  readonly link: ClusterLink
  readonly heartbeats: BusyHeartbeats | undefined
  readonly held: HeldPartitions
  /** The group has done something: the owner has to poll. */
  readonly changed: () => void
}

/** The classic protocol. `Membership` talks to the group in the background, by way of a kafkajs consumer. */
class KafkajsProtocol implements GroupProtocol {
  readonly #with: KafkajsProtocolOptions
  readonly #groupId: string
  readonly #held: HeldPartitions
  readonly #watch: CoordinatorWatch
  #subscription: Subscription | undefined
  /** Another membership takes the place of this one. */
  #replaces = false
  #membership: Membership | undefined

  constructor(options: KafkajsProtocolOptions) {
    const { link, surroundings, held } = options
    const { groupId } = options.options
    this.#with = options
    this.#groupId = groupId
    this.#held = held
    this.#watch = new CoordinatorWatch(surroundings.clock, () =>
      link.askCoordinator(groupId, async broker => idOf(broker)),
    )
  }

  get place(): Membership | undefined {
    return this.#membership
  }

  get settled(): boolean {
    return !this.#replaces && this.#membership?.settled === true
  }

  subscribe(subscription: Subscription): void {
    const before = this.#subscription
    this.#subscription = subscription
    // kafkajs cannot change the topics of a consumer that runs, so another one takes its place.
    if (before !== undefined && !sameSubscription(before, subscription)) this.#replaces = true
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const { link } = this.#with
    const groupId = this.#groupId
    const timeoutMs = 2 * callTimeoutMs(link.requestTimeoutMs)
    const operation = `Asking for the committed offsets of "${groupId}"`
    try {
      return await withDeadline(fetchCommitted(link, groupId, partitions), timeoutMs, operation)
    } catch (error) {
      throw await namingHolders(this.translate(error, operation), groupId, partitions, () =>
        withDeadline(offsetHolders(transactionRequests(link), groupId), timeoutMs, 'Asking for transactions'),
      )
    }
  }

  translate(error: unknown, operation: string): MillraceError {
    const { brokers } = this.#with.surroundings
    return translateError(error, { operation, brokers, groupId: this.#groupId })
  }

  async close(leave: boolean): Promise<void> {
    await Promise.all([this.#membership?.close(leave), settledWithin(this.#with.link.close(), CLOSE_MS)])
  }

  async follow(): Promise<void> {
    const subscription = this.#subscription
    if (subscription === undefined) return
    const { listener } = subscription
    const crash = this.#membership?.crash
    if (crash !== undefined) {
      this.#membership = undefined
      await this.#held.withdraw(partitions => listener.onLost(partitions))
      throw this.translate(crash, `Keeping the place in group "${this.#groupId}"`)
    }
    if (this.#replaces) {
      this.#replaces = false
      // While it is still a member: the listener commits what it gives back.
      await this.#held.withdraw(partitions => listener.onRevoked(partitions))
      const before = this.#membership
      this.#membership = undefined
      await before?.close(true)
    }
    const membership = (this.#membership ??= await this.#join(subscription))
    if (membership.rejoining) {
      const member = await membership.isMember()
      if (member) membership.letJoin()
      else await this.#forgo(membership, listener)
    }
    const assignment = membership.takeAssignment()
    if (assignment !== undefined) await this.#take(assignment, membership, subscription)
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
      throw this.translate(error, `Looking for the coordinator of group "${this.#groupId}"`)
    }
  }

  /** First revokes, then assigns. Other members wait for what is revoked. */
  async #take(
    { partitions, userData }: NewAssignment,
    membership: Membership,
    { listener }: Subscription,
  ): Promise<void> {
    const gone = withoutPartitions(this.#held.all, partitions)
    const added = withoutPartitions(partitions, this.#held.all)
    try {
      if (gone.length > 0) {
        this.#held.hold(withoutPartitions(this.#held.all, gone))
        membership.requestRejoin()
        await listener.onRevoked(gone)
      }
      this.#held.hold(partitions)
      await listener.onAssigned(added, userData)
    } finally {
      if (gone.length > 0) membership.letJoin()
    }
  }

  async #join(subscription: Subscription): Promise<Membership> {
    const { surroundings, options, link, heartbeats, changed } = this.#with
    const { groupId, sessionTimeoutMs = GROUP_DEFAULTS.sessionTimeoutMs } = options
    const membership = new Membership({
      own: surroundings.ownKafka(),
      link,
      clock: surroundings.clock,
      groupId,
      sessionTimeoutMs,
      heartbeatIntervalMs:
        options.heartbeatIntervalMs ?? Math.min(GROUP_DEFAULTS.heartbeatIntervalMs, sessionTimeoutMs / 3),
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? GROUP_DEFAULTS.rebalanceTimeoutMs,
      processingTimeoutMs: options.processingTimeoutMs ?? GROUP_DEFAULTS.processingTimeoutMs,
      progress: options.progress ?? new Int32Array(new SharedArrayBuffer(8)),
      topics: subscription.topics,
      assignor: () => this.#subscription?.assignor ?? subscription.assignor,
      heartbeats,
      changed,
    })
    try {
      await membership.start()
      return membership
    } catch (error) {
      await membership.close(true)
      const missing = protocolErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION'
      const topic = (missing ? await link.missing(subscription.topics) : []).join(', ')
      throw translateError(error, {
        operation: `Joining group "${groupId}"`,
        brokers: surroundings.brokers,
        groupId,
        topic,
      })
    }
  }

  /** All is lost: only when the listener knows does the member join again. */
  async #forgo(membership: Membership, listener: Subscription['listener']): Promise<void> {
    try {
      await this.#held.withdraw(partitions => listener.onLost(partitions))
    } finally {
      await membership.forgo()
    }
  }
}

/** kafkajs keeps it out of its types. */
function idOf(broker: object): string {
  return String((broker as { readonly nodeId?: number }).nodeId)
}
