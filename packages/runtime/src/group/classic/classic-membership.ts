import { type Admin, type GroupConsumer, type GroupMetadata, topicNaming, type TopicPartition } from '@millrace/core'
import type { ResolvedOptions } from '../../config/options.ts'
import type { TaskId } from '../../task-id.ts'
import type { TopicPatterns } from '../../topics/topic-patterns.ts'
import type { AssignmentListener, GroupMembership, Holdings, HostTasks, TaskAssignment } from '../group-membership.ts'
import { topologyVersion } from '../topology-version.ts'
import { type AssignmentData, decodeAssignmentData } from './member-data.ts'
import { Probe } from './probe.ts'
import { streamsAssignor } from './streams-assignor.ts'
import { tasksOfPartitions } from '../tasks-of-partitions.ts'

export interface ClassicMembershipOptions {
  readonly options: ResolvedOptions
  readonly topics: TopicPatterns
  readonly admin: Admin
  readonly consumer: GroupConsumer
  /** The client gives up all partitions before it joins. */
  readonly eager: boolean
  /** What the leader is told of this member. */
  readonly holdings: () => Holdings
  readonly listener: AssignmentListener
}

const LED_BY_ANOTHER =
  'the group is led by an instance with another topology: this one gets tasks when none with that topology is left to lead'

/** The member id and generation of an assignment. */
type Place = Pick<GroupMetadata, 'memberId' | 'generationId'>

/**
 * The classic protocol: a member leads the group and assigns the tasks of all members. Members tell the leader in their user
 * data which tasks they hold (`member-data.ts`), and a task is given to another member after its holder has given it up
 * (`hand-over.ts`).
 *
 * With a cooperative client only the tasks that move are revoked, and the member then joins again without them. An eager client
 * gives up everything before it joins.
 */
export class ClassicMembership implements GroupMembership {
  readonly #with: ClassicMembershipOptions
  readonly #topology: string
  readonly #probe: Probe
  assignment: TaskAssignment | undefined
  hosts: readonly HostTasks[] = []
  shutdownTold = false
  /** Partitions that were assigned and not revoked. They are claimed at each join until their tasks are closed. */
  #held: readonly TopicPartition[] = []
  /** The number of input partitions as far as this member knows. */
  #inputPartitions = 0
  /** Of the last assignment. */
  #assignedAs: Place | undefined
  #asksForShutdown = false

  constructor(options: ClassicMembershipOptions) {
    this.#with = options
    this.#topology = topologyVersion(options.topics.original)
    this.#probe = new Probe(options.consumer, options.options)
  }

  subscribe(existing: ReadonlyMap<string, number>): void {
    const { options, topics, admin, consumer, listener } = this.#with
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
        onRevoked: gone => (this.#with.eager ? this.#onSuspended() : this.#onRevoked(gone)),
        onLost: async () => {
          this.#held = []
          this.assignment = undefined
          await listener.onLost()
        },
      },
    })
  }

  async joinAgain(reason: string): Promise<void> {
    this.assignment = undefined
    await this.#with.listener.onLost()
    this.#with.consumer.requestRejoin(reason)
  }

  async askForShutdown(): Promise<void> {
    this.#asksForShutdown = true
    await this.joinAgain('to end the application')
  }

  close(): void {
    this.#probe.close()
  }

  async #onAssigned(added: readonly TopicPartition[], data: AssignmentData): Promise<void> {
    const { listener, options } = this.#with
    if (data.shutdown) this.shutdownTold = true
    if (data.shutdown && !this.#asksForShutdown) listener.onShutdown()
    if (data.shutdown || this.#asksForShutdown) return
    // At once, before another rebalance can ask for the claim.
    this.#held = [...this.#held, ...added]
    this.assignment = this.#assignmentOf(data)
    this.hosts = data.hosts
    if (data.isOther) options.logger.warn({ topology: this.#topology }, LED_BY_ANOTHER)
    this.#probe.start(data.probeInMs)
    this.#checkGrowth(data)
    if (!this.#stayed()) await listener.onLost()
    await this.#learnTopics()
    await listener.onAssigned()
  }

  #assignmentOf({ standby, warmup }: AssignmentData): TaskAssignment {
    const tasksOf = () => this.#tasksOf(this.#held)
    return {
      standby,
      warmup,
      get active() {
        return tasksOf()
      },
    }
  }

  /**
   * The leader may know of topics that this member has not seen yet. Tasks of unknown topics cannot be claimed, so the member
   * gives everything up if it cannot look them up.
   */
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
    const { listener } = this.#with
    try {
      // Nothing is waited for before the listener knows: the partitions that go cannot be sought any more.
      if (!this.#stayed()) await listener.onLost()
      await listener.onRevoked(this.assignment === undefined ? [] : this.#tasksOf(stays))
    } finally {
      // Also after a failed commit: the consumer no longer reads it, and recovery must not start its tasks again.
      this.#held = stays
    }
  }

  async #onSuspended(): Promise<void> {
    this.#held = []
    this.assignment = undefined
    await this.#with.listener.onSuspended()
  }

  /**
   * Whether no other member can have had the tasks since the last assignment. A member that was removed may learn of it only
   * after it has joined again, or never; its tasks then have positions and state from before the other owner. A member that
   * stayed has claimed its tasks in each generation. An eager member claims nothing, so it must not have missed a generation.
   */
  #stayed(): boolean {
    const { memberId, generationId } = this.#with.consumer.groupMetadata()
    const before = this.#assignedAs
    this.#assignedAs = { memberId, generationId }
    if (before === undefined) return true
    const missedNone = !this.#with.eager || generationId - before.generationId <= 1
    return before.memberId === memberId && missedNone
  }

  /** Of the first assignment: a static member may return to one that was made before its topics grew. */
  #checkGrowth({ inputPartitions, isOther }: AssignmentData): void {
    const missed = !isOther && inputPartitions !== undefined && inputPartitions < this.#inputPartitions
    if (missed && this.#assignedAs === undefined)
      this.#with.consumer.requestRejoin('an input topic has grown meanwhile')
  }

  /** The tasks that are held, and since which generation. An eager client holds nothing when it joins, though its tasks wait. */
  #claim(): { readonly claimed: readonly TaskId[]; readonly generation: number } {
    const claimed = this.assignment?.active.map(({ id }) => id) ?? []
    return { claimed, generation: this.#assignedAs?.generationId ?? -1 }
  }

  #tasksOf(partitions: readonly TopicPartition[]): TaskAssignment['active'] {
    const { topics, options } = this.#with
    return tasksOfPartitions(topics.plan, options.applicationId, partitions)
  }
}
