import {
  CoordinatorWatch,
  offsetHolders,
  unstableOffsets,
  millraceError,
  PollLoop,
  type Clock,
  type CommittedOffset,
  type FetchedBatch,
  type GroupConsumer,
  type GroupConsumerOptions,
  type GroupMetadata,
  type MillraceError,
  type Subscription,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { BusyHeartbeats } from './busy-heartbeat.ts'
import { ClusterLink } from './cluster-link.ts'
import { fetchCommitted } from './committed-offsets.ts'
import { callTimeoutMs, settledWithin, withDeadline } from './deadline.ts'
import { CLOSE_MS } from './manual-consumer.ts'
import { transactionRequests } from './transaction-requests.ts'
import { Membership, type NewAssignment } from './membership.ts'
import { PartitionFetcher } from './partition-fetcher.ts'
import type { Surroundings } from './surroundings.ts'
import { protocolErrorType, translateError } from './translate-error.ts'

/** A group member: `Membership` for the group, `PartitionFetcher` for the records, both seen inside `poll` only. */
export class KafkajsGroupConsumer implements GroupConsumer {
  readonly #surroundings: Surroundings
  readonly #brokers: string
  readonly #clock: Clock
  readonly #options: GroupConsumerOptions
  readonly #link: ClusterLink
  readonly #loop: PollLoop
  readonly #fetcher: PartitionFetcher
  readonly #watch: CoordinatorWatch
  #subscription: Subscription | undefined
  #joinAnew = false
  #membership: Membership | undefined
  #assigned: readonly TopicPartition[] = []
  #closed = false

  readonly #heartbeats: BusyHeartbeats | undefined

  constructor(surroundings: Surroundings, options: GroupConsumerOptions, heartbeats?: BusyHeartbeats) {
    const { kafka, brokers, clock, requestTimeoutMs } = surroundings
    this.#heartbeats = heartbeats
    this.#surroundings = surroundings
    this.#brokers = brokers
    this.#clock = clock
    this.#options = options
    this.#link = new ClusterLink(kafka, requestTimeoutMs)
    this.#watch = new CoordinatorWatch(clock, () =>
      this.#link.askCoordinator(options.groupId, async broker => idOf(broker)),
    )
    this.#loop = new PollLoop(clock)
    this.#fetcher = new PartitionFetcher({
      link: this.#link,
      bell: this.#loop,
      clock,
      brokers,
      readCommitted: options.isolationLevel === 'read_committed',
      maxPartitionBytes: options.maxPartitionBytes ?? 1024 * 1024,
    })
  }

  subscribe(subscription: Subscription): void {
    this.#check('subscribe')
    const before = this.#subscription
    this.#subscription = subscription
    if (before === undefined) return
    const same = sameSet(before.topics, subscription.topics) && before.assignor.name === subscription.assignor.name
    // kafkajs cannot change the topics of a consumer that runs, so another one takes its place.
    if (!same) this.#joinAnew = true
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
    const operation = `Asking for the committed offsets of "${this.#options.groupId}"`
    try {
      const answer = fetchCommitted(this.#link, this.#options.groupId, partitions)
      return await withDeadline(answer, 2 * this.#timeoutMs, operation)
    } catch (error) {
      throw await this.#withHolders(this.#translate(error, operation), partitions)
    }
  }

  /** Whose transactions hold offsets is worth a question more, which may fail or not be allowed. */
  async #withHolders(error: MillraceError, partitions: readonly TopicPartition[]): Promise<MillraceError> {
    if (error.code !== 'MILLRACE_OFFSETS_UNSTABLE') return error
    const { groupId } = this.#options
    const answer = withDeadline(
      offsetHolders(transactionRequests(this.#link), groupId),
      2 * this.#timeoutMs,
      'Asking for transactions',
    )
    const holders = await answer.catch(() => [])
    return holders.length === 0 ? error : unstableOffsets(groupId, partitions, holders)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    this.#check('commit')
    if (offsets.length === 0) return
    const { groupId } = this.#options
    if (this.#membership === undefined) {
      throw millraceError('MILLRACE_GROUP_FENCED', { groupId, reason: 'it has not joined' })
    }
    try {
      await this.#membership.commit(offsets)
    } catch (error) {
      throw this.#translate(error, `Committing offsets of "${groupId}"`)
    }
  }

  async confirm(maxAgeMs: number): Promise<void> {
    this.#check('confirm')
    const { groupId } = this.#options
    if (this.#membership === undefined) {
      throw millraceError('MILLRACE_GROUP_FENCED', { groupId, reason: 'it has not joined' })
    }
    const operation = `Asking group "${groupId}" whether it still counts this member`
    try {
      await withDeadline(this.#membership.confirm(maxAgeMs), this.#timeoutMs, operation)
    } catch (error) {
      throw this.#translate(error, operation)
    }
  }

  groupMetadata(): GroupMetadata {
    const { groupId } = this.#options
    const { memberId = '', generationId = -1 } = this.#membership ?? {}
    return { groupId, memberId, generationId }
  }

  isRebalancing(): boolean {
    return this.#joinAnew || this.#membership?.settled !== true
  }

  requestRejoin(_reason: string): void {
    this.#membership?.requestRejoin()
  }

  async close(options: { readonly leave?: boolean } = {}): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fetcher.close()
    this.#loop.ring()
    await Promise.all([this.#membership?.close(options.leave ?? true), settledWithin(this.#link.close(), CLOSE_MS)])
    this.#surroundings.closed(this)
  }

  /** Brings what the group has done since the last poll to the listener, in the order in which it happened. */
  async #followGroup(subscription: Subscription): Promise<void> {
    const crash = this.#membership?.crash
    if (crash !== undefined) {
      this.#membership = undefined
      await this.#withdraw(partitions => subscription.listener.onLost(partitions))
      throw this.#translate(crash, `Keeping the place in group "${this.#options.groupId}"`)
    }
    if (this.#joinAnew) {
      this.#joinAnew = false
      // As a member still: the listener commits what it gives back.
      await this.#withdraw(partitions => subscription.listener.onRevoked(partitions))
      const before = this.#membership
      this.#membership = undefined
      await before?.close(true)
    }
    const membership = (this.#membership ??= await this.#join(subscription))
    if (membership.rejoining) {
      const member = await membership.isMember()
      if (member) membership.letJoin()
      else await this.#withdraw(partitions => subscription.listener.onLost(partitions), membership)
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
      throw this.#translate(error, `Looking for the coordinator of group "${this.#options.groupId}"`)
    }
  }

  get #timeoutMs(): number {
    return callTimeoutMs(this.#surroundings.requestTimeoutMs)
  }

  /** First what goes, then what is new; others wait for what went. */
  async #take(
    { partitions, userData }: NewAssignment,
    membership: Membership,
    { listener }: Subscription,
  ): Promise<void> {
    const gone = without(this.#assigned, partitions)
    const added = without(partitions, this.#assigned)
    try {
      if (gone.length > 0) {
        this.#hold(without(this.#assigned, gone))
        membership.requestRejoin()
        await listener.onRevoked(gone)
      }
      this.#hold(partitions)
      await listener.onAssigned(added, userData)
    } finally {
      if (gone.length > 0) membership.letJoin()
    }
  }

  #hold(partitions: readonly TopicPartition[]): void {
    this.#assigned = partitions
    this.#fetcher.hold(partitions)
  }

  async #join(subscription: Subscription): Promise<Membership> {
    const { groupId, sessionTimeoutMs = 45_000 } = this.#options
    const membership = new Membership({
      own: this.#surroundings.ownKafka(),
      link: this.#link,
      clock: this.#clock,
      groupId,
      sessionTimeoutMs,
      heartbeatIntervalMs: this.#options.heartbeatIntervalMs ?? Math.min(3_000, sessionTimeoutMs / 3),
      rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs ?? 300_000,
      processingTimeoutMs: this.#options.processingTimeoutMs ?? 300_000,
      progress: this.#options.progress ?? new Int32Array(new SharedArrayBuffer(8)),
      topics: subscription.topics,
      assignor: () => this.#subscription?.assignor ?? subscription.assignor,
      heartbeats: this.#heartbeats,
      changed: () => this.#loop.ring(),
    })
    try {
      await membership.start()
      return membership
    } catch (error) {
      await membership.close(true)
      const missing = protocolErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION'
      const topic = (missing ? await this.#link.missing(subscription.topics) : []).join(', ')
      throw translateError(error, { operation: `Joining group "${groupId}"`, brokers: this.#brokers, groupId, topic })
    }
  }

  /** Takes the partitions from the fetcher, tells the listener, and only then lets the group go on. */
  async #withdraw(
    tell: (partitions: readonly TopicPartition[]) => Promise<void>,
    membership?: Membership,
  ): Promise<void> {
    const partitions = this.#assigned
    this.#assigned = []
    this.#fetcher.assign([])
    try {
      if (partitions.length > 0) await tell(partitions)
    } finally {
      await membership?.forgo()
    }
  }

  #translate(error: unknown, operation: string) {
    return translateError(error, { operation, brokers: this.#brokers, groupId: this.#options.groupId })
  }

  #check(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'group consumer' })
  }
}

/** kafkajs keeps it out of its types. */
function idOf(broker: object): string {
  return String((broker as { readonly nodeId?: number }).nodeId)
}

function without(partitions: readonly TopicPartition[], others: readonly TopicPartition[]): readonly TopicPartition[] {
  const names = new Set(others.map(({ topic, partition }) => `${topic}-${partition}`))
  return partitions.filter(({ topic, partition }) => !names.has(`${topic}-${partition}`))
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(each => b.includes(each))
}
