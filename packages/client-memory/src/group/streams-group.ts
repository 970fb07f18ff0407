import type {
  DescribedMember,
  NewTopic,
  StreamsEndpoint,
  StreamsSubTopology,
  StreamsTaskId,
  StreamsTopology,
  TopicPartition,
} from '@millrace/core'
import type { Deadline, Deadlines } from '../time/deadlines.ts'
import { assignSticky, type TaskNames } from './sticky-assignor.ts'
import { configureTopology } from './streams-topics.ts'

/** Why the coordinator refuses a member of a streams group, by the names of Kafka's protocol. */
export type StreamsRefusal =
  | 'UNKNOWN_MEMBER_ID'
  | 'FENCED_MEMBER_EPOCH'
  | 'STALE_MEMBER_EPOCH'
  | 'FENCED_INSTANCE_ID'
  | 'UNRELEASED_INSTANCE_ID'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'TOPOLOGY_STALE'

export interface StreamsHeartbeat {
  readonly memberId: string
  /** 0 to join. */
  readonly epoch: number
  readonly groupInstanceId: string | undefined
  /** By name, as `0_1`. */
  readonly owned: TaskNames
  readonly wantsShutdown: boolean
  readonly join: StreamsJoin | undefined
}

export interface StreamsJoin {
  readonly topology: StreamsTopology
  readonly processId: string
  readonly clientId: string
  readonly host: string | undefined
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Tells the client that the group has changed. */
  readonly nudge: () => void
}

export interface StreamsAnswer {
  readonly epoch: number
  /** Undefined where it has not changed with this heartbeat: each assignment is told once. */
  readonly assigned: TaskNames | undefined
  readonly status: 'ok' | 'delayed' | 'missing-sources' | 'wrong-partitions'
  readonly detail: string
  readonly shutdown: boolean
  readonly endpoints: readonly StreamsEndpoint[]
}

/** What the group needs of the cluster. */
export interface ClusterTopics {
  partitionCount(topic: string): number | undefined
  createTopic(topic: NewTopic): void
  readonly metadataVersion: number
}

export interface StreamsGroupOptions {
  readonly deadlines: Deadlines
  readonly topics: ClusterTopics
  readonly numStandbyReplicas: () => number
}

interface Member extends StreamsJoin {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  epoch: number
  previousEpoch: number
  assigned: TaskNames
  /** It has been told to give these up, and has not said that it did. */
  pending: ReadonlySet<string>
  /** A static member that has left and may come back. */
  away: boolean
  session: Deadline | undefined
  revocation: Deadline | undefined
}

const NOTHING: TaskNames = { active: new Set(), standby: new Set() }

/**
 * One streams group (KIP-1071), as a coordinator keeps it: a target assignment for each epoch of the group, to which each member is
 * brought by its own heartbeats. First a member gives up what it is not to have, in the epoch that it has; then it gets the new epoch,
 * and of what is new whatever nobody else still holds.
 */
export class StreamsGroup {
  readonly #options: StreamsGroupOptions
  readonly #members = new Map<string, Member>()
  #topology: StreamsTopology | undefined
  #epoch = 0
  #target: ReadonlyMap<string, TaskNames> = new Map()
  #configured = { version: -1, tasks: '' }
  #names: readonly string[] = []
  #status: Pick<StreamsAnswer, 'status' | 'detail'> = { status: 'ok', detail: '' }
  #shutdown = false

  constructor(options: StreamsGroupOptions) {
    this.#options = options
  }

