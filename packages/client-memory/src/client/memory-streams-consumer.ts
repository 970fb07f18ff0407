import {
  GROUP_DEFAULTS,
  HeldPartitions,
  millraceError,
  withoutPartitions,
  type CommittedOffset,
  type FetchedBatch,
  type GroupConsumer,
  type GroupConsumerOptions,
  type GroupMetadata,
  type StreamsEndpoint,
  type StreamsSubscription,
  type StreamsTaskId,
  type StreamsTasks,
  type Subscription,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Group } from '../group/group.ts'
import type { StreamsAnswer, StreamsRefusal } from '../group/streams-group.ts'
import type { TaskNames } from '../group/sticky-assignor.ts'
import { request, type Connection } from './connection.ts'
import { fencedError } from './fenced-error.ts'
import { PolledRecords } from './polled-records.ts'
import { stableOffsets } from './stable-offsets.ts'

const NO_TASKS: StreamsTasks = { active: [], standby: [], warmup: [] }
const HEARTBEAT_MS = 500
/** How long topics may be missing or wrong, as they are while brokers hear of them. */
const TOPICS_PATIENCE_MS = 2_000

/**
 * A member of a streams group. Heartbeats go on in the background, whatever the owner does; an assignment waits for the next poll. An
 * answer that is lost may have held an assignment, so that the member gives everything up and joins again.
 */
export class MemoryStreamsConsumer implements GroupConsumer {
  readonly #connection: Connection
  readonly #options: GroupConsumerOptions
  readonly #group: Group
  readonly #records: PolledRecords
  readonly #partitions: HeldPartitions
  #subscription: StreamsSubscription | undefined
  #memberId: string
  #epoch = 0
  #assigned: StreamsTasks = NO_TASKS
  #pending = false
  #owned: StreamsTasks = NO_TASKS
  #held = false
  #lost = false
  #rejoin = false
  #failure: unknown
  #shutdown = false
  #endpoints: readonly StreamsEndpoint[] = []
  #toldEndpoints = '[]'
  #wrongSince: number | undefined
  #beating = false
  #wake = new AbortController()

  constructor(connection: Connection, options: GroupConsumerOptions) {
    this.#connection = connection
    this.#options = options
    this.#group = connection.cluster.groups.group(options.groupId)
    this.#memberId = this.#newMemberId()
    this.#records = new PolledRecords(connection, options, 'group consumer')
    this.#partitions = new HeldPartitions(this.#records.fetcher)
  }

  subscribe(_subscription: Subscription): void {
    throw new TypeError('The broker assigns in a streams group: use joinStreamsGroup')
  }

  joinStreamsGroup(subscription: StreamsSubscription): void {
    const before = this.#subscription
    this.#subscription = subscription
    if (before !== undefined && JSON.stringify(before.topology) !== JSON.stringify(subscription.topology))
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
    return this.#records.poll(maxWaitMs, () => this.#subscription && this.#followGroup(this.#subscription))
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
      this.#present()
      const caller = () => ({ memberId: this.#memberId, generation: this.#epoch, groupInstanceId: undefined })
      let refusal = this.#group.commit(caller(), offsets)
      if (refusal === 'STALE_MEMBER_EPOCH') {
        this.#beat()
        this.#present()
        refusal = this.#group.commit(caller(), offsets)
      }
      if (refusal !== undefined) throw this.#goneWith(refusal)
    })
  }

