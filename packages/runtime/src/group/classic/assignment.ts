import { compareTasks, type TaskId, taskName } from '../../task-id.ts'
import { moveActives } from './move-gently.ts'
import { spreadEvenly } from './spread-evenly.ts'
import { spreadStandbys } from './standby-assignment.ts'
import { STATE_COST } from './state-cost.ts'

/** What the leader knows of a member. */
export interface AssignableMember {
  readonly memberId: string
  /** Members of one process share its disk: a task has one copy of its state there. */
  readonly processId: string
  /** Tasks that it has, running or on their way. */
  readonly active: readonly TaskId[]
  /** Tasks whose state it follows, warm-ups too. */
  readonly standby: readonly TaskId[]
  /** By name of the task, how many changelog records its copy of the state lacks; a task that is absent has no copy. */
  readonly lags: ReadonlyMap<string, number>
  /** Where it is, as `{ zone: 'a' }` (KIP-708). */
  readonly tags: Readonly<Record<string, string>>
  /** How much it takes in comparison with others. */
  readonly capacity: number
}

export interface AssignableTask {
  readonly id: TaskId
  /** It has stores that can be restored. */
  readonly stateful: boolean
  /** How many changelog records a member lacks that has nothing. */
  readonly records: number
}

export interface AssignmentOptions {
  /** Copies of each stateful task beside the active one. */
  readonly numStandbyReplicas: number
  /** A copy that lacks no more records counts as caught up. */
  readonly acceptableRecoveryLag: number
  /** How many copies more there may be at a time, in the whole group, for tasks that are to move. */
  readonly maxWarmupReplicas: number
  /** Tags whose values the copies of a task are spread over. */
  readonly rackAwareAssignmentTags: readonly string[]
}

export interface MemberTasks {
  readonly active: readonly TaskId[]
  readonly standby: readonly TaskId[]
  /** Temporary standbys: the task moves here when they have caught up. */
  readonly warmup: readonly TaskId[]
}

export interface Assigned {
  /** By member id. */
  readonly members: ReadonlyMap<string, MemberTasks>
  /** Some task is not where it is to be: assign again when its warm-up may have caught up. */
  readonly probing: boolean
}

/** Where the copies of each task are to be, as numbers of members. */
export interface Situation {
  readonly members: readonly AssignableMember[]
  readonly tasks: readonly AssignableTask[]
  readonly names: readonly string[]
  readonly options: AssignmentOptions
  /** How many records a member lacks of a task. */
  lag(task: number, member: number): number
  isCaughtUp(task: number, member: number): boolean
  isActive(task: number, member: number): boolean
  isStandby(task: number, member: number): boolean
  sameProcess(one: number, other: number): boolean
  /** What it costs to bring the state there, below `STATE_COST`: nothing where it is. */
  stateCost(task: number, member: number): number
}

/**
 * Who gets which task (KIP-441). First, where tasks are to be in the end: numbers differ by one at most, those of stateful tasks
 * and those of all; within that the fewest tasks move, and those that move go where most of their state is. Then what holds
 * until then: a stateful task whose new place has not caught up stays where the state is, and gets a warm-up in its new place.
 *
 * Pure and deterministic. Assigning again what it gave, with warm-ups that have caught up, it settles: with each round at
 * least one task less is in the wrong place.
 */
export function assignTasks(
  members: readonly AssignableMember[],
  tasks: readonly AssignableTask[],
  options: AssignmentOptions,
): Assigned {
  const situation = situationOf(members, tasks, options)
  if (situation.members.length === 0) return { members: new Map(), probing: false }
  const target = spreadActives(situation)
  const standbys = spreadStandbys(situation, target)
  const { active, standby, warmup, probing } = moveActives(situation, target, standbys)
  const own = (of: readonly (readonly number[])[], member: number) =>
    situation.tasks.filter((_, task) => of[task]!.includes(member)).map(({ id }) => id)
  return {
    members: new Map(
      situation.members.map(({ memberId }, member) => [
        memberId,
        {
          active: situation.tasks.filter((_, task) => active[task] === member).map(({ id }) => id),
          standby: own(standby, member),
          warmup: own(warmup, member),
        },
      ]),
    ),
    probing,
  }
}

