import type { CommittedOffset, DescribedMember, GroupMember, MemberAssignment } from '@millrace/core'
import type { Deadline, Deadlines } from '../time/deadlines.ts'
import { GroupOffsets } from './group-offsets.ts'
import {
  type StreamsAnswer,
  StreamsGroup,
  type StreamsGroupOptions,
  type StreamsHeartbeat,
  type StreamsRefusal,
} from './streams-group.ts'

/** Why the coordinator refuses, by the names of Kafka's protocol. */
export type GroupRefusal =
  | 'UNKNOWN_MEMBER_ID'
  | 'ILLEGAL_GENERATION'
  | 'FENCED_INSTANCE_ID'
  | 'REBALANCE_IN_PROGRESS'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'NOT_COORDINATOR'

export interface JoinRequest {
  /** Empty at the first join. */
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  readonly clientId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocol: string
  readonly topics: readonly string[]
  readonly userData: Uint8Array
}

export interface Joined {
  readonly memberId: string
  readonly generation: number
  readonly isLeader: boolean
  /** All members for the leader, nobody for the others. */
  readonly members: readonly GroupMember[]
  /** A static member came back unchanged: the assignment it had still holds, and one that led goes on leading (KIP-814). */
  readonly keepsAssignment: boolean
}

/** Who calls, for the checks that keep out members of the past. */
export interface Caller {
  readonly memberId: string
  readonly generation: number
  readonly groupInstanceId: string | undefined
}

export interface GroupOptions {
  readonly id: string
  readonly deadlines: Deadlines
  readonly newMemberId: (clientId: string) => string
  readonly streams: StreamsGroupOptions
}

interface Member extends JoinRequest {
  /** Waits for the end of the join phase. */
  onJoined: ((answer: Joined | GroupRefusal) => void) | undefined
  /** Waits for the leader's assignment. */
  onSynced: ((answer: MemberAssignment | GroupRefusal) => void) | undefined
  assignment: MemberAssignment
  /** Runs while nobody heartbeats for the member. */
  session: Deadline | undefined
  /** Tells the client that its next poll has something to do. */
  readonly nudge: () => void
}

const NOTHING: MemberAssignment = { partitions: [], userData: new Uint8Array() }

/**
 * One consumer group of the classic protocol: empty → preparing (members join) → completing (the leader assigns) → stable.
 * Answers come through callbacks, at once or later, so that the machine itself never waits.
 *
 * A member whose client is alive needs no heartbeats here: `check` tells it at each poll what a heartbeat's answer would.
 * The session timeout starts to run when the client falls silent.
 */
export class Group {
  readonly id: string
  readonly offsets = new GroupOffsets()
  /** The members, where the group is a streams group: a group has members of one protocol only. */
  readonly streams: StreamsGroup
  readonly #options: GroupOptions
  readonly #members = new Map<string, Member>()
  readonly #staticMembers = new Map<string, string>()
  #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty'
  #generation = 0
  #leaderId: string | undefined
  /** Ends the join phase, or the wait for the leader's assignment. */
  #phase: Deadline | undefined

  constructor(options: GroupOptions) {
    this.id = options.id
    this.#options = options
    this.streams = new StreamsGroup(options.streams)
  }

  get state(): 'empty' | 'preparing' | 'completing' | 'stable' {
    return this.streams.memberIds.length > 0 ? 'stable' : this.#state
  }

  get generation(): number {
    return this.streams.memberIds.length > 0 ? this.streams.epoch : this.#generation
  }

