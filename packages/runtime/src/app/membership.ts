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
import { decodeAssignmentData, type HostTasks, type MemberData } from '../group/member-data.ts'
import { streamsAssignor } from '../group/streams-assignor.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { ProducerPool } from '../task/producer-pool.ts'
import { taskName } from '../task/task-id.ts'
import type { TaskSet } from '../task/task-set.ts'
import type { TopicPatterns } from '../topics/topic-patterns.ts'

export interface MembershipOptions {
  readonly options: ResolvedOptions
  readonly topics: TopicPatterns
  readonly admin: Admin
  readonly consumer: GroupConsumer
  readonly producers: ProducerPool
  readonly tasks: TaskSet
  readonly standbys: StandbyTasks
  readonly committer: Committer
  /** What the leader is told of this instance. */
  readonly holdings: () => MemberData
  /** It begins to wait for an assignment, or has one. */
  readonly onChange: () => void
}

/** The instance's place in its group: what it tells the leader, and what an assignment does to its tasks. */
export class Membership {
  readonly #with: MembershipOptions
  #rebalancing = true
  /** Where every task of the application is, as of the last assignment. */
  hosts: readonly HostTasks[] = []
  /** Ends the wait for the next look at warm-ups. */
  #probing = new AbortController()
  /** As which member, in which generation, the tasks were assigned last. */
  #assignedAs: Pick<GroupMetadata, 'memberId' | 'generationId'> | undefined

  constructor(options: MembershipOptions) {
    this.#with = options
  }

  /** It waits for an assignment. */
  get rebalancing(): boolean {
    return this.#rebalancing
  }

  /** Joins the group with the topics that the plan reads as of now; again, when they have changed. */
  subscribe(): void {
    const { options, topics, admin, consumer } = this.#with
    const { applicationId } = options
    const real = topicNaming(topics.plan, applicationId)
    consumer.subscribe({
      topics: [...new Set(topics.plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real)))],
      assignor: streamsAssignor({
        plan: () => topics.matched(admin),
        applicationId,
        admin,
        holdings: this.#with.holdings,
        options,
      }),
      listener: {
        onAssigned: (partitions, userData) => this.#assigned(partitions, userData),
        onRevoked: () => this.#revoked(),
        onLost: () => this.#lost(),
      },
    })
  }

  /** From now on it waits for an assignment. */
  beginRebalance(): void {
    this.#rebalancing = true
    this.#with.onChange()
  }

  /** Closes all tasks as if they had crashed, and throws their producers away. */
  async abandonAll(): Promise<void> {
    await this.#with.tasks.abandon()
    // What the tasks left in an open transaction must not be committed with what comes next.
    await this.#with.producers.closeAll()
  }

  async #assigned(assigned: readonly TopicPartition[], userData: Uint8Array): Promise<void> {
    const { topics, admin, consumer, tasks, standbys } = this.#with
    const { standby, warmup, hosts, probeInMs } = decodeAssignmentData(userData)
    this.hosts = hosts
    // The leader may know of topics that this member has not seen yet.
    await topics.include(
      admin,
      assigned.map(({ topic }) => topic),
    )
    if (!this.#hasStayed(consumer.groupMetadata())) await this.abandonAll()
    await tasks.assign(assigned)
    await standbys.follow([...standby, ...warmup], new Set(tasks.ids.map(taskName)))
    this.#probeIn(probeInMs)
    this.#rebalancing = false
    this.#with.onChange()
  }

  /** The group assigns no more for this instance. */
  close(): void {
    this.#probing.abort()
  }

  /** Makes the group assign again after a while, when warm-ups may have caught up. */
  #probeIn(ms: number | undefined): void {
    this.#probing.abort()
    this.#probing = new AbortController()
    const { signal } = this.#probing
    if (ms === undefined) return
    const { consumer, options } = this.#with
    options.clock.sleep(ms, signal).then(
      () => {
        if (!signal.aborted) consumer.requestRejoin('to see whether warm-ups have caught up')
      },
      (error: unknown) => options.logger.warn({ error }, 'warm-ups are not looked at'),
    )
  }

  async #revoked(): Promise<void> {
    this.#with.tasks.suspended = true
    this.beginRebalance()
    await this.#commitBeforeRevocation()
  }

  async #lost(): Promise<void> {
    this.#with.tasks.suspended = true
    this.beginRebalance()
    await this.abandonAll()
  }

  /** What cannot be committed any more is done again by the next owner; the tasks must not go on with it. */
  async #commitBeforeRevocation(): Promise<void> {
    try {
      await this.#with.committer.commit({ leaving: true })
    } catch (error) {
      if (!isMillraceError(error, 'retriable', 'fenced')) throw error
      const { logger } = this.#with.options
      logger.warn({ error }, 'the commit before a rebalance failed: its records are processed again')
      await this.abandonAll()
    }
  }

  /**
   * Whether nobody else can have had the tasks since the last assignment. A member that was given up may hear of it only after
   * its partitions were revoked, or not at all; then its tasks know positions and state of before the other owner.
   */
  #hasStayed({ memberId, generationId }: GroupMetadata): boolean {
    const before = this.#assignedAs
    this.#assignedAs = { memberId, generationId }
    return before === undefined || (before.memberId === memberId && generationId - before.generationId <= 1)
  }
}
