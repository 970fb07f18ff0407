import {
  GROUP_DEFAULTS,
  HeldPartitions,
  millraceError,
  withoutPartitions,
  type Assignor,
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
import type { Caller, Group, GroupRefusal, Joined } from '../group/group.ts'
import type { StreamsRefusal } from '../group/streams-group.ts'
import { request, type Connection } from './connection.ts'
import { fencedError } from './fenced-error.ts'
import { PolledRecords } from './polled-records.ts'
import { stableOffsets } from './stable-offsets.ts'

/**
 * Where the member stands. `joining` and `syncing` hold the coordinator's answer once it has come: the next poll acts on it.
 */
type Membership =
  | { readonly phase: 'outside' }
  | { readonly phase: 'joining'; readonly answer: Joined | GroupRefusal | undefined }
  | { readonly phase: 'syncing'; readonly answer: MemberAssignment | GroupRefusal | undefined }
  | { readonly phase: 'stable' }
  /** Another process took over this static member's place: there is no way back. */
  | { readonly phase: 'replaced' }

const OUTSIDE: Membership = { phase: 'outside' }

/**
 * A member of a group. A cooperative one joins with what it holds, and gives up what the assignment takes from it; an eager one
 * gives all up before it joins.
 */
export class MemoryGroupConsumer implements GroupConsumer {
  readonly #connection: Connection
  readonly #options: GroupConsumerOptions
  readonly #group: Group
  readonly #records: PolledRecords
  /** What was assigned and is neither revoked nor lost. */
  readonly #held: HeldPartitions
  #subscription: Subscription | undefined
  #membership: Membership = OUTSIDE
  #memberId = ''
  #generation = -1
  #rejoin = false
  /** When the group decided something that the member has not heard of. */
  #newsSince: number | undefined
  /** For the leader: how many partitions the topics had that it assigned. */
  #led: { readonly topics: readonly string[]; readonly counts: string; version: number; lookedAt: number } | undefined

  constructor(connection: Connection, options: GroupConsumerOptions) {
    this.#connection = connection
    this.#options = options
    this.#group = connection.cluster.groups.group(options.groupId)
    this.#records = new PolledRecords(connection, options, 'group consumer')
    this.#held = new HeldPartitions(this.#records.fetcher)
  }

  subscribe(subscription: Subscription): void {
    this.#subscription = subscription
    this.#rejoin = true
    this.#records.notify()
  }

  seek(position: TopicPartitionOffset): void {
    this.#records.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#records.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#records.resume(partitions)
  }

  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    return this.#records.poll(maxWaitMs, () => (this.#hasGroupWork() ? this.#doGroupWork() : undefined))
  }

  wakeup(): void {
    this.#records.wakeup()
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return request(this.#connection, () => stableOffsets(this.#connection.cluster, this.#group, partitions))
  }

  commit(offsets: readonly CommittedOffset[]): Promise<void> {
    return request(this.#connection, () => {
      this.#records.checkOpen('commit')
      const refusal = this.#group.commit(this.#caller(), offsets)
      if (refusal !== undefined) throw this.#commitError(refusal)
    })
  }

  /** Asks the group itself, however fresh the last answer is. */
  confirm(_maxAgeMs: number): Promise<void> {
    return request(this.#connection, () => {
      this.#records.checkOpen('confirm')
      const refusal = this.#group.check(this.#caller())
      if (refusal !== undefined && refusal !== 'REBALANCE_IN_PROGRESS') throw this.#fenced(refusal)
    })
  }

  groupMetadata(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    const metadata = { groupId, generationId: this.#generation, memberId: this.#memberId }
    return groupInstanceId === undefined ? metadata : { ...metadata, groupInstanceId }
  }

  isRebalancing(): boolean {
    return this.#membership.phase !== 'stable' || this.#rejoin || this.#group.check(this.#caller()) !== undefined
  }

  requestRejoin(_reason: string): void {
    this.#rejoin = true
    this.#records.notify()
  }

  async close({ leave = true }: { readonly leave?: boolean } = {}): Promise<void> {
    if (!this.#records.close(this)) return
    if (leave && !this.#connection.crashed) this.#group.leave(this.#memberId)
    else this.silence()
  }

  /** No heartbeats from here on. */
  silence(): void {
    this.#group.silence(this.#memberId)
  }

  revive(): void {
    if (!this.#records.closed) this.#group.revive(this.#memberId)
  }

  #hasGroupWork(): boolean {
    const { crashed, disconnected, standsStill } = this.#connection
    if (crashed || disconnected || standsStill !== undefined) return false
    if (this.#records.closed || this.#subscription === undefined) return false
    switch (this.#membership.phase) {
      case 'joining':
      case 'syncing':
        return this.#membership.answer !== undefined
      case 'stable':
        return this.#rejoin || this.#hears() || this.#leaderSeesNewPartitions()
      default:
        return true
    }
  }

  /** Whether the group's news have reached the member. */
  #hears(): boolean {
    const { cluster, hearsAfterMs } = this.#connection
    if (this.#group.check(this.#caller()) === undefined) this.#newsSince = undefined
    else this.#newsSince ??= cluster.clock.monotonic()
    return this.#newsSince !== undefined && cluster.clock.monotonic() - this.#newsSince >= hearsAfterMs
  }

  /** One step of the way into the group. */
  async #doGroupWork(): Promise<void> {
    const membership = this.#membership
    switch (membership.phase) {
      case 'outside':
        return this.#join()
      case 'joining':
        return typeof membership.answer === 'object' ? this.#sync(membership.answer) : this.#refused(membership.answer!)
      case 'syncing':
        return typeof membership.answer === 'object'
          ? this.#assign(membership.answer)
          : this.#refused(membership.answer!)
      case 'stable': {
        const refusal = this.#group.check(this.#caller())
        return refusal === undefined ? this.#join() : this.#refused(refusal)
      }
      case 'replaced':
        throw this.#fenced('FENCED_INSTANCE_ID')
    }
  }

  async #join(): Promise<void> {
    if (this.#connection.capabilities.rebalance === 'eager') {
      await this.#giveUp('onRevoked')
      if (this.#connection.crashed || this.#records.closed) return
    }
    this.#rejoin = false
    const { topics, assignor } = this.#subscription!
    this.#membership = { phase: 'joining', answer: undefined }
    this.#memberId = this.#group.join(
      {
        memberId: this.#memberId,
        groupInstanceId: this.#options.groupInstanceId,
        clientId: this.#connection.clientId,
        sessionTimeoutMs: this.#options.sessionTimeoutMs ?? GROUP_DEFAULTS.sessionTimeoutMs,
        rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs ?? GROUP_DEFAULTS.rebalanceTimeoutMs,
        protocol: assignor.name,
        topics,
        userData: assignor.userData(),
      },
      this.#records.notify,
      answer => {
        this.#membership = { phase: 'joining', answer }
        this.#records.notify()
      },
    )
  }

  async #sync(joined: Joined): Promise<void> {
    this.#memberId = joined.memberId
    this.#generation = joined.generation
    this.#membership = { phase: 'syncing', answer: undefined }
    this.#led = undefined
    let assignments: ReadonlyMap<string, MemberAssignment> | undefined
    try {
      // Of what happened to the topics while it was away it knows nothing, as in Kafka.
      if (joined.isLeader && joined.keepsAssignment) this.#watch(this.#subscription!.topics)
      else if (joined.isLeader) assignments = await this.#lead(this.#subscription!.assignor, joined)
    } catch (error) {
      // The group waits for its leader: who cannot assign has to join again, or nobody would ever be assigned anything.
      this.#membership = OUTSIDE
      throw error
    }
    if (this.#connection.crashed || this.#records.closed) return
    this.#group.sync(this.#caller(), assignments, answer => {
      this.#membership = { phase: 'syncing', answer }
      this.#records.notify()
    })
  }

  async #lead(assignor: Assignor, { members }: Joined): Promise<ReadonlyMap<string, MemberAssignment>> {
    this.#watch([...new Set(members.flatMap(member => member.topics))].sort())
    return assignor.assign(members)
  }

  /** The leader has the group assign again when a topic gets more partitions, but it does not look all the time. */
  #watch(topics: readonly string[]): void {
    const { cluster } = this.#connection
    const counts = partitionCounts(this.#connection, topics)
    this.#led = { topics, counts, version: cluster.metadataVersion, lookedAt: cluster.clock.monotonic() }
  }

  async #assign({ partitions, userData }: MemberAssignment): Promise<void> {
    this.#membership = { phase: 'stable' }
    const { listener } = this.#subscription!
    const gone = withoutPartitions(this.#held.all, partitions)
    const added = withoutPartitions(partitions, this.#held.all)
    if (gone.length > 0) {
      this.#held.hold(withoutPartitions(this.#held.all, gone))
      // Others wait for what is given up here.
      this.#rejoin = true
      await listener.onRevoked(gone)
      if (this.#connection.crashed || this.#records.closed) return
    }
    this.#held.hold(partitions)
    await listener.onAssigned(added, userData)
  }

  async #refused(refusal: GroupRefusal): Promise<void> {
    this.#membership = OUTSIDE
    if (refusal === 'REBALANCE_IN_PROGRESS' || refusal === 'NOT_COORDINATOR') return
    await this.#giveUp('onLost')
    if (refusal !== 'ILLEGAL_GENERATION') this.#memberId = ''
    this.#generation = -1
    if (refusal === 'FENCED_INSTANCE_ID') this.#membership = { phase: 'replaced' }
    if (refusal === 'INCONSISTENT_GROUP_PROTOCOL') {
      const reason = `its members do not use the assignor "${this.#subscription!.assignor.name}"`
      throw millraceError('MILLRACE_GROUP_INCOMPATIBLE', { groupId: this.#group.id, reason })
    }
  }

  #giveUp(callback: 'onRevoked' | 'onLost'): Promise<void> {
    this.#led = undefined
    return this.#held.withdraw(partitions => this.#subscription!.listener[callback](partitions))
  }

  #leaderSeesNewPartitions(): boolean {
    const led = this.#led
    const { metadataVersion, clock } = this.#connection.cluster
    if (led === undefined || led.version === metadataVersion) return false
    if (clock.monotonic() - led.lookedAt < METADATA_MAX_AGE_MS) return false
    led.lookedAt = clock.monotonic()
    if (partitionCounts(this.#connection, led.topics) === led.counts) led.version = metadataVersion
    return led.version !== metadataVersion
  }

  #caller(): Caller {
    const { groupInstanceId } = this.#options
    return { memberId: this.#memberId, generation: this.#generation, groupInstanceId }
  }

  /** A generation that this member has not heard of yet is no reason to give up: it has joined it. */
  #commitError(refusal: GroupRefusal | StreamsRefusal) {
    const joins = this.#membership.phase !== 'stable' && refusal === 'ILLEGAL_GENERATION'
    if (!joins && refusal !== 'REBALANCE_IN_PROGRESS') return this.#fenced(refusal)
    return millraceError('MILLRACE_GROUP_REBALANCING', { groupId: this.#group.id, reason: refusal })
  }

  #fenced(refusal: GroupRefusal | StreamsRefusal) {
    return fencedError(this.#options, refusal)
  }
}

/** How old the metadata of a consumer may be: a leader sees new partitions as late as that, as with Kafka's clients. */
const METADATA_MAX_AGE_MS = 300_000

function partitionCounts({ cluster }: Connection, topics: readonly string[]): string {
  return topics.map(topic => cluster.partitionCount(topic) ?? 0).join()
}
