import {
  type Admin,
  type Assignor,
  internalTopics,
  type MemberAssignment,
  millraceError,
  type Plan,
  readsByPattern,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import { checkGrowth } from '../../topics/check-growth.ts'
import { taskCount } from '../../topics/partition-counts.ts'
import { type TaskId, taskName } from '../../task-id.ts'
import {
  type AssignableMember,
  type AssignableTask,
  type AssignmentOptions,
  assignTasks,
  type MemberTasks,
} from './assignment.ts'
import { handOver } from './hand-over.ts'
import { decodeMemberData, encodeAssignmentData, encodeMemberData, type MemberData } from './member-data.ts'
import { recordsOfTasks } from '../task-records.ts'

export interface StreamsAssignorOptions {
  /** With the topics that match its patterns at the moment. */
  readonly plan: () => Promise<Plan>
  readonly applicationId: string
  readonly admin: Admin
  /** What this instance has. */
  readonly holdings: () => Omit<MemberData, 'topology'>
  /** Its version. */
  readonly topology: string
  readonly options: AssignmentOptions & { readonly probingRebalanceIntervalMs: number }
}

/**
 * Assigns whole tasks: all partitions of one number of the topics that a sub-topology reads go to one member, as soon as no other
 * holds them.
 *
 * Only members that have the leader's topology get any, so that all tasks are run by one version at a time: what another one
 * calls a task may read other topics, or lack a store. It gets its turn when the leader has gone.
 */
export function streamsAssignor(setup: StreamsAssignorOptions): Assignor {
  return {
    name: 'millrace-cooperative',
    userData: () => encodeMemberData({ ...setup.holdings(), topology: setup.topology }),
    async assign(members) {
      const { applicationId, admin, options } = setup
      const everybody = members.map(({ memberId, userData }) => ({ memberId, data: decodeMemberData(userData) }))
      if (everybody.some(({ data }) => data.shutdown)) return endOfAll(everybody)
      const plan = await setup.plan()
      const partitions = await partitionsOfTasks(plan, applicationId, admin)
      const ids = [...partitions.values()].map(({ id }) => id)
      const records = await recordsOfTasks({ plan, applicationId, admin, tasks: ids })
      const tasks = ids.map((id): AssignableTask => {
        const held = records.get(taskName(id))
        return { id, stateful: held !== undefined, records: held ?? 0 }
      })
      const told = everybody.filter(({ data }) => data.topology === setup.topology)
      const others = everybody.filter(({ data }) => data.topology !== setup.topology)
      const assigned = assignTasks(
        told.map(({ memberId, data }) => assignable(memberId, data, tasks)),
        tasks,
        options,
      )
      const now = given(assigned.members, told, tasks, others.some(isHolding))
      const hosts = told.flatMap(({ memberId, data: { host } }) => {
        const { active, standby, warmup } = now.get(memberId)!
        return host === undefined ? [] : [{ host, active, standby: [...standby, ...warmup] }]
      })
      const inputPartitions = new Set([...partitions.values()].flatMap(task => task.partitions.map(partitionName))).size
      // One member is enough to make the group assign again.
      const prober = assigned.probing ? firstOf(told) : undefined
      return new Map(
        everybody.map(({ memberId }) => {
          const mine = now.get(memberId) ?? NO_TASKS
          const { standby, warmup } = mine
          const looks = [
            ...(memberId === prober ? [options.probingRebalanceIntervalMs] : []),
            ...(mine.waits ? [FOLLOW_UP_MS] : []),
          ]
          const probeInMs = looks.length === 0 ? undefined : Math.min(...looks)
          return [
            memberId,
            {
              partitions: mine.active.flatMap(task => partitions.get(taskName(task))!.partitions),
              userData: encodeAssignmentData({
                ...{ standby, warmup, hosts, probeInMs, inputPartitions },
                isOther: !now.has(memberId),
                shutdown: false,
              }),
            },
          ]
        }),
      )
    },
  }
}

/** Takes everything from everybody, so that it is committed, and says why. */
function endOfAll(members: readonly ToldMember[]): ReadonlyMap<string, MemberAssignment> {
  const nothing = {
    standby: [],
    warmup: [],
    hosts: [],
    isOther: false,
    probeInMs: undefined,
    inputPartitions: undefined,
  }
  const userData = encodeAssignmentData({ ...nothing, shutdown: true })
  return new Map(members.map(({ memberId }) => [memberId, { partitions: [], userData }]))
}

/** What a member gets now. */
interface GivenTasks extends MemberTasks {
  /** It is to have more, which others still hold. */
  readonly waits: boolean
}

const NO_TASKS: GivenTasks = { active: [], standby: [], warmup: [], waits: false }

/**
 * Who gives something up joins again at once, so that others get it. Except one that crashes before: when it is a static member, the
 * group does not even assign at its return. So those who wait look after a while.
 */
const FOLLOW_UP_MS = 10_000

interface ToldMember {
  readonly memberId: string
  readonly data: MemberData
}

/** The names of its tasks are different. */
function isHolding({ data }: ToldMember): boolean {
  return data.claimed.length > 0
}

/**
 * What each member gets now: of its active tasks those that nobody else holds; the state of the others comes already. While
 * members of another topology hold any, which cannot be told by name, nobody gets more than it has.
 */
function given(
  target: ReadonlyMap<string, MemberTasks>,
  told: readonly ToldMember[],
  tasks: readonly AssignableTask[],
  othersHold: boolean,
): ReadonlyMap<string, GivenTasks> {
  const stateful = new Set(tasks.filter(task => task.stateful).map(({ id }) => taskName(id)))
  const free = handOver(
    new Map([...target].map(([memberId, { active }]) => [memberId, active])),
    told.map(({ memberId, data: { claimed, generation } }) => ({ memberId, generation, tasks: claimed })),
  )
  const processOf = new Map(told.map(({ memberId, data }) => [memberId, data.processId || memberId]))
  const claimedIn = (processId: string) =>
    new Set(
      told
        .filter(({ memberId }) => processOf.get(memberId) === processId)
        .flatMap(({ data: { claimed } }) => claimed.map(taskName)),
    )
  return new Map(
    [...target].map(([memberId, { active, standby, warmup }]) => {
      const has = new Set(told.find(each => each.memberId === memberId)!.data.claimed.map(taskName))
      const handed = free.get(memberId)!.filter(task => !othersHold || has.has(taskName(task)))
      const withheld = active.filter(task => !handed.includes(task))
      // In the process that has the task, its state is in use until it is handed over.
      const here = claimedIn(processOf.get(memberId)!)
      const followed = withheld.filter(task => stateful.has(taskName(task)) && !here.has(taskName(task)))
      return [memberId, { active: handed, standby: [...standby, ...followed], warmup, waits: withheld.length > 0 }]
    }),
  )
}

function assignable(memberId: string, data: MemberData, tasks: readonly AssignableTask[]): AssignableMember {
  const { active, standby, positions, tags, capacity } = data
  const running = new Set(active.map(taskName).filter(name => !positions.has(name)))
  const lags = new Map<string, number>()
  for (const { id, records } of tasks) {
    const name = taskName(id)
    const position = positions.get(name)
    if (running.has(name)) lags.set(name, 0)
    // State that is further than its changelog is that of another one.
    else if (position !== undefined) lags.set(name, position > records ? records : records - position)
  }
  return { memberId, processId: data.processId || memberId, active, standby, lags, tags, capacity }
}

/** Every task with the input partitions that belong to it, by name. */
async function partitionsOfTasks(
  plan: Plan,
  applicationId: string,
  admin: Admin,
): Promise<ReadonlyMap<string, { readonly id: TaskId; readonly partitions: readonly TopicPartition[] }>> {
  const real = topicNaming(plan, applicationId)
  const subTopologies = plan.subTopologies.map(({ id, sourceTopics }) => ({ id, topics: sourceTopics.map(real) }))
  // A topic that patterns feed is made when they have matched something.
  const mayBeMissing = new Set(readsByPattern(plan) ? plan.repartitionTopics.map(({ name }) => real(name)) : [])
  const topics = subTopologies.flatMap(subTopology => subTopology.topics)
  const described = await admin.describeTopics([...new Set([...topics, ...internalTopics(plan).map(real)])])
  const counts = new Map(described.map(({ name, partitions }) => [name, partitions]))
  for (const topic of topics)
    if (!counts.has(topic) && !mayBeMissing.has(topic)) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
  checkGrowth(plan, applicationId, counts)
  const tasks = new Map<string, { readonly id: TaskId; readonly partitions: readonly TopicPartition[] }>()
  for (const { id, topics: sources } of subTopologies) {
    for (let partition = 0; partition < taskCount(sources, counts); partition++) {
      const task = { subTopology: id, partition }
      const partitions = sources
        .filter(topic => partition < (counts.get(topic) ?? 0))
        .map(topic => ({ topic, partition }))
      tasks.set(taskName(task), { id: task, partitions })
    }
  }
  return tasks
}

function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

function firstOf(members: readonly ToldMember[]): string | undefined {
  return members.map(({ memberId }) => memberId).sort()[0]
}
