import {
  millraceError,
  type CommittedOffset,
  type GroupMetadata,
  type StreamsEndpoint,
  type StreamsTasks,
} from '@millrace/core'
import { randomBytes } from 'node:crypto'
import { type Cluster, GENERAL } from '../../cluster/cluster.ts'
import { isKafkaError, KafkaError } from '../../cluster/kafka-error.ts'
import {
  streamsGroupHeartbeatApi,
  type StreamsGroupHeartbeatResponse,
} from '../../protocol/messages/streams-group-heartbeat.ts'
import { WireError } from '../../protocol/wire-error.ts'
import type { BusyHeartbeat } from '../busy-heartbeat.ts'
import { commitOffsets } from '../committed-offsets.ts'
import type { WorkerAnswer } from '../heartbeat-worker.ts'
import { refusedMembership } from './refused-membership.ts'
import { HeartbeatRequests, type HeartbeatRequestsOptions, JOINING } from './heartbeat-requests.ts'
import { assignedTasks, endpointsOf, isNothing, NO_TASKS } from './streams-request.ts'
import { asksForShutdown, delaysAssignment, StatusWatch } from './streams-status.ts'

export interface StreamsMembershipOptions extends HeartbeatRequestsOptions {
  readonly cluster: Cluster
  /** Undefined where heartbeats depend on this thread. */
  readonly busy: ((onAnswer: (answer: WorkerAnswer) => void) => BusyHeartbeat) | undefined
  /** Called when there is something to see. */
  readonly changed: () => void
}

/** Epochs of a member that leaves. */
const LEAVING = -1
const LEAVING_FOR_A_WHILE = -2

const FIRST_HEARTBEAT_MS = 1_000
const COMMIT_TIMEOUT_MS = 15_000
const LEAVE_TIMEOUT_MS = 3_000
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 1_000

/** The group goes on without this member, or did for a while. */
const GONE = ['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH'] as const

/**
 * A member of a streams group (KIP-1071). The broker assigns in the answers to heartbeats; an assignment lies ready until the owner
 * takes it, and the next heartbeat tells the broker what the owner holds by then, so that what it gave up can go to others.
 *
 * The broker sends each assignment once. When an answer is lost, nobody knows whether there was one in it, so the member gives
 * everything up and joins again, which brings the whole assignment.
 */
export class StreamsMembership {
  readonly #options: StreamsMembershipOptions
  readonly #busy: BusyHeartbeat | undefined
  readonly #requests: HeartbeatRequests
  readonly #statuses = new StatusWatch()
  #memberId = newMemberId()
  #epoch = JOINING
  #intervalMs = FIRST_HEARTBEAT_MS
  /** What the broker assigned last. */
  #assigned: StreamsTasks = NO_TASKS
  /** It has not been taken yet. */
  #pending = false
  /** What the owner holds, as the heartbeats say. */
  #owned: StreamsTasks = NO_TASKS
  /** The owner has taken an assignment. */
  #held = false
  #wantsRejoin = false
  #lost = false
  #failure: unknown
  #endpoints: readonly StreamsEndpoint[] | undefined
  #shutdown = false
  /** When the group counted this member as its own: when the question was asked, by the monotonic clock. */
  #countedAt = Number.NEGATIVE_INFINITY
  /** When the last assignment was asked for and received, in milliseconds of `WorkerAnswer`. */
  #lastAssignment = { sent: Number.NEGATIVE_INFINITY, received: Number.NEGATIVE_INFINITY }
  /** Answers to what was sent earlier are of no account. */
  #joinedFrom = Number.NEGATIVE_INFINITY
  #beating: Promise<void> | undefined
  #attempts = 0
  #ended = false
  #wake = new AbortController()

  constructor(options: StreamsMembershipOptions) {
    this.#options = options
    this.#requests = new HeartbeatRequests(options)
    this.#busy = options.busy?.(answer => this.#fromWorker(answer))
    void this.#beatAlways()
  }

