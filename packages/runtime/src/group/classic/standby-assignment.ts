import type { Situation } from './assignment.ts'
import { spreadEvenly, type SpreadProblem } from './spread-evenly.ts'
import { STATE_COST } from './state-cost.ts'

/**
 * Where the standbys of each task are to be when its active one is where `target` says: never twice in a process, over as many
 * values of the tags as there are, numbers as equal as that allows, and within it where they are already. A group that is too
 * small gets fewer.
 */
export function spreadStandbys(situation: Situation, target: Int32Array): readonly (readonly number[])[] {
  const { members, tasks, options } = situation
  const standbys: number[][] = tasks.map(() => [])
  const processes = new Set(members.map(({ processId }) => processId)).size
  const copies = Math.min(options.numStandbyReplicas, processes - 1)
  if (copies <= 0) return standbys
  const items = [...tasks.keys()]
    .filter(task => tasks[task]!.stateful)
    .flatMap(task => Array<number>(copies).fill(task))
  const problem = standbyProblem(situation, target, items, copies)
  const at = spreadEvenly(problem, startOf(situation, problem, items, copies))
  items.forEach((task, item) => standbys[task]!.push(at[item]!))
  for (const list of standbys) list.sort((a, b) => a - b)
  return standbys
}

/** Copies of a task are next to each other. */
function standbyProblem(
  situation: Situation,
  target: Int32Array,
  items: readonly number[],
  copies: number,
): SpreadProblem {
  const { members, options, isStandby, sameProcess, stateCost } = situation
  const moveCost = STATE_COST * (items.length + 1)
  const totalWeight = (moveCost + STATE_COST) * (items.length + 1)
  // That the standbys are spread evenly counts more than that all tasks are.
  const heavyWeight = totalWeight * 2 * (items.length + target.length + 1)
  const tagCost = heavyWeight * 2 * (items.length + 2)
  const tags = members.map(member => options.rackAwareAssignmentTags.map(tag => member.tags[tag] ?? ''))
  const alike = (one: number, other: number) => tags[one]!.filter((value, tag) => value === tags[other]![tag]).length
  const baseLoad = members.map((_, member) => target.filter(place => place === member).length)
  return {
    items: items.length,
    places: members.length,
    isHeavy: () => true,
    capacity: member => members[member]!.capacity,
    heavyWeight,
    totalWeight,
    baseLoad,
    cost(item, member, at) {
      const task = items[item]!
      const active = target[task]!
      if (sameProcess(active, member)) return Infinity
      let collisions = alike(active, member)
      const first = item - (item % copies)
      for (let other = first; other < first + copies; other++) {
        const place = at[other]!
        if (other === item || place < 0) continue
        if (sameProcess(place, member)) return Infinity
        collisions += alike(place, member)
      }
      const state = (isStandby(task, member) ? 0 : moveCost) + stateCost(task, member)
      return collisions * tagCost + state
    },
  }
}

/** Standbys that may stay stay; the others go one after another to the best member. */
function startOf(situation: Situation, problem: SpreadProblem, items: readonly number[], copies: number): Int32Array {
  const { members, isStandby, lag } = situation
  const at = new Int32Array(items.length).fill(-1)
  const load = members.map(() => 0)
  const place = (item: number, member: number) => {
    at[item] = member
    load[member]!++
  }
  for (let first = 0; first < items.length; first += copies) {
    const task = items[first]!
    const holders = [...members.keys()].filter(member => isStandby(task, member))
    holders.sort((a, b) => lag(task, a) - lag(task, b))
    let item = first
    for (const holder of holders) {
      if (item < first + copies && problem.cost(item, holder, at) < Infinity) place(item++, holder)
    }
  }
  for (let item = 0; item < items.length; item++) {
    if (at[item]! >= 0) continue
    const cost = (member: number) => {
      const loaded = (problem.heavyWeight * (2 * load[member]! + 1)) / problem.capacity(member)
      return problem.cost(item, member, at) + loaded
    }
    place(
      item,
      members.reduce((best, _, member) => (cost(member) < cost(best) ? member : best), 0),
    )
  }
  return at
}
