import {
  isMillraceError,
  millraceError,
  type Assignor,
  type Clock,
  type CommittedOffset,
  type GroupMetadata,
  type MemberAssignment,
  type TopicPartition,
} from '@millrace/core'
import { type Cluster, GENERAL, type Purpose } from '../cluster/cluster.ts'
import { checkCode, isKafkaError, KafkaError } from '../cluster/kafka-error.ts'
import { heartbeatApi } from '../protocol/messages/heartbeat.ts'
import { joinGroupApi, type JoinGroupResponse } from '../protocol/messages/join-group.ts'
import { leaveGroupApi } from '../protocol/messages/leave-group.ts'
import { syncGroupApi } from '../protocol/messages/sync-group.ts'
import { WireError } from '../protocol/wire-error.ts'
import type { BusyHeartbeat } from './busy-heartbeat.ts'
import { commitOffsets } from './committed-offsets.ts'
import { assignMembers, decodeAssignment, encodeSubscription } from './group-data.ts'

export interface MembershipOptions {
  readonly cluster: Cluster
  readonly clock: Clock
  /** Of the connection on which joins wait. */
  readonly purpose: Purpose
  readonly groupId: string
  readonly groupInstanceId: string | undefined
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  readonly topics: () => readonly string[]
  readonly assignor: () => Assignor
  /** What the owner holds now, for others to see. */
  readonly owned: () => readonly TopicPartition[]
  /** Undefined where heartbeats depend on this thread. */
  readonly busy: BusyHeartbeat | undefined
  /** Called when there is something to see. */
  readonly changed: () => void
}

const PROTOCOL_TYPE = 'consumer'
const COMMIT_TIMEOUT_MS = 15_000
const LEAVE_TIMEOUT_MS = 3_000
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 1_000
/** A join is answered when all have joined: later than this only by a broker that is gone. */
const JOIN_SLACK_MS = 10_000

/** The group goes on without this member, or did for a while. */
const GONE = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const

/**
 * A member of a group of the classic protocol. It joins when its owner says so, in the background, and the owner goes on with what
 * it holds meanwhile; an assignment lies ready until the owner takes it.
 */
export class Membership {
  readonly #options: MembershipOptions
  #memberId = ''
  #generationId = -1
  #pending: MemberAssignment | undefined
  /** The owner has taken an assignment. */
  #held = false
  #wantsJoin = true
  #joining = false
  /** A join has ended half way: the group may count this member in another generation than it knows. */
  #between = false
  #lost = false
  #rejoins = 0
  #failure: unknown
  /** When the group counted this member as its own: when the question was asked, by the monotonic clock. */
  #countedAt = Number.NEGATIVE_INFINITY
  #ended = false
  readonly #stop = new AbortController()

  constructor(options: MembershipOptions) {
    this.#options = options
    void this.#beatAlways()
  }