  get metadata(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    const renew = () => this.renew()
    const member = { groupId, memberId: this.#memberId, generationId: this.#epoch, renew }
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

  /** It is to give everything up and to join again. */
  get wantsRejoin(): boolean {
    return this.#wantsRejoin && this.#epoch > 0
  }

  /** It holds what the broker assigned. */
  get settled(): boolean {
    return this.#held && !this.#pending && !this.#lost && !this.#wantsRejoin && this.#failure === undefined
  }

  /** What is assigned and not taken yet. */
  get assignment(): StreamsTasks | undefined {
    return this.#pending && !this.#lost && !this.wantsRejoin && this.#failure === undefined ? this.#assigned : undefined
  }

  takeEndpoints(): readonly StreamsEndpoint[] | undefined {
    const endpoints = this.#endpoints
    this.#endpoints = undefined
    return endpoints
  }

  /** Whether a member has asked for the end of the application; true once. */
  takeShutdown(): boolean {
    const shutdown = this.#shutdown
    this.#shutdown = false
    return shutdown
  }

  /** The owner holds what is assigned from now on: what else it had, it has given up. */
  hold(): void {
    this.#owned = this.#assigned
    this.#held = true
    this.#pending = false
    this.#follow()
    this.#kick()
  }

  /** The owner has taken notice that all is lost. */
  forgo(): void {
    this.#lost = false
    this.#reset()
  }

  requestRejoin(): void {
    this.#wantsRejoin = true
    this.#kick()
  }

  /** Joins again; the owner has given everything up. */
  rejoin(): void {
    this.#reset()
  }

  /** @throws MILLRACE_GROUP_REBALANCING, MILLRACE_GROUP_FENCED, KafkaError, WireError */
  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const { cluster, clock, groupId } = this.#options
    const until = clock.monotonic() + COMMIT_TIMEOUT_MS
    for (let attempt = 0; ; attempt++) {
      const member = this.#present()
      const asked = clock.monotonic()
      try {
        await commitOffsets(cluster, await cluster.coordinator('group', groupId), member, offsets)
        this.#countedAt = asked
        return
      } catch (error) {
        if (isKafkaError(error, 'STALE_MEMBER_EPOCH')) await this.renew()
        else if (isKafkaError(error, ...GONE)) throw this.#goneWith(error)
        else if (isKafkaError(error, 'FENCED_INSTANCE_ID')) this.#fail(error)
        const passing =
          error instanceof KafkaError
            ? (error.retriable && error.type !== 'UNKNOWN_TOPIC_OR_PARTITION') || error.type === 'STALE_MEMBER_EPOCH'
            : error instanceof WireError && (error.reason === 'unreachable' || error.reason === 'timeout')
        if (!passing || this.#ended || clock.monotonic() >= until) throw error
        if (!isKafkaError(error, 'STALE_MEMBER_EPOCH')) cluster.forgetCoordinator('group', groupId)
        await clock.sleep(Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 6), LAST_RETRY_MS))
      }
    }
  }

