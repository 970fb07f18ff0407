import {
  LONG_AGO,
  longestSince,
  isMillraceError,
  millraceError,
  momentOf,
  type Assignor,
  type Clock,
  type CommittedOffset,
  type GroupMetadata,
  type TopicPartition,
  type BusyMember,
} from '@millrace/core'
import type { Broker, Consumer } from 'kafkajs'
import { BusyHeartbeat, type BusyHeartbeats } from './busy-heartbeat.ts'
import type { HeartbeatBroker } from './heartbeat-worker.ts'
import { assignMembers, encodeSubscription, partitionsOf, userDataOf } from './assignment-codec.ts'
import { byTopic, type ClusterLink, METADATA_MAX_AGE_MS } from './cluster-link.ts'
import { callTimeoutMs, settledWithin, withDeadline } from './deadline.ts'
import type { OwnKafka } from './surroundings.ts'
import { isRetriableAnswer, protocolErrorType, rootError } from './translate-error.ts'

export interface MembershipOptions extends BusyMember {
  /** Of this membership alone. */
  readonly own: OwnKafka
  /** For what is asked of the coordinator. */
  readonly link: ClusterLink
  readonly clock: Clock
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly topics: readonly string[]
  /** Asked at each join, since `subscribe` may bring another one of the same topics. */
  readonly assignor: () => Assignor
  /** Undefined where heartbeats depend on this thread. */
  readonly heartbeats: BusyHeartbeats | undefined
  /** Called when there is something to see. */
  readonly changed: () => void
}

/** What the group assigned to this member, until the owner takes it. */
export interface NewAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData: Uint8Array
}

const COMMIT_TIMEOUT_MS = 15_000
const COMMIT_RETRY_MS = 100
const DESCRIBE_TIMEOUT_MS = 5_000
const CLOSE_TIMEOUT_MS = 5_000
const CLOSE_UNJOINED_MS = 1_000
/** How often kafkajs may look whether it may join again, while the owner has not yet given its partitions back. */
const GATE_RETRY_MS = 20
const MAX_GATE_RETRY_MS = 500