  get memberIds(): readonly string[] {
    return [...this.#members.keys(), ...this.streams.memberIds]
  }

  get members(): readonly DescribedMember[] {
    const classic = [...this.#members.values()].map(({ memberId, clientId, assignment }) => ({
      memberId,
      clientId,
      ...(assignment !== NOTHING && { assignment }),
    }))
    return [...classic, ...this.streams.members]
  }

  /** @returns the member's id, which a new member learns at once */
  join(request: JoinRequest, nudge: () => void, onJoined: (answer: Joined | GroupRefusal) => void): string {
    const { groupInstanceId } = request
    const staticId = groupInstanceId === undefined ? undefined : this.#staticMembers.get(groupInstanceId)
    const refusal =
      this.streams.memberIds.length > 0 ? 'INCONSISTENT_GROUP_PROTOCOL' : this.#joinRefusal(request, staticId)
    if (refusal === undefined) this.streams.forget()
    if (refusal !== undefined) {
      onJoined(refusal)
      return request.memberId
    }
    const memberId = request.memberId === '' ? this.#options.newMemberId(request.clientId) : request.memberId
    if (request.memberId === '' && staticId !== undefined)
      this.#replaceStatic(staticId, memberId, request, nudge, onJoined)
    else {
      this.#add(memberId, request, nudge, onJoined)
      this.#prepare()
    }
    return memberId
  }

  streamsHeartbeat(request: StreamsHeartbeat): StreamsAnswer | StreamsRefusal {
    return this.#members.size > 0 ? 'INCONSISTENT_GROUP_PROTOCOL' : this.streams.heartbeat(request)
  }

  /** @param assignments the leader's, undefined from everybody else */
  sync(
    caller: Caller,
    assignments: ReadonlyMap<string, MemberAssignment> | undefined,
    onSynced: (answer: MemberAssignment | GroupRefusal) => void,
  ): void {
    const refusal = this.#refusal(caller)
    if (refusal !== undefined) return onSynced(refusal)
    const member = this.#members.get(caller.memberId)!
    if (this.#state === 'preparing') return onSynced('REBALANCE_IN_PROGRESS')
    if (this.#state === 'stable') return onSynced(member.assignment)
    member.onSynced = onSynced
    if (caller.memberId !== this.#leaderId || assignments === undefined) return
    this.#phase?.cancel()
    this.#state = 'stable'
    for (const other of this.#members.values()) other.assignment = assignments.get(other.memberId) ?? NOTHING
    for (const other of this.#members.values()) {
      const answer = other.onSynced
      other.onSynced = undefined
      answer?.(other.assignment)
    }
  }

  /** What a heartbeat would be answered: undefined while all is well. */
  check(caller: Caller): GroupRefusal | undefined {
    return this.#refusal(caller) ?? (this.#state === 'preparing' ? 'REBALANCE_IN_PROGRESS' : undefined)
  }

  commit(caller: Caller, offsets: readonly CommittedOffset[]): GroupRefusal | StreamsRefusal | undefined {
    const refusal = this.#commitRefusal(caller)
    if (refusal === undefined) this.offsets.commit(offsets)
    return refusal
  }

  /**
   * Offsets of a transaction, in every state of the group. A caller without a member id comes from a client that sends no
   * group metadata.
   */
  commitInTransaction(
    producerId: number,
    caller: Caller,
    offsets: readonly CommittedOffset[],
  ): GroupRefusal | StreamsRefusal | undefined {
    const refusal = caller.memberId === '' && caller.generation < 0 ? undefined : this.#memberRefusal(caller)
    if (refusal === undefined) this.offsets.addPending(producerId, offsets)
    return refusal
  }

  leave(memberId: string): void {
    this.streams.leave(memberId)
    const member = this.#members.get(memberId)
    if (member === undefined) return
    this.#drop(member, 'UNKNOWN_MEMBER_ID')
    this.#afterRemoval()
  }

  /** Nobody heartbeats for the member any more: it is removed after its session timeout. */
  silence(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member === undefined || member.session !== undefined) return
    member.session = this.#options.deadlines.after(member.sessionTimeoutMs, () => this.leave(memberId))
  }

  /** Its client is reachable again before the session timeout. */
  revive(memberId: string): void {
    const member = this.#members.get(memberId)
    member?.session?.cancel()
    if (member !== undefined) member.session = undefined
  }

  /** The group moves to another broker: members stay, requests that wait for an answer get none and must be sent again. */
  moveCoordinator(): void {
    for (const member of this.#members.values()) {
      member.onJoined?.('NOT_COORDINATOR')
      member.onSynced?.('NOT_COORDINATOR')
      member.onJoined = undefined
      member.onSynced = undefined
    }
  }

  #replaceStatic(
    oldId: string,
    memberId: string,
    request: JoinRequest,
    nudge: () => void,
    onJoined: (answer: Joined | GroupRefusal) => void,
  ): void {
    const old = this.#members.get(oldId)!
    this.#drop(old, 'FENCED_INSTANCE_ID')
    this.#add(memberId, request, nudge, undefined)
    if (this.#leaderId === oldId) this.#leaderId = memberId
    const member = this.#members.get(memberId)!
    if (this.#state === 'stable' && sameTopics(old, request)) {
      member.assignment = old.assignment
      const isLeader = this.#leaderId === memberId
      return onJoined({ memberId, generation: this.#generation, isLeader, members: [], keepsAssignment: true })
    }
    member.onJoined = onJoined
    this.#prepare()
  }

  #add(
    memberId: string,
    request: JoinRequest,
    nudge: () => void,
    onJoined: ((answer: Joined | GroupRefusal) => void) | undefined,
  ): void {
    const before = this.#members.get(memberId)
    before?.session?.cancel()
    before?.onJoined?.('REBALANCE_IN_PROGRESS')
    this.#members.set(memberId, {
      ...request,
      memberId,
      userData: Uint8Array.from(request.userData),
      topics: [...request.topics],
      onJoined,
      onSynced: undefined,
      assignment: before?.assignment ?? NOTHING,
      session: undefined,
      nudge,
    })
    if (request.groupInstanceId !== undefined) this.#staticMembers.set(request.groupInstanceId, memberId)
  }

  /** Enters the join phase, or goes on with it, and ends it when everybody is there. */
  #prepare(): void {
    if (this.#state === 'preparing') return this.#completeJoinWhenReady()
    this.#phase?.cancel()
    this.#state = 'preparing'
    const members = [...this.#members.values()]
    const timeoutMs = Math.max(...members.map(member => member.rebalanceTimeoutMs))
    this.#phase = this.#options.deadlines.after(timeoutMs, () => this.#completeJoinWithoutLateOnes(timeoutMs))
    for (const member of members) {
      member.onSynced?.('REBALANCE_IN_PROGRESS')
      member.onSynced = undefined
      if (member.onJoined === undefined) member.nudge()
    }
    this.#completeJoinWhenReady()
  }

  /** A static member that is late keeps its place until its session ends, and goes without a say in this generation. */
  #completeJoinWithoutLateOnes(timeoutMs: number): void {
    for (const member of [...this.#members.values()]) {
      if (member.onJoined === undefined && member.groupInstanceId === undefined) this.#drop(member, 'UNKNOWN_MEMBER_ID')
    }
    const nobodyJoined = [...this.#members.values()].every(member => member.onJoined === undefined)
    if (nobodyJoined && this.#members.size > 0) {
      this.#phase = this.#options.deadlines.after(timeoutMs, () => this.#completeJoinWithoutLateOnes(timeoutMs))
      return
    }
    this.#completeJoin()
  }

  #completeJoinWhenReady(): void {
    if ([...this.#members.values()].every(member => member.onJoined !== undefined)) this.#completeJoin()
  }

  #completeJoin(): void {
    const members = [...this.#members.values()]
    const joined = members.filter(member => member.onJoined !== undefined)
    this.#phase?.cancel()
    this.#phase = undefined
    this.#generation++
    const leader = joined.find(({ memberId }) => memberId === this.#leaderId) ?? joined[0]
    this.#leaderId = leader?.memberId
    if (leader === undefined) {
      this.#state = 'empty'
      return
    }
    this.#state = 'completing'
    this.#phase = this.#options.deadlines.after(leader.rebalanceTimeoutMs, () => this.#rebalanceWithoutLateSyncs())
    for (const member of joined) {
      const answer = member.onJoined
      member.onJoined = undefined
      const isLeader = member === leader
      answer?.({
        memberId: member.memberId,
        generation: this.#generation,
        isLeader,
        members: isLeader ? members.map(groupMember) : [],
        keepsAssignment: false,
      })
    }
  }

  /** The leader never assigned: a member that did not ask for an assignment either counts as dead. */
  #rebalanceWithoutLateSyncs(): void {
    for (const member of [...this.#members.values()]) {
      if (member.onSynced === undefined) this.#drop(member, 'UNKNOWN_MEMBER_ID')
    }
    this.#afterRemoval()
  }

  /** Takes a member out, and tells it if it waits. */
  #drop(member: Member, reason: GroupRefusal): void {
    this.#members.delete(member.memberId)
    if (member.groupInstanceId !== undefined) this.#staticMembers.delete(member.groupInstanceId)
    member.session?.cancel()
    member.onJoined?.(reason)
    member.onSynced?.(reason)
    member.nudge()
  }

  #afterRemoval(): void {
    if (this.#state === 'preparing') return this.#completeJoinWhenReady()
    if (this.#members.size > 0) return this.#prepare()
    this.#phase?.cancel()
    this.#state = 'empty'
    this.#generation++
    this.#leaderId = undefined
  }

  #joinRefusal({ memberId, protocol }: JoinRequest, staticId: string | undefined): GroupRefusal | undefined {
    if (memberId !== '' && !this.#members.has(memberId)) {
      return staticId === undefined ? 'UNKNOWN_MEMBER_ID' : 'FENCED_INSTANCE_ID'
    }
    const others = [...this.#members.values()].filter(
      member => member.memberId !== memberId && member.memberId !== staticId,
    )
    return others.some(member => member.protocol !== protocol) ? 'INCONSISTENT_GROUP_PROTOCOL' : undefined
  }

  #refusal({ memberId, generation, groupInstanceId }: Caller): GroupRefusal | undefined {
    if (!this.#members.has(memberId)) {
      const replaced = groupInstanceId !== undefined && this.#staticMembers.has(groupInstanceId)
      return replaced ? 'FENCED_INSTANCE_ID' : 'UNKNOWN_MEMBER_ID'
    }
    return generation === this.#generation ? undefined : 'ILLEGAL_GENERATION'
  }

  #memberRefusal(caller: Caller): GroupRefusal | StreamsRefusal | undefined {
    if (this.streams.memberIds.length === 0) return this.#refusal(caller)
    return this.streams.commitRefusal(caller.memberId, caller.generation)
  }

  /** While members join, offsets of the generation that ends are still taken; while the leader assigns, none are. */
  #commitRefusal(caller: Caller): GroupRefusal | StreamsRefusal | undefined {
    if (caller.memberId === '' && caller.generation < 0 && this.state === 'empty') return undefined
    return this.#memberRefusal(caller) ?? (this.#state === 'completing' ? 'REBALANCE_IN_PROGRESS' : undefined)
  }
}

function groupMember({ memberId, groupInstanceId, topics, userData }: Member): GroupMember {
  return { memberId, topics, userData, ...(groupInstanceId !== undefined && { groupInstanceId }) }
}

function sameTopics(a: JoinRequest, b: JoinRequest): boolean {
  return a.topics.length === b.topics.length && a.topics.every((topic, index) => topic === b.topics[index])
}