  get metadata(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    const member = { groupId, memberId: this.#memberId, generationId: this.#generationId }
    return groupInstanceId === undefined ? member : { ...member, groupInstanceId }
  }

  /** Why nothing more comes of this membership. */
  get failure(): unknown {
    return this.#failure
  }

  /** The group went on without this member: all that it held is lost. */
  get isLost(): boolean {
    return this.#lost
  }

  /** It is to join, and does when its owner says so. */
  get wantsJoin(): boolean {
    return this.#wantsJoin && !this.#joining
  }

  /** It holds an assignment, and nobody wants another as far as it knows. */
  get settled(): boolean {
    if (!this.#held || this.#wantsJoin || this.#joining || this.#lost) return false
    return this.#pending === undefined && this.#failure === undefined
  }

  takeAssignment(): MemberAssignment | undefined {
    const assignment = this.#pending
    if (assignment === undefined || this.#lost) return undefined
    this.#pending = undefined
    this.#held = true
    return assignment
  }

  /** The owner has taken notice that all is lost. */
  forgo(): void {
    this.#lost = false
    this.#held = false
    this.#pending = undefined
    this.#generationId = -1
    this.#between = false
    this.#wantsJoin = true
  }

  requestRejoin(): void {
    this.#rejoins++
    this.#wantsJoin = true
  }

  /** Joins in the background, with what the owner says of itself now. An assignment that it has not taken is void. */
  join(): void {
    this.#wantsJoin = false
    this.#joining = true
    this.#pending = undefined
    const { topics, assignor, owned } = this.#options
    const { name } = assignor()
    const metadata = encodeSubscription({
      topics: topics(),
      userData: assignor().userData(),
      owned: owned(),
      rejoins: this.#rejoins,
    })
    void this.#join(name, metadata)
  }

  /** @throws MILLRACE_GROUP_REBALANCING, MILLRACE_GROUP_FENCED, KafkaError, WireError */
  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const { cluster } = this.#options
    await this.#asMember(async (nodeId, member) => commitOffsets(cluster, nodeId, member, offsets))
  }

  /** @throws MILLRACE_GROUP_FENCED, KafkaError, WireError */
  async confirm(maxAgeMs: number): Promise<void> {
    const age = this.#options.clock.monotonic() - this.#countedAt
    if (this.#held && !this.#lost && age <= maxAgeMs) return
    await this.#asMember(async (nodeId, member) => {
      try {
        await this.#heartbeat(nodeId, member)
      } catch (error) {
        if (!isKafkaError(error, 'REBALANCE_IN_PROGRESS')) throw error
      }
    })
  }

  /** A join that waits at a broker that is no coordinator any more is never answered: it is made again. */
  joinElsewhere(): void {
    if (this.#joining) this.#options.cluster.release(this.#options.purpose)
  }

  async close(leave: boolean): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#stop.abort()
    const { cluster, purpose, busy, clock } = this.#options
    await busy?.close()
    if (leave && this.#memberId !== '' && !this.#lost) {
      const patience = new AbortController()
      await Promise.race([this.#leave(), clock.sleep(LEAVE_TIMEOUT_MS, patience.signal)])
      patience.abort()
    }
    cluster.release(purpose)
  }

  async #leave(): Promise<void> {
    const { cluster, groupId, groupInstanceId = null } = this.#options
    try {
      const nodeId = await cluster.coordinator('group', groupId)
      const members = [{ memberId: this.#memberId, groupInstanceId, reason: 'the consumer is closed' }]
      await cluster.node(nodeId, GENERAL, leaveGroupApi, { groupId, members }, LEAVE_TIMEOUT_MS)
    } catch {
      // The session timeout does the same, later.
    }
  }

  async #join(protocol: string, metadata: Buffer): Promise<void> {
    const { clock, changed, cluster, groupId, busy } = this.#options
    await busy?.ready
    for (let attempt = 0; !this.#ended; attempt++) {
      try {
        const answer = await this.#joinOnce(protocol, metadata)
        if (this.#ended) return
        const asked = clock.monotonic()
        this.#pending = await this.#sync(answer)
        this.#generationId = answer.generationId
        this.#between = false
        this.#countedAt = asked
        this.#joining = false
        void this.#follow()
        changed()
        return
      } catch (error) {
        if (this.#ended) return
        if (isKafkaError(error, 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE') || error instanceof WireError) {
          cluster.forgetCoordinator('group', groupId)
        }
        if (!this.#mayJoinAgain(error)) {
          this.#joining = false
          changed()
          return
        }
      }
      await clock.sleep(Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 6), LAST_RETRY_MS), this.#stop.signal)
    }
  }

  /** From one generation to the next. */
  get #isMoving(): boolean {
    return this.#joining || this.#between
  }

  /** False when the owner has to hear of it first. */
  #mayJoinAgain(error: unknown): boolean {
    if (isKafkaError(error, ...GONE)) {
      this.#goneWith(error)
      return false
    }
    // Another rebalance has begun before this one ended; what the owner says of itself may have changed.
    // Or the leader cannot assign for the moment; the others wait until it can.
    if (isKafkaError(error, 'REBALANCE_IN_PROGRESS') || isMillraceError(error, 'retriable')) {
      this.#wantsJoin = true
      this.#between = true
      return false
    }
    if (error instanceof KafkaError && error.retriable) return true
    if (error instanceof WireError && error.reason !== 'refused' && error.reason !== 'unsupported') return true
    this.#failure = error
    return false
  }

  async #joinOnce(protocol: string, metadata: Buffer): Promise<JoinGroupResponse> {
    const { cluster, purpose, groupId, groupInstanceId = null, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const nodeId = await cluster.coordinator('group', groupId)
    const request = () => ({
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId,
      protocolType: PROTOCOL_TYPE,
      protocols: [{ name: protocol, metadata }],
    })
    const timeoutMs = Math.max(rebalanceTimeoutMs, sessionTimeoutMs) + JOIN_SLACK_MS
    let answer = await cluster.node(nodeId, purpose, joinGroupApi, request(), timeoutMs)
    if (isKafkaErrorCode(answer.errorCode, 'MEMBER_ID_REQUIRED')) {
      this.#memberId = answer.memberId
      answer = await cluster.node(nodeId, purpose, joinGroupApi, request(), timeoutMs)
    }
    checkCode(answer.errorCode)
    this.#memberId = answer.memberId
    return answer
  }

  async #sync(joined: JoinGroupResponse): Promise<MemberAssignment> {
    const { cluster, purpose, groupId, groupInstanceId = null, rebalanceTimeoutMs, assignor } = this.#options
    const { generationId, memberId, leader, members, protocolName } = joined
    const leads = leader === memberId && !joined.skipAssignment
    const assignments = leads ? await assignMembers(assignor(), members) : []
    const nodeId = await cluster.coordinator('group', groupId)
    const answer = await cluster.node(
      nodeId,
      purpose,
      syncGroupApi,
      { groupId, generationId, memberId, groupInstanceId, protocolType: PROTOCOL_TYPE, protocolName, assignments },
      rebalanceTimeoutMs + JOIN_SLACK_MS,
    )
    checkCode(answer.errorCode)
    return decodeAssignment(answer.assignment)
  }

  /** Asks what only a member gets an answer to, until it is answered; for a while, where the coordinator may be moving. */
  async #asMember(ask: (nodeId: number, member: GroupMetadata) => Promise<void>): Promise<void> {
    const { cluster, clock, groupId } = this.#options
    const until = clock.monotonic() + COMMIT_TIMEOUT_MS
    for (let attempt = 0; ; attempt++) {
      if (!this.#held || this.#lost || this.#failure !== undefined) throw this.#fenced('it holds no assignment')
      const member = this.metadata
      const asked = clock.monotonic()
      const wasMoving = this.#isMoving
      try {
        await ask(await cluster.coordinator('group', groupId), member)
        this.#countedAt = asked
        return
      } catch (error) {
        const isOld = wasMoving || this.#isMoving || member.generationId !== this.#generationId
        if (isKafkaError(error, 'REBALANCE_IN_PROGRESS') || (isKafkaError(error, 'ILLEGAL_GENERATION') && isOld)) {
          throw millraceError('MILLRACE_GROUP_REBALANCING', { groupId, reason: error.message }, { cause: error })
        }
        if (isKafkaError(error, ...GONE)) {
          this.#goneWith(error)
          throw this.#fenced(error.message, error)
        }
        if (isKafkaError(error, 'FENCED_INSTANCE_ID')) this.#fail(error)
        const passing =
          error instanceof KafkaError
            ? error.retriable && error.type !== 'UNKNOWN_TOPIC_OR_PARTITION'
            : error instanceof WireError && (error.reason === 'unreachable' || error.reason === 'timeout')
        if (!passing || this.#ended || clock.monotonic() >= until) throw error
        cluster.forgetCoordinator('group', groupId)
        await clock.sleep(Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 6), LAST_RETRY_MS), this.#stop.signal)
      }
    }
  }

  async #heartbeat(nodeId: number, { groupId, generationId, memberId, groupInstanceId }: GroupMetadata): Promise<void> {
    const { cluster } = this.#options
    const request = { groupId, generationId, memberId, groupInstanceId: groupInstanceId ?? null }
    const answer = await cluster.node(nodeId, GENERAL, heartbeatApi, request)
    checkCode(answer.errorCode)
  }

  async #beatAlways(): Promise<void> {
    const { clock, heartbeatIntervalMs } = this.#options
    while (!this.#ended) {
      await clock.sleep(heartbeatIntervalMs, this.#stop.signal)
      // A join that waits keeps the place by itself.
      if (this.#ended || this.#isMoving || this.#lost || this.#generationId < 0) continue
      await this.#beat()
    }
  }

  async #beat(): Promise<void> {
    const { cluster, clock, groupId, busy, changed } = this.#options
    const member = this.metadata
    const asked = clock.monotonic()
    const isCurrent = (): boolean => !this.#isMoving && member.generationId === this.#generationId && !this.#ended
    try {
      await this.#heartbeat(await cluster.coordinator('group', groupId), member)
      busy?.beat()
      if (isCurrent()) this.#countedAt = asked
    } catch (error) {
      if (isKafkaError(error, 'REBALANCE_IN_PROGRESS')) {
        busy?.beat()
        if (!isCurrent()) return
        this.#countedAt = asked
        if (this.#wantsJoin) return
        this.#wantsJoin = true
        changed()
      } else if (isKafkaError(error, ...GONE)) {
        if (isCurrent()) this.#goneWith(error)
      } else if (isKafkaError(error, 'FENCED_INSTANCE_ID')) this.#fail(error)
      // The next heartbeat finds where the coordinator is now; the session lasts for several of them.
      else cluster.forgetCoordinator('group', groupId)
    }
  }

  /** Tells the heartbeats of the other thread for whom they are now. */
  async #follow(): Promise<void> {
    const { cluster, groupId, busy } = this.#options
    if (busy === undefined) return
    const member = this.metadata
    const coordinator = cluster.metadata.brokers.get(await cluster.coordinator('group', groupId).catch(() => -1))
    const brokers = [...cluster.metadata.brokers.values()]
    if (!this.#ended && member.generationId === this.#generationId) busy.follow({ ...member, coordinator, brokers })
  }

  #goneWith(error: KafkaError): void {
    if (error.type === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    this.#lost = true
    this.#pending = undefined
    this.#countedAt = Number.NEGATIVE_INFINITY
    this.#options.busy?.follow(undefined)
    this.#options.changed()
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#options.busy?.follow(undefined)
    this.#options.changed()
  }

  #fenced(reason: string, cause?: unknown) {
    return millraceError('MILLRACE_GROUP_FENCED', { groupId: this.#options.groupId, reason }, { cause })
  }
}

function isKafkaErrorCode(code: number, name: 'MEMBER_ID_REQUIRED'): boolean {
  return code !== 0 && new KafkaError(code).type === name
}