function situationOf(
  given: readonly AssignableMember[],
  givenTasks: readonly AssignableTask[],
  options: AssignmentOptions,
): Situation {
  const members = [...given].sort((a, b) => compare(a.memberId, b.memberId))
  const tasks = [...givenTasks].sort((a, b) => compareTasks(a.id, b.id))
  const names = tasks.map(({ id }) => taskName(id))
  const active = members.map(member => new Set(member.active.map(taskName)))
  const standby = members.map(member => new Set(member.standby.map(taskName)))
  const lag = lagsOfProcesses(members, tasks, names)
  const isCaughtUp = (task: number, member: number) => lag(task, member) <= options.acceptableRecoveryLag
  const isStandby = (task: number, member: number) => standby[member]!.has(names[task]!)
  return {
    members,
    tasks,
    names,
    options,
    lag,
    isCaughtUp,
    isStandby,
    isActive: (task, member) => active[member]!.has(names[task]!),
    sameProcess: (one, other) => members[one]!.processId === members[other]!.processId,
    stateCost(task, member) {
      if (!tasks[task]!.stateful) return 0
      // Of two that lack about as much, the one that is at it already: else a warm-up would be left half-way.
      const rank = 2 * Math.floor(Math.log2(lag(task, member) + 1)) + (isStandby(task, member) ? 0 : 1)
      return rank + (isCaughtUp(task, member) ? 0 : 4)
    },
  }
}

/**
 * How many records a member lacks of a task: what its process lacks, since members of one process hand a task on with its state on
 * their disk.
 */
function lagsOfProcesses(
  members: readonly AssignableMember[],
  tasks: readonly AssignableTask[],
  names: readonly string[],
): (task: number, member: number) => number {
  const lags = new Map<string, Map<string, number>>()
  for (const { processId, lags: own } of members) {
    const known = lags.get(processId) ?? new Map<string, number>()
    lags.set(processId, known)
    for (const [name, lag] of own) known.set(name, Math.min(lag, known.get(name) ?? Infinity))
  }
  const byMember = members.map(({ processId }) => lags.get(processId)!)
  return (task, member) => byMember[member]!.get(names[task]!) ?? tasks[task]!.records
}

/** Where each task is to be active, by number of the task. */
function spreadActives({ members, tasks, isActive, stateCost }: Situation): Int32Array {
  const count = tasks.length
  const moveCost = STATE_COST * (count + 1)
  const evenness = (moveCost + STATE_COST) * (count + 1)
  const costs = tasks.map((_, task) =>
    members.map((__, member) => (isActive(task, member) ? 0 : moveCost) + stateCost(task, member)),
  )
  const start = new Int32Array(count).fill(-1)
  costs.forEach((row, task) => {
    const owner = members.findIndex((_, member) => isActive(task, member))
    if (owner >= 0) start[task] = row.indexOf(Math.min(...row))
  })
  placeTheRest(tasks, members, costs, start)
  return spreadEvenly(
    {
      items: count,
      places: members.length,
      cost: (task, member) => costs[task]![member]!,
      isHeavy: task => tasks[task]!.stateful,
      capacity: member => members[member]!.capacity,
      heavyWeight: evenness,
      totalWeight: evenness,
    },
    start,
  )
}

/**
 * Tasks that nobody has, one after another to a member that has their state, and of those to the member with the fewest tasks, so that the tasks of
 * a sub-topology are spread.
 */
function placeTheRest(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  costs: readonly (readonly number[])[],
  start: Int32Array,
): void {
  const order = [...tasks.keys()].sort((a, b) => Number(tasks[b]!.stateful) - Number(tasks[a]!.stateful) || a - b)
  const total = members.map(() => 0)
  for (const member of start) if (member >= 0) total[member]!++
  for (const task of order) {
    if (start[task]! >= 0) continue
    const load = (member: number) => total[member]! / members[member]!.capacity
    const cheapest = Math.min(...costs[task]!)
    const candidates = [...members.keys()].filter(member => costs[task]![member] === cheapest)
    const least = candidates.reduce((best, member) => (load(member) < load(best) ? member : best))
    start[task] = least
    total[least]!++
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