  confirm(_maxAgeMs: number): Promise<void> {
    return request(this.#connection, () => {
      this.#records.checkOpen('confirm')
      this.#present()
      this.#beat()
      this.#present()
    })
  }

  groupMetadata(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    const renew = () =>
      request(this.#connection, () => {
        this.#present()
        this.#beat()
        this.#present()
        return this.groupMetadata()
      })
    const metadata = { groupId, generationId: this.#epoch, memberId: this.#memberId, renew }
    return groupInstanceId === undefined ? metadata : { ...metadata, groupInstanceId }
  }

  isRebalancing(): boolean {
    return !this.#held || this.#pending || this.#lost || this.#rejoin || this.#failure !== undefined
  }

  requestRejoin(_reason: string): void {
    this.#rejoin = true
    this.#records.notify()
  }

  async close({ leave = true }: { readonly leave?: boolean } = {}): Promise<void> {
    if (!this.#records.close(this)) return
    this.#wake.abort()
    const { streams } = this.#group
    if (this.#connection.crashed || this.#connection.disconnected) this.silence()
    else if (leave) streams.leave(this.#memberId)
    else if (this.#options.groupInstanceId !== undefined) streams.leave(this.#memberId, 'for a while')
    else this.silence()
  }

  /** No heartbeats from here on. */
  silence(): void {
    this.#group.streams.silence(this.#memberId)
  }

  revive(): void {
    if (!this.#records.closed) this.#group.streams.revive(this.#memberId)
  }

  /** True when something was done: meanwhile there may be more. */
  async #followGroup(subscription: StreamsSubscription): Promise<boolean> {
    const { crashed, disconnected, standsStill } = this.#connection
    if (crashed || disconnected || standsStill !== undefined || this.#records.closed) return false
    const { listener } = subscription
    if (!this.#beating) {
      this.#beating = true
      this.#beat()
      void this.#beatAlways()
    }
    const endpoints = JSON.stringify(this.#endpoints)
    if (endpoints !== this.#toldEndpoints) {
      this.#toldEndpoints = endpoints
      listener.onEndpoints(this.#endpoints)
    }
    if (this.#shutdown) {
      this.#shutdown = false
      listener.onShutdown()
    }
    if (this.#failure !== undefined) {
      await this.#partitions.withdraw(partitions => listener.onLost(partitions))
      throw this.#failure
    }
    if (this.#lost) {
      await this.#partitions.withdraw(partitions => listener.onLost(partitions))
      this.#joinAgain()
      return true
    }
    if (this.#rejoin && this.#epoch > 0) {
      await this.#partitions.withdraw(partitions => listener.onRevoked(partitions))
      this.#joinAgain()
      return true
    }
    const assignment = this.#assignment
    if (assignment !== undefined) await this.#take(assignment, subscription)
    return assignment !== undefined
  }

  /** What is assigned and not taken yet. */
  get #assignment(): StreamsTasks | undefined {
    const isGone = this.#lost || this.#failure !== undefined || (this.#rejoin && this.#epoch > 0)
    return this.#pending && !isGone ? this.#assigned : undefined
  }

  async #take(tasks: StreamsTasks, { partitionsOf, listener }: StreamsSubscription): Promise<void> {
    const partitions = await partitionsOf(tasks.active)
    // Others may have by now what was assigned then.
    if (this.#assignment !== tasks || this.#connection.crashed || this.#records.closed) return
    const gone = withoutPartitions(this.#partitions.all, partitions)
    const added = withoutPartitions(partitions, this.#partitions.all)
    if (gone.length > 0) {
      this.#partitions.hold(withoutPartitions(this.#partitions.all, gone))
      await listener.onRevoked(gone)
      if (this.#assignment !== tasks || this.#connection.crashed || this.#records.closed) return
    }
    this.#partitions.hold(partitions)
    this.#owned = tasks
    this.#held = true
    this.#pending = false
    this.#nudge()
    await listener.onAssigned(added, tasks)
  }

  #joinAgain(): void {
    if (this.#connection.crashed || this.#records.closed) return
    this.#lost = false
    this.#rejoin = false
    this.#epoch = 0
    this.#held = false
    this.#pending = false
    this.#assigned = NO_TASKS
    this.#owned = NO_TASKS
    this.#beat()
  }

  /** Heartbeats at once; the group tells it of a change in this way, too. */
  readonly #nudge = (): void => {
    if (this.#connection.hearsAfterMs === 0) this.#wake.abort()
  }

  async #beatAlways(): Promise<void> {
    const { clock } = this.#connection.cluster
    const { heartbeatIntervalMs = HEARTBEAT_MS } = this.#options
    const { hearsAfterMs } = this.#connection
    while (!this.#records.closed && !this.#connection.crashed && this.#failure === undefined) {
      await clock.sleep(Math.max(heartbeatIntervalMs, hearsAfterMs), this.#wake.signal)
      this.#wake = new AbortController()
      this.#beat()
    }
  }

  #beat(): void {
    const { crashed, disconnected, standsStill, losesHeartbeat } = this.#connection
    if (
      crashed ||
      disconnected ||
      standsStill !== undefined ||
      this.#records.closed ||
      this.#lost ||
      this.#failure !== undefined
    )
      return
    const { topology, processId, host, wantsShutdown } = this.#subscription!
    const { groupInstanceId } = this.#options
    const { sessionTimeoutMs = GROUP_DEFAULTS.sessionTimeoutMs } = this.#options
    const { rebalanceTimeoutMs = GROUP_DEFAULTS.rebalanceTimeoutMs } = this.#options
    const { clientId } = this.#connection
    const joins = this.#epoch === 0
    const join = {
      ...{ topology, processId, clientId, host, sessionTimeoutMs, rebalanceTimeoutMs },
      nudge: this.#nudge,
    }
    const answer = this.#group.streamsHeartbeat({
      memberId: this.#memberId,
      epoch: this.#epoch,
      groupInstanceId,
      owned: namesOf(joins ? NO_TASKS : this.#owned),
      wantsShutdown: wantsShutdown(),
      join: joins ? join : undefined,
    })
    if (losesHeartbeat()) {
      if (!joins) this.#rejoin = true
    } else if (typeof answer === 'string') this.#refused(answer)
    else this.#answered(answer)
    this.#records.notify()
  }

  #answered({ epoch, assigned, status, detail, shutdown, endpoints }: StreamsAnswer): void {
    this.#epoch = epoch
    this.#endpoints = endpoints
    if (shutdown) this.#shutdown = true
    if (assigned !== undefined) {
      this.#assigned = tasksOf(assigned)
      this.#pending = true
    }
    const isEmpty = this.#assigned.active.length === 0 && this.#assigned.standby.length === 0
    if (!this.#held) this.#pending = status === 'ok' || !isEmpty
    this.#watchTopics(status, detail)
  }

  #watchTopics(status: StreamsAnswer['status'], detail: string): void {
    const now = this.#connection.cluster.clock.monotonic()
    if (status === 'ok' || status === 'delayed') this.#wrongSince = undefined
    else this.#wrongSince ??= now
    if (this.#wrongSince === undefined || now - this.#wrongSince < TOPICS_PATIENCE_MS) return
    this.#failure = millraceError('MILLRACE_GROUP_TOPICS_WRONG', { groupId: this.#group.id, reason: detail })
  }

  #refused(refusal: StreamsRefusal): void {
    const { id: groupId } = this.#group
    if (refusal === 'UNRELEASED_INSTANCE_ID') return
    if (refusal === 'TOPOLOGY_STALE')
      this.#failure = millraceError('MILLRACE_GROUP_TOPOLOGY_STALE', { groupId, reason: refusal })
    else if (refusal === 'INCONSISTENT_GROUP_PROTOCOL')
      this.#failure = millraceError('MILLRACE_GROUP_INCOMPATIBLE', { groupId, reason: refusal })
    else this.#goneWith(refusal)
  }

  #goneWith(refusal: string) {
    if (refusal === 'FENCED_INSTANCE_ID') this.#failure ??= fencedError(this.#options, refusal)
    if (refusal === 'UNKNOWN_MEMBER_ID') this.#memberId = this.#newMemberId()
    this.#lost = true
    this.#records.notify()
    return fencedError(this.#options, refusal)
  }

  #present(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#held || this.#lost) throw fencedError(this.#options, 'UNKNOWN_MEMBER_ID')
  }

  #newMemberId(): string {
    return this.#connection.cluster.groups.newMemberId(this.#connection.clientId)
  }
}

function namesOf({ active, standby, warmup }: StreamsTasks): TaskNames {
  const names = (tasks: readonly StreamsTaskId[]) => new Set(tasks.map(task => `${task.subTopology}_${task.partition}`))
  return { active: names(active), standby: names([...standby, ...warmup]) }
}

function tasksOf({ active, standby }: TaskNames): StreamsTasks {
  const tasks = (names: ReadonlySet<string>) =>
    [...names].map(name => {
      const at = name.lastIndexOf('_')
      return { subTopology: name.slice(0, at), partition: Number(name.slice(at + 1)) }
    })
  return { active: tasks(active), standby: tasks(standby), warmup: [] }
}
