import {
  type Admin,
  type GroupConsumer,
  type GroupMetadata,
  isMillraceError,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import type { Committer } from '../commit/committer.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { type AssignmentData, decodeAssignmentData, type Holdings, type HostTasks } from '../group/member-data.ts'
import { streamsAssignor } from '../group/streams-assignor.ts'
import { topologyVersion } from '../group/topology-version.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { ProducerPool } from '../task/producer-pool.ts'
import { type TaskId, taskName } from '../task/task-id.ts'
import type { Task } from '../task/task.ts'
import type { TaskSet } from '../task/task-set.ts'
import type { TopicPatterns } from '../topics/topic-patterns.ts'
import { takeBackLate } from './take-back.ts'

export interface MembershipOptions {
  readonly options: ResolvedOptions
  readonly topics: TopicPatterns
  readonly admin: Admin
  readonly consumer: GroupConsumer
  /** The client gives everything back before it joins. */
  readonly eager: boolean
  readonly producers: ProducerPool
  readonly tasks: TaskSet
  readonly standbys: StandbyTasks
  readonly committer: Committer
  /** What the leader is told of this instance. */
  readonly holdings: () => Holdings
  /** It begins to wait for an assignment, or has one. */
  readonly onChange: () => void
  /** Another instance has asked for the end of the application. */
  readonly onShutdown: () => void
}

const LED_BY_ANOTHER =
  'the group is led by an instance with another topology: this one gets tasks when none with that topology is left to lead'

/** How long until it is asked again whether a rebalance is over. */
const PROBE_AGAIN_MS = 1_000

/** As which member, and in which generation. */
type Place = Pick<GroupMetadata, 'memberId' | 'generationId'>

/**
 * The instance's place in its group: what it tells the leader, and what an assignment does to its tasks.
 *
 * A rebalance touches only what moves. The tasks go on while the members join; then those that go are committed and closed, and
 * the member joins once more without them, so that they can be given to others. A client that is eager gives everything back
 * before it joins: then all tasks are committed and wait, and those that come back go on.
 */
export class Membership {
  readonly #with: MembershipOptions
  readonly #topology: string
  /** Where every task of the application is, as of the last assignment. */
  hosts: readonly HostTasks[] = []
  /** What the group has given and not taken back: claimed at each join until its tasks have been closed. */
  #held: readonly TopicPartition[] = []
  /** What is held holds: false until the first assignment, and from losing the place in the group to the next one. */
  #assigned = false
  /** What is held is still to be taken up. */
  #isDue = false
  #following: readonly TaskId[] = []
  /** Of all topics that it reads, as far as it knows. */
  #inputPartitions = 0
  /** As whom, and in which generation, it was assigned what it has. */
  #assignedAs: Place | undefined
  #asksForShutdown = false
  /** The leader has told everybody that the application ends. */
  shutdownTold = false
  /** Ends the wait for the next look at what may move. */
  #probing = new AbortController()

  constructor(options: MembershipOptions) {
    this.#with = options
    this.#topology = topologyVersion(options.topics.original)
  }

  /** There is an assignment. */
  get assigned(): boolean {
    return this.#assigned
  }

  /** What was assigned runs here, or is on its way. */
  get settled(): boolean {
    return this.#assigned && !this.#isDue
  }

  /**
   * Joins the group with the topics that the plan reads as of now; again, when they have changed. Of `existing` ones only: as
   * long as no topic matches a pattern, the repartition topics that it feeds are not made.
   */
  subscribe(existing: ReadonlyMap<string, number>): void {
    const { options, topics, admin, consumer } = this.#with
    const { applicationId } = options
    const real = topicNaming(topics.plan, applicationId)
    const read = new Set(topics.plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real)))
    const found = [...read].filter(topic => existing.has(topic))
    this.#inputPartitions = found.reduce((sum, topic) => sum + existing.get(topic)!, 0)
    consumer.subscribe({
      topics: found,
      assignor: streamsAssignor({
        plan: () => topics.matched(admin),
        applicationId,
        admin,
        holdings: () => ({ ...this.#with.holdings(), ...this.#claim(), shutdown: this.#asksForShutdown }),
        topology: this.#topology,
        options,
      }),
      listener: {
        onAssigned: (added, userData) => this.#onAssigned(added, decodeAssignmentData(userData)),
        onRevoked: gone => (this.#with.eager ? this.#suspend() : this.#onRevoked(gone)),
        onLost: () => this.#onLost(),
      },
    })
  }

  /** After another instance has taken over: closes all tasks as if they had crashed, and asks for an assignment. */
  async joinAgain(reason: string): Promise<void> {
    this.#assigned = false
    this.#with.onChange()
    await this.#abandonAll()
    this.#with.consumer.requestRejoin(reason)
  }

  /** Has the leader tell every instance to end. Its own tasks are closed as if they had crashed. */
  async askForShutdown(): Promise<void> {
    this.#asksForShutdown = true
    await this.joinAgain('to end the application')
  }

  /** After the tasks were taken away by a failure: at `takeUpIfDue` they are recreated. */
  takeUpLater(): void {
    this.#isDue = this.#assigned
    this.#with.onChange()
  }

  /** Has the tasks of what is held run here, and follows the state of those that are to stand by. */
  async takeUpIfDue(): Promise<void> {
    if (!this.#isDue || !this.#assigned) return
    const { tasks, standbys } = this.#with
    await this.#keepOnly(this.#held)
    await standbys.follow(this.#following, new Set(tasks.ids.map(taskName)))
    this.#isDue = false
    this.#with.onChange()
  }

  /** The group assigns no more for this instance. */
  close(): void {
    this.#probing.abort()
  }

  async #onAssigned(added: readonly TopicPartition[], data: AssignmentData): Promise<void> {
    if (data.shutdown) this.shutdownTold = true
    if (data.shutdown && !this.#asksForShutdown) this.#with.onShutdown()
    // Nothing is begun any more.
    if (data.shutdown || this.#asksForShutdown) return
    // At once, before a further rebalance can ask what is claimed.
    this.#held = [...this.#held, ...added]
    this.#assigned = true
    this.#isDue = true
    this.#following = [...data.standby, ...data.warmup]
    this.hosts = data.hosts
    if (data.isOther) this.#with.options.logger.warn({ topology: this.#topology }, LED_BY_ANOTHER)
    this.#probeIn(data.probeInMs)
    this.#checkGrowth(data)
    await this.#abandonUnlessStayed()
    await this.#learnTopics()
    await this.takeUpIfDue()
  }

  /** The leader may know of topics that this member has not seen yet. What cannot be named cannot be claimed, so it is given back. */
  async #learnTopics(): Promise<void> {
    const { topics, admin } = this.#with
    try {
      await topics.include(
        admin,
        this.#held.map(({ topic }) => topic),
      )
    } catch (error) {
      await this.joinAgain('topics that are assigned cannot be looked up')
      throw error
    }
  }

  async #onRevoked(gone: readonly TopicPartition[]): Promise<void> {
    const names = new Set(gone.map(({ topic, partition }) => `${topic}-${partition}`))
    const stays = this.#held.filter(({ topic, partition }) => !names.has(`${topic}-${partition}`))
    try {
      // Before anything is waited for: what goes cannot be sought any more.
      await this.#with.tasks.cancel(stays)
      await this.#abandonUnlessStayed()
      await this.#keepOnly(stays)
    } finally {
      // Also after a failed commit: the consumer no longer reads it, and recovery must not start its tasks again.
      this.#held = stays
    }
    this.#with.onChange()
  }

  /** Most of what an eager client gives back it is given again. */
  async #suspend(): Promise<void> {
    const { tasks } = this.#with
    tasks.suspended = true
    this.#held = []
    this.#assigned = false
    this.#with.onChange()
    await this.#commitBeforeRevocation(tasks.running)
  }

  async #onLost(): Promise<void> {
    this.#held = []
    this.#assigned = false
    this.#with.onChange()
    await this.#abandonAll()
  }

  /** Commits and closes the tasks that read something else, and begins with those that are missing. */
  async #keepOnly(partitions: readonly TopicPartition[]): Promise<void> {
    const { tasks } = this.#with
    const wanted = this.#assigned ? partitions : []
    await tasks.cancel(wanted)
    const leaving = tasks.leaving(wanted)
    if (leaving.length > 0) await this.#commitBeforeRevocation(leaving)
    await tasks.assign(wanted)
  }

  /** What cannot be committed any more is done again by the next owner; the tasks must not go on with it. */
  async #commitBeforeRevocation(leaving: readonly Task[]): Promise<void> {
    const { logger } = this.#with.options
    const again = 'the commit before a rebalance failed: its records are processed again'
    try {
      if ((await this.#with.committer.commit({ leaving })) !== 'postponed') return
      logger.warn({}, again)
    } catch (error) {
      await this.#afterFailedCommit(error, again)
    }
    await this.#abandonAll()
  }

  /** The changelogs are taken back here: once the callback has returned, the next owner may read them. */
  async #afterFailedCommit(error: unknown, warning: string): Promise<void> {
    const { tasks, options } = this.#with
    let failure = error
    try {
      if (await takeBackLate(error, tasks, options.logger)) return
    } catch (thrown) {
      failure = thrown
    }
    if (!isMillraceError(failure, 'retriable', 'fenced')) throw failure
    options.logger.warn({ error: failure }, warning)
  }

  /** Closes all tasks as if they had crashed, and throws their producers away. */
  async #abandonAll(): Promise<void> {
    await this.#with.tasks.abandon()
    // What the tasks left in an open transaction must not be committed with what comes next.
    await this.#with.producers.closeAll()
  }

  /**
   * Goes on with the tasks only when nobody else can have had them since the last assignment. A member that was given up may
   * hear of it only after it has rejoined, or not at all; then its tasks know positions and state of before the other owner.
   * One that stayed has claimed them in each generation; an eager one claims nothing, so it must not have missed any.
   */
  async #abandonUnlessStayed(): Promise<void> {
    const { memberId, generationId } = this.#with.consumer.groupMetadata()
    const before = this.#assignedAs
    this.#assignedAs = { memberId, generationId }
    if (before === undefined) return
    const missedNone = !this.#with.eager || generationId - before.generationId <= 1
    if (before.memberId !== memberId || !missedNone) await this.#abandonAll()
  }

  /** Of the first assignment: a static member may have come back to one that is older than what its topics have grown by. */
  #checkGrowth({ inputPartitions, isOther }: AssignmentData): void {
    const missed = !isOther && inputPartitions !== undefined && inputPartitions < this.#inputPartitions
    if (missed && this.#assignedAs === undefined)
      this.#with.consumer.requestRejoin('an input topic has grown meanwhile')
  }

  /** Asked at each join: what is held, since when. An eager client holds nothing then, though its tasks wait. */
  #claim(): { readonly claimed: readonly TaskId[]; readonly generation: number } {
    const claimed = this.#assigned ? this.#with.tasks.idsOf(this.#held) : []
    return { claimed, generation: this.#assignedAs?.generationId ?? -1 }
  }

  /** Makes the group assign again after a while, when warm-ups may have caught up, or what this member is to have been given up. */
  #probeIn(ms: number | undefined): void {
    this.#probing.abort()
    this.#probing = new AbortController()
    const { signal } = this.#probing
    if (ms === undefined) return
    this.#probe(ms, signal).catch((error: unknown) =>
      this.#with.options.logger.warn({ error }, 'cannot check whether tasks can move'),
    )
  }

  async #probe(ms: number, signal: AbortSignal): Promise<void> {
    const { consumer, options } = this.#with
    await options.clock.sleep(ms, signal)
    // A rebalance that is under way ends this wait with an assignment of its own. It may also come to nothing.
    while (!signal.aborted && consumer.isRebalancing()) await options.clock.sleep(PROBE_AGAIN_MS, signal)
    if (!signal.aborted) consumer.requestRejoin('to see whether tasks can move now')
  }
}