/**
 * A member of a classic group, by way of a kafkajs consumer whose partitions are all paused: kafkajs joins, sends
 * heartbeats and leaves, and fetches nothing.
 *
 * kafkajs joins again as soon as a heartbeat tells of a rebalance. So that the owner's word about what it holds is right when it
 * goes out, and an owner that does not poll loses its place, the assigner refuses (`protocol()` throws what kafkajs takes for a
 * rebalance still in progress, and tries again) until the owner has polled and lets it join. Meanwhile the owner goes on with
 * all that it holds.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #consumer: Consumer
  #pending: NewAssignment | undefined
  /** The owner has taken an assignment, and the membership is the one that it came to. */
  #held = false
  /** kafkajs wants to join again and waits for the owner. */
  #rejoining = false
  /** The owner lets it join, once. */
  #mayJoin = false
  /** From a join to the assignment that comes of it. */
  #joining = false
  /** A join is under way, or has failed. */
  #unfinished = false
  #rejoins = 0
  #steer: 'none' | 'rejoin' | 'forget' | 'end' = 'none'
  #userDataNames: readonly string[] = []
  #memberId = ''
  #generationId = -1
  /**
   * When the group counted this member among its own: when the question was asked, since the process may have stood still before it
   * saw the answer. That is why kafkajs' own heartbeats, which tell of the answer only, do not count.
   */
  #countedAt = LONG_AGO
  #commits: Promise<unknown> = Promise.resolve()
  #crash: Error | undefined
  #ended = false
  #busy: BusyHeartbeat | undefined

  constructor(options: MembershipOptions) {
    this.#options = options
    const { own, groupId, sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = options
    this.#consumer = own.kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      // kafkajs sends a heartbeat once in each round of its fetch loop, which here waits and fetches nothing.
      heartbeatInterval: 1,
      maxWaitTimeInMs: Math.min(Math.max(Math.floor(heartbeatIntervalMs / 3), 20), 200),
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      retry: {
        initialRetryTime: GATE_RETRY_MS,
        maxRetryTime: MAX_GATE_RETRY_MS,
        multiplier: 1.3,
        factor: 0,
        // Enough for an owner that takes all the time that the group gives it.
        retries: Math.ceil(rebalanceTimeoutMs / MAX_GATE_RETRY_MS) + 30,
        restartOnFailure: async () => false,
      },
      partitionAssigners: [
        () => ({
          name: options.assignor().name,
          version: 0,
          protocol: () => this.#orCrash(() => this.#protocol()),
          assign: ({ members }) => this.#assign(members),
        }),
      ],
    })
    this.#listen()
  }

  /** Connects and begins to join; that it has joined shows in `takeAssignment`. */
  async start(): Promise<void> {
    const topics = [...this.#options.topics]
    const { heartbeats, link } = this.#options
    const limitMs = callTimeoutMs(link.requestTimeoutMs)
    if (heartbeats !== undefined) this.#busy = new BusyHeartbeat(heartbeats, this.#options)
    await withDeadline(this.#consumer.connect(), limitMs, 'Connecting')
    await this.#busy?.ready
    await withDeadline(this.#consumer.subscribe({ topics, fromBeginning: true }), limitMs, 'Asking for the topics')
    this.#consumer.run({ autoCommit: false, eachBatch: async () => undefined }).catch((error: unknown) => {
      this.#crashed(error instanceof Error ? error : new Error(String(error)))
    })
    // Whole topics, and before kafkajs knows its partitions: so it never fetches.
    this.#consumer.pause(topics.map(topic => ({ topic })))
  }

  /** The generation is -1 while it joins, until the first heartbeat: kafkajs gives it nowhere else. */
  get metadata(): GroupMetadata {
    return { groupId: this.#options.groupId, memberId: this.#memberId, generationId: this.#generationId }
  }

  /** Why kafkajs gave up; nothing more comes of this membership then. */
  get crash(): Error | undefined {
    return this.#crash
  }

  /** The group wants to assign again and waits for `letJoin` or `forgo`. */
  get rejoining(): boolean {
    return this.#held && this.#rejoining
  }

  /** It holds an assignment, and nobody wants another as far as it knows. */
  get settled(): boolean {
    if (!this.#held || this.#rejoining || this.#mayJoin || this.#joining) return false
    return this.#steer === 'none' && this.#crash === undefined
  }

  /** A new assignment, which is held from now on. It shows with the first heartbeat, which tells the generation. */
  takeAssignment(): NewAssignment | undefined {
    if (this.#rejoining || this.#generationId < 0 || this.#pending === undefined) return undefined
    const assignment = this.#pending
    this.#pending = undefined
    this.#held = true
    this.#joining = false
    return assignment
  }

  /** Lets kafkajs join again: the owner goes on with what it holds. An assignment that it has not taken is void. */
  letJoin(): void {
    this.#pending = undefined
    this.#rejoining = false
    this.#mayJoin = true
  }

  /** Lets kafkajs join again: the owner holds nothing any more. */
  async forgo(): Promise<void> {
    await this.#commits.catch(() => undefined)
    this.#held = false
    this.letJoin()
  }

  /** Whether the group still counts this member, so that it may commit. */
  async isMember(): Promise<boolean> {
    try {
      const { members } = await withDeadline(
        this.#consumer.describeGroup(),
        DESCRIBE_TIMEOUT_MS,
        'Describing the group',
      )
      return members.some(({ memberId }) => memberId === this.#memberId)
    } catch {
      return false
    }
  }

  requestRejoin(): void {
    this.#rejoins++
    if (this.#held) this.#steer = 'rejoin'
  }

  /** @throws what kafkajs throws, and MILLRACE_GROUP_FENCED when nothing is held */
  commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const commit = this.#commits.catch(() => undefined).then(() => this.#commit(offsets))
    this.#commits = commit
    return commit
  }

  /** @throws what kafkajs throws, and MILLRACE_GROUP_FENCED when nothing is held */
  async confirm(maxAgeMs: number): Promise<void> {
    const { groupId, clock, link } = this.#options
    if (this.#held && longestSince(this.#countedAt, clock) <= maxAgeMs) return
    const asked = this.#askCoordinator(async coordinator => {
      const [groupGenerationId, memberId] = [this.#generationId, this.#memberId]
      try {
        await (coordinator as HeartbeatBroker).heartbeat({ groupId, groupGenerationId, memberId })
      } catch (error) {
        if (protocolErrorType(error) !== 'REBALANCE_IN_PROGRESS') throw error
      }
    })
    const operation = `Asking group "${groupId}" whether it still counts this member`
    await withDeadline(asked, callTimeoutMs(link.requestTimeoutMs), operation)
  }

  async close(leave: boolean): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    if (!leave && this.#crash === undefined) {
      this.#steer = 'forget'
      await settledWithin(this.#crashing(), CLOSE_TIMEOUT_MS)
    }
    this.#steer = 'end'
    await this.#end()
  }

  /** Has the coordinator looked for again: a join that waits at a broker that is none any more is never answered. */
  joinElsewhere(): void {
    this.#options.own.cut()
  }

  /** Leaves the group where it can, and then ends the connections, whatever kafkajs still waits for on them. */
  async #end(): Promise<void> {
    await this.#busy?.close()
    // Before the first answer to a join there is no member that could leave.
    const joined = this.#memberId !== ''
    await settledWithin(this.#consumer.disconnect(), joined ? CLOSE_TIMEOUT_MS : CLOSE_UNJOINED_MS)
    this.#options.own.close()
  }

  /**
   * Not by the consumer's own `commitOffsets`: that goes on trying with the coordinator that it once found, and after a
   * rebalance it would try with the generation after, which need not own the partitions.
   */
  async #commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const { groupId } = this.#options
    const topics = [...byTopic(offsets)].map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition, offset, metadata = null }) => ({
        partition,
        offset: String(offset),
        metadata,
      })),
    }))
    await this.#askCoordinator(coordinator =>
      coordinator.offsetCommit({ groupId, groupGenerationId: this.#generationId, memberId: this.#memberId, topics }),
    )
  }

  /** Asks what only a member gets an answer to, until it is answered; for a while, where the coordinator may be moving. */
  async #askCoordinator(ask: (coordinator: Broker) => Promise<unknown>): Promise<void> {
    const { groupId, clock, link } = this.#options
    const until = clock.monotonic() + COMMIT_TIMEOUT_MS
    for (;;) {
      if (!this.#held || this.#crash !== undefined) {
        throw millraceError('MILLRACE_GROUP_FENCED', { groupId, reason: 'it holds no assignment' })
      }
      if (this.#generationId < 0) {
        throw millraceError('MILLRACE_GROUP_REBALANCING', { groupId, reason: 'the new one is not known yet' })
      }
      try {
        // Not through kafkajs' consumer: on its connection a broker answers nothing while a join waits there for other members.
        await link.askCoordinator(groupId, async coordinator => {
          const asked = momentOf(clock)
          await ask(coordinator)
          this.#countedAt = asked
        })
        return
      } catch (error) {
        if (this.#isBetweenGenerations(error)) {
          throw millraceError(
            'MILLRACE_GROUP_REBALANCING',
            { groupId, reason: rootError(error).message },
            { cause: error },
          )
        }
        if (!isPassing(error) || clock.monotonic() >= until) throw error
        await clock.sleep(COMMIT_RETRY_MS)
      }
    }
  }

  /** A generation that this member has joined and not heard of yet is no reason to give up. */
  #isBetweenGenerations(error: unknown): boolean {
    const { type } = rootError(error)
    return type === 'REBALANCE_IN_PROGRESS' || (type === 'ILLEGAL_GENERATION' && this.#joining)
  }

  #listen(): void {
    const consumer = this.#consumer
    const { events } = consumer
    consumer.on(events.REBALANCING, () => this.#wantsToJoin())
    consumer.on(events.RECEIVED_UNSUBSCRIBED_TOPICS, ({ payload }) => {
      this.#userDataNames = payload.assignedTopics
    })
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#unfinished = false
      this.#memberId = payload.memberId
      this.#generationId = -1
      this.#countedAt = LONG_AGO
      this.#busy?.follow(undefined)
      const userData = userDataOf(this.#userDataNames)
      this.#pending = { partitions: partitionsOf(payload.memberAssignment), userData }
      // Closed while it was joining: kafkajs would go on, so it is told once more when it is able to hear it.
      if (this.#ended) setImmediate(() => void settledWithin(consumer.disconnect(), CLOSE_TIMEOUT_MS))
    })
    consumer.on(events.HEARTBEAT, ({ payload }) => {
      this.#busy?.beat()
      if (this.#generationId === payload.groupGenerationId) return
      this.#generationId = payload.groupGenerationId
      this.#busy?.follow({ memberId: payload.memberId, generationId: payload.groupGenerationId })
      this.#options.changed()
    })
    consumer.on(events.CRASH, ({ payload }) => this.#crashed(payload.error))
    // A listener that throws fails the round of the fetch loop that it is called in, as a heartbeat would.
    consumer.on(events.FETCH_START, () => {
      // After a join that has failed half way kafkajs goes on with heartbeats, of the new generation, and the group waits for the rest.
      if (this.#steer === 'rejoin' || this.#unfinished) throw refusal('REBALANCE_IN_PROGRESS')
      if (this.#steer === 'forget') {
        this.#steer = 'end'
        throw refusal('UNKNOWN_MEMBER_ID')
      }
    })
  }

  async #assign(members: Parameters<typeof assignMembers>[1]) {
    try {
      return await assignMembers(this.#options.assignor(), members)
    } catch (error) {
      throw this.#crashedBy(error)
    }
  }

  #orCrash<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw this.#crashedBy(error)
    }
  }

  /**
   * kafkajs would try again, in vain, and wrap the error until nobody knows what it was: so the poll reports it here. What
   * passes is left to kafkajs, and so is what was thrown for it.
   */
  #crashedBy(error: unknown): unknown {
    if (isMillraceError(error) && error.kind !== 'retriable') this.#crashed(error)
    return error
  }

  #protocol(): { name: string; metadata: Buffer } {
    if (this.#steer === 'end') throw Object.assign(new Error('the consumer was closed'), { retriable: false })
    if (this.#steer === 'forget') {
      this.#steer = 'end'
      throw refusal('UNKNOWN_MEMBER_ID')
    }
    this.#pending = undefined
    this.#userDataNames = []
    if (this.#held && !this.#mayJoin) {
      this.#wantsToJoin()
      throw refusal('REBALANCE_IN_PROGRESS')
    }
    this.#mayJoin = false
    this.#rejoining = false
    this.#joining = true
    this.#unfinished = true
    // What was to be told by joining again is told now.
    if (this.#steer === 'rejoin') this.#steer = 'none'
    const { topics, assignor } = this.#options
    const { name, userData } = bound(assignor())
    return { name, metadata: encodeSubscription(topics, userData(), this.#rejoins) }
  }

  #wantsToJoin(): void {
    if (!this.#held || this.#rejoining || this.#mayJoin) return
    this.#rejoining = true
    this.#options.changed()
  }

  #crashed(error: Error): void {
    this.#crash ??= error
    this.#busy?.follow(undefined)
    this.#options.changed()
    if (this.#ended) return
    this.#steer = 'end'
    this.#ended = true
    void this.#end()
  }

  #crashing(): Promise<void> {
    return new Promise(resolve => this.#consumer.on(this.#consumer.events.CRASH, () => resolve()))
  }
}

/** An error that kafkajs takes for a broker's answer. */
function refusal(type: 'REBALANCE_IN_PROGRESS' | 'UNKNOWN_MEMBER_ID'): Error {
  return Object.assign(new Error(`member is not ready to join: ${type}`), { type })
}

/** Worth another attempt: the broker says so, or it was no answer at all. */
function isPassing(error: unknown): boolean {
  return isRetriableAnswer(error) ?? rootError(error).retriable === true
}

function bound(assignor: Assignor) {
  return { name: assignor.name, userData: () => assignor.userData() }
}