  /** @throws MILLRACE_GROUP_FENCED */
  async confirm(maxAgeMs: number): Promise<void> {
    const { clock } = this.#options
    const until = clock.monotonic() + COMMIT_TIMEOUT_MS
    while (clock.monotonic() - this.#countedAt > maxAgeMs || !this.#held) {
      this.#present()
      const asked = clock.monotonic()
      await this.#beat()
      if (this.#countedAt >= asked) break
      if (clock.monotonic() >= until) throw new WireError('unreachable', 'No coordinator has answered a heartbeat')
      await clock.sleep(FIRST_RETRY_MS)
    }
    this.#present()
  }

  /** The metadata after a heartbeat, which may have moved the epoch. @throws MILLRACE_GROUP_FENCED */
  async renew(): Promise<GroupMetadata> {
    this.#present()
    await this.#beat()
    return this.#present()
  }

  async close(leave: boolean): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#wake.abort()
    await this.#busy?.close()
    const { groupInstanceId, clock } = this.#options
    const epoch = leave ? LEAVING : groupInstanceId === undefined ? undefined : LEAVING_FOR_A_WHILE
    // A heartbeat that is under way would join again after the member has left.
    const patience = new AbortController()
    const left = async () => {
      await this.#beating
      if (epoch !== undefined && this.#epoch > 0 && !this.#lost && this.#failure === undefined) await this.#leave(epoch)
    }
    await Promise.race([left(), clock.sleep(LEAVE_TIMEOUT_MS, patience.signal)])
    patience.abort()
  }

  async #leave(memberEpoch: number): Promise<void> {
    const { cluster, groupId } = this.#options
    try {
      const nodeId = await cluster.coordinator('group', groupId)
      await cluster.node(
        nodeId,
        GENERAL,
        streamsGroupHeartbeatApi,
        { ...this.#requests.identity(this.#memberId), memberEpoch },
        LEAVE_TIMEOUT_MS,
      )
    } catch {
      // The session timeout does the same, later.
    }
  }

  async #beatAlways(): Promise<void> {
    const { clock } = this.#options
    await this.#busy?.ready
    while (!this.#ended) {
      if (!this.#lost && this.#failure === undefined) await this.#beat()
      if (this.#ended) return
      const retryMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#attempts, 6), LAST_RETRY_MS)
      const waitMs = this.#attempts > 0 ? Math.min(retryMs, this.#intervalMs) : this.#intervalMs
      if (!this.#wake.signal.aborted) await clock.sleep(waitMs, this.#wake.signal)
      this.#wake = new AbortController()
    }
  }

  #kick(): void {
    this.#wake.abort()
  }

  /** One heartbeat at a time: assignments come in the answers, in order. */
  async #beat(): Promise<void> {
    while (this.#beating !== undefined) await this.#beating
    if (this.#ended || this.#lost || this.#failure !== undefined) return
    const beating = this.#beatOnce().finally(() => {
      if (this.#beating === beating) this.#beating = undefined
    })
    this.#beating = beating
    await beating
  }

  async #beatOnce(): Promise<void> {
    const { cluster, clock, groupId } = this.#options
    const asked = clock.monotonic()
    const sent = now()
    let isSent = false
    try {
      const connection = await cluster.connection(await cluster.coordinator('group', groupId), GENERAL)
      connection.versionOf(streamsGroupHeartbeatApi)
      const isRecent = connection.offers(streamsGroupHeartbeatApi, SINCE_4_4)
      if (this.#options.groupInstanceId !== undefined && !isRecent) throw staticUnsupported(groupId)
      const member = { memberId: this.#memberId, epoch: this.#epoch, owned: this.#owned, assigned: this.#assigned }
      const request = this.#requests.next(member, isRecent)
      isSent = true
      const answer = await connection.send(streamsGroupHeartbeatApi, request, { timeoutMs: cluster.requestTimeoutMs })
      isSent = false
      this.#attempts = 0
      this.#take(answer, { memberId: request.memberId, asked, sent, received: now() })
    } catch (error) {
      this.#attempts++
      if (isSent && this.#epoch > 0) this.#answerIsLost()
      const gone = error instanceof WireError && (error.reason === 'refused' || error.reason === 'unsupported')
      const refused = !(error instanceof WireError) && !(error instanceof KafkaError && error.retriable)
      if (gone || refused) this.#fail(refusedMembership(groupId, error))
      // The next heartbeat finds where the coordinator is now; the session lasts for several of them.
      else cluster.forgetCoordinator('group', groupId)
    }
  }

  #take(
    answer: StreamsGroupHeartbeatResponse,
    { memberId, asked, sent, received }: Omit<WorkerAnswer, 'answer' | 'epoch'> & { readonly asked: number },
  ): void {
    const { groupId, changed, clock } = this.#options
    // Of who this member was before it joined again.
    if (memberId !== this.#memberId || sent < this.#joinedFrom || this.#ended) return
    if (answer.errorCode !== 0) return this.#refused(new KafkaError(answer.errorCode, answer.errorMessage))
    if (this.#lost) return
    this.#busy?.beat()
    this.#countedAt = Math.max(this.#countedAt, asked)
    this.#epoch = Math.max(this.#epoch, answer.memberEpoch)
    if (answer.heartbeatIntervalMs > 0) this.#intervalMs = answer.heartbeatIntervalMs
    this.#requests.answered(answer)
    this.#endpoints = endpointsOf(answer) ?? this.#endpoints
    const statuses = answer.status ?? []
    if (asksForShutdown(statuses)) this.#shutdown = true
    const wrong = this.#statuses.look(groupId, statuses, clock.monotonic())
    this.#takeAssignment(answer, sent, received)
    // The first assignment is worth nothing while the broker cannot assign.
    const isDelayed = isNothing(this.#assigned) && delaysAssignment(statuses)
    if (!this.#held && !isDelayed) this.#pending = true
    if (wrong !== undefined) this.#fail(wrong)
    this.#follow()
    changed()
  }

  #takeAssignment(answer: StreamsGroupHeartbeatResponse, sent: number, received: number): void {
    const assigned = assignedTasks(answer, this.#assigned)
    if (assigned === undefined) return
    const last = this.#lastAssignment
    // The worker's answers may come late.
    if (received < last.sent) return
    if (sent < last.received) this.#answerIsLost()
    this.#lastAssignment = { sent, received }
    this.#assigned = assigned
    this.#pending = true
  }

  #fromWorker({ memberId, epoch, answer, sent, received }: WorkerAnswer): void {
    if (answer === undefined) return this.#answerIsLost()
    // The worker had not heard of a newer epoch yet.
    if (answer.errorCode !== 0 && epoch < this.#epoch) return
    const age = now() - sent
    this.#take(answer, { memberId, asked: this.#options.clock.monotonic() - age, sent, received })
  }

  /** There may have been an assignment in it, which the broker does not send again. */
  #answerIsLost(): void {
    if (this.#epoch <= 0 || this.#ended) return
    this.#wantsRejoin = true
    this.#options.changed()
  }

  #refused(error: KafkaError): void {
    const { cluster, groupId } = this.#options
    this.#attempts++
    if (error.retriable) return cluster.forgetCoordinator('group', groupId)
    if (isKafkaError(error, 'UNKNOWN_SERVER_ERROR') && this.#epoch === JOINING && !this.#requests.endpointIsOwed) {
      // Kafka 4.4 answers so to an endpoint while it does not know the source topics yet. Without one it says what is missing.
      this.#requests.oweEndpoint()
      return
    }
    // Another member of this id is still there: until its session ends, or it has left.
    if (isKafkaError(error, 'UNRELEASED_INSTANCE_ID')) return
    const isMember = this.#epoch > 0
    if (isKafkaError(error, ...GONE)) this.#goneWith(error)
    else if (isMember && isKafkaError(error, 'GROUP_ID_NOT_FOUND')) this.#goneWith(error)
    else if (isKafkaError(error, 'FENCED_INSTANCE_ID')) this.#fail(error)
    else this.#fail(refusedMembership(groupId, error))
  }

  /** Joins again from the beginning. */
  #reset(): void {
    this.#wantsRejoin = false
    this.#epoch = JOINING
    this.#held = false
    this.#pending = false
    this.#assigned = NO_TASKS
    this.#owned = NO_TASKS
    this.#requests.reset()
    this.#statuses.forget()
    this.#countedAt = Number.NEGATIVE_INFINITY
    this.#joinedFrom = now()
    this.#lastAssignment = { sent: this.#joinedFrom, received: this.#joinedFrom }
    this.#busy?.follow(undefined)
    this.#kick()
  }

  /** Tells the heartbeats of the other thread for whom they are now. */
  #follow(): void {
    if (this.#busy === undefined) return
    if (this.#epoch <= 0 || this.#ended || this.#lost || this.#failure !== undefined)
      return this.#busy.follow(undefined)
    const { cluster, groupId, groupInstanceId } = this.#options
    // It knows of what is held later than this thread, so it says nothing of it, which stands for all that is assigned.
    const streams = { ...this.#requests.identity(this.#memberId), memberEpoch: this.#epoch }
    const brokers = [...cluster.metadata.brokers.values()]
    const member = { memberId: this.#memberId, generationId: this.#epoch, brokers, streams }
    const busy = this.#busy
    cluster.coordinator('group', groupId).then(
      nodeId => {
        if (this.#epoch !== member.generationId || this.#lost || this.#ended) return
        const coordinator = cluster.metadata.brokers.get(nodeId)
        busy.follow({ ...member, coordinator, ...(groupInstanceId !== undefined && { groupInstanceId }) })
      },
      () => undefined,
    )
  }

  #present(): GroupMetadata {
    if (!this.#held) throw this.#fenced('it holds no assignment')
    if (this.#lost || this.#failure !== undefined) throw this.#fenced('the group went on without it')
    return this.metadata
  }

  #goneWith(error: KafkaError) {
    this.#countedAt = Number.NEGATIVE_INFINITY
    this.#busy?.follow(undefined)
    // Who is refused at its join holds nothing that it could lose, and begins again as somebody else.
    if (isKafkaError(error, 'UNKNOWN_MEMBER_ID') || this.#epoch === JOINING) this.#memberId = newMemberId()
    if (this.#epoch === JOINING && !this.#held) this.#reset()
    else this.#lost = true
    this.#options.changed()
    return this.#fenced(error.message, error)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#busy?.follow(undefined)
    this.#options.changed()
  }

  #fenced(reason: string, cause?: unknown) {
    return millraceError('MILLRACE_GROUP_FENCED', { groupId: this.#options.groupId, reason }, { cause })
  }
}

/** Brokers with this version know static members and task offsets, which older ones refuse (Kafka 4.4). */
const SINCE_4_4 = 1

function staticUnsupported(groupId: string) {
  const reason = 'static membership (groupInstanceId) of streams groups needs Kafka 4.4'
  return millraceError('MILLRACE_GROUP_PROTOCOL_UNSUPPORTED', { groupId, reason })
}

/** Of the form of Kafka's ids. */
function newMemberId(): string {
  return randomBytes(16).toString('base64url')
}

/** Of one origin in all threads of the process. */
function now(): number {
  return performance.timeOrigin + performance.now()
}