  get memberIds(): readonly string[] {
    return [...this.#members.keys()]
  }

  get members(): readonly DescribedMember[] {
    return [...this.#members.values()].map(({ memberId, clientId, assigned: { active, standby } }) => ({
      memberId,
      clientId,
      tasks: { active: idsOf(active), standby: idsOf(standby), warmup: [] },
    }))
  }

  get epoch(): number {
    return this.#epoch
  }

  heartbeat(request: StreamsHeartbeat): StreamsAnswer | StreamsRefusal {
    const refusal = request.join === undefined ? this.#refusal(request) : this.#join(request, request.join)
    if (refusal !== undefined) return refusal
    const member = this.#members.get(request.memberId)!
    if (request.wantsShutdown) {
      this.#shutdown = true
      for (const other of this.#members.values()) other.nudge()
    }
    this.#look()
    const before = member.assigned
    this.#reconcile(member, request.owned)
    const tells = request.join !== undefined || before !== member.assigned
    return {
      ...this.#status,
      epoch: member.epoch,
      assigned: tells ? member.assigned : undefined,
      shutdown: this.#shutdown,
      endpoints: this.#endpoints(),
    }
  }

  /** Why offsets of this member are refused; strictly, as by brokers before Kafka 4.4. */
  commitRefusal(memberId: string, epoch: number): StreamsRefusal | undefined {
    const member = this.#members.get(memberId)
    if (member === undefined) return 'UNKNOWN_MEMBER_ID'
    return member.epoch === epoch ? undefined : 'STALE_MEMBER_EPOCH'
  }

  leave(memberId: string, how: 'for good' | 'for a while' = 'for good'): void {
    const member = this.#members.get(memberId)
    if (member === undefined) return
    if (how === 'for a while') {
      member.away = true
      this.silence(memberId)
      return
    }
    member.session?.cancel()
    member.revocation?.cancel()
    this.#members.delete(memberId)
    member.nudge()
    this.#assign()
    if (this.#members.size === 0) this.#shutdown = false
  }

  /** Nobody heartbeats for the member any more: it is removed after its session timeout. */
  silence(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member === undefined || member.session !== undefined) return
    member.session = this.#options.deadlines.after(member.sessionTimeoutMs, () => this.leave(memberId))
  }

  revive(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member === undefined || member.away) return
    member.session?.cancel()
    member.session = undefined
  }

  /** A classic member takes the empty group over. */
  forget(): void {
    this.#topology = undefined
    this.#target = new Map()
    this.#configured = { version: -1, tasks: '' }
  }

  #join({ memberId, groupInstanceId, owned }: StreamsHeartbeat, join: StreamsJoin): StreamsRefusal | undefined {
    if (this.#topology !== undefined && JSON.stringify(this.#topology) !== JSON.stringify(join.topology))
      return 'TOPOLOGY_STALE'
    this.#topology ??= join.topology
    const known = this.#members.get(memberId)
    if (known !== undefined) {
      Object.assign(known, join)
      known.revocation?.cancel()
      // Who joins holds nothing.
      known.pending = owned.active
      return undefined
    }
    const named = [...this.#members.values()].find(each => each.groupInstanceId === groupInstanceId)
    if (groupInstanceId !== undefined && named !== undefined) {
      if (!named.away) return 'UNRELEASED_INSTANCE_ID'
      this.#replace(named, memberId, join)
      return undefined
    }
    this.#members.set(memberId, {
      ...join,
      ...{ memberId, groupInstanceId, epoch: 0, previousEpoch: -1, assigned: NOTHING, pending: NOTHING.active },
      ...{ away: false, session: undefined, revocation: undefined },
    })
    this.#assign()
    return undefined
  }

  /** Another process of that name comes back to what the one before has left. */
  #replace(old: Member, memberId: string, join: StreamsJoin): void {
    old.session?.cancel()
    this.#members.delete(old.memberId)
    this.#members.set(memberId, { ...old, ...join, memberId, away: false, session: undefined })
    const target = new Map(this.#target)
    const tasks = target.get(old.memberId)
    target.delete(old.memberId)
    if (tasks !== undefined) target.set(memberId, tasks)
    this.#target = target
  }

  #refusal({ memberId, epoch, groupInstanceId, owned }: StreamsHeartbeat): StreamsRefusal | undefined {
    const member = this.#members.get(memberId)
    if (member === undefined) {
      const named = [...this.#members.values()].some(each => each.groupInstanceId === groupInstanceId)
      return groupInstanceId !== undefined && named ? 'FENCED_INSTANCE_ID' : 'UNKNOWN_MEMBER_ID'
    }
    if (epoch === member.epoch) return undefined
    // The answer with the newer epoch may have been lost.
    const isSubset = [...owned.active].every(task => member.assigned.active.has(task))
    return epoch === member.previousEpoch && isSubset ? undefined : 'FENCED_MEMBER_EPOCH'
  }

  /** Makes the internal topics that are missing, and assigns when the tasks have changed. */
  #look(): void {
    const { topics } = this.#options
    if (this.#topology === undefined || topics.metadataVersion === this.#configured.version) return
    const { tasks, missing, missingSources, wrong } = configureTopology(this.#topology, topic =>
      topics.partitionCount(topic),
    )
    for (const topic of missing) topics.createTopic(topic)
    // Tasks are assigned when the brokers have heard of the new topics.
    if (missing.length > 0) {
      this.#status = {
        status: 'delayed',
        detail: `Internal topics are missing: ${missing.map(({ name }) => name).join()}`,
      }
      return
    }
    const detail = wrong ?? missingSources.join(', ')
    const status = wrong !== undefined ? 'wrong-partitions' : missingSources.length > 0 ? 'missing-sources' : 'ok'
    this.#status = { status, detail }
    const text = JSON.stringify([...tasks])
    const changed = text !== this.#configured.tasks
    this.#configured = { version: topics.metadataVersion, tasks: text }
    if (!changed) return
    this.#names = [...tasks].flatMap(([id, count]) =>
      Array.from({ length: count }, (_, partition) => `${id}_${partition}`),
    )
    this.#assign()
  }

  /** Another target, in another epoch. */
  #assign(): void {
    this.#epoch++
    const stateful = new Set(
      this.#topology?.subTopologies.filter(({ stateChangelogTopics: logs }) => logs.length > 0).map(({ id }) => id),
    )
    this.#target = assignSticky([...this.#members.values()], this.#names, this.#target, {
      replicas: this.#options.numStandbyReplicas(),
      isStateful: task => stateful.has(task.slice(0, task.lastIndexOf('_'))),
    })
    for (const member of this.#members.values()) member.nudge()
  }

  #reconcile(member: Member, owned: TaskNames): void {
    if ([...member.pending].some(task => owned.active.has(task))) return
    if (member.pending.size > 0) {
      member.pending = new Set()
      member.revocation?.cancel()
      // Others wait for it.
      for (const other of this.#members.values()) if (other !== member) other.nudge()
    }
    const target = this.#target.get(member.memberId) ?? NOTHING
    const gone = [...member.assigned.active].filter(task => !target.active.has(task))
    if (gone.length > 0) {
      const stays = new Set([...member.assigned.active].filter(task => target.active.has(task)))
      const copies = new Set([...member.assigned.standby].filter(task => target.standby.has(task)))
      member.assigned = { active: stays, standby: copies }
      member.pending = new Set(gone)
      const { deadlines } = this.#options
      const outOfPatience = () => this.leave(member.memberId)
      member.revocation = deadlines.after(member.rebalanceTimeoutMs, outOfPatience)
      // It may not have had them any more.
      if (!gone.some(task => owned.active.has(task))) this.#reconcile(member, owned)
      return
    }
    if (member.epoch !== this.#epoch) {
      member.previousEpoch = member.epoch
      member.epoch = this.#epoch
    }
    const others = [...this.#members.values()].filter(other => other !== member)
    const isHeld = (task: string) => others.some(other => other.assigned.active.has(task) || other.pending.has(task))
    const active = new Set([...target.active].filter(task => member.assigned.active.has(task) || !isHeld(task)))
    const same = isSame(active, member.assigned.active) && isSame(target.standby, member.assigned.standby)
    if (!same) member.assigned = { active, standby: target.standby }
  }

  #endpoints(): readonly StreamsEndpoint[] {
    const byId = new Map(this.#topology?.subTopologies.map(each => [each.id, each]))
    const partitions = (tasks: ReadonlySet<string>) => [...tasks].flatMap(task => this.#inputsOf(task, byId))
    return [...this.#members.values()].flatMap(({ host, assigned }) =>
      host === undefined ? [] : [{ host, active: partitions(assigned.active), standby: partitions(assigned.standby) }],
    )
  }

  #inputsOf(task: string, byId: ReadonlyMap<string, StreamsSubTopology>): readonly TopicPartition[] {
    const at = task.lastIndexOf('_')
    const partition = Number(task.slice(at + 1))
    const { sourceTopics = [], repartitionSourceTopics = [] } = byId.get(task.slice(0, at)) ?? {}
    const { topics } = this.#options
    return [...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)]
      .filter(topic => partition < (topics.partitionCount(topic) ?? 0))
      .map(topic => ({ topic, partition }))
  }
}

function idsOf(tasks: ReadonlySet<string>): readonly StreamsTaskId[] {
  return [...tasks].map(task => {
    const at = task.lastIndexOf('_')
    return { subTopology: task.slice(0, at), partition: Number(task.slice(at + 1)) }
  })
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every(each => b.has(each))
}
