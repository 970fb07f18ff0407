import type { Situation } from './assignment.ts'

export interface Placement {
  readonly active: Int32Array
  readonly standby: readonly (readonly number[])[]
  readonly warmup: readonly (readonly number[])[]
  /** Something is not where it is to be. */
  readonly probing: boolean
}

/**
 * What holds now, on the way to where tasks are to be: nothing stateful runs where it would first have to be restored, as
 * long as it can run elsewhere, and no standby is given up for one that is not ready. What is to come warms up, no more than
 * `maxWarmupReplicas` at a time, those first that lack least.
 */
export function moveActives(
  situation: Situation,
  target: Int32Array,
  targetStandbys: readonly (readonly number[])[],
): Placement {
  const { tasks, options, lag, sameProcess } = situation
  const active = holdActives(situation, target)
  const standby = targetStandbys.map(list => [...list])
  const warmup: number[][] = tasks.map(() => [])
  const coming: { readonly task: number; readonly member: number; readonly forActive: boolean }[] = []
  tasks.forEach((_, task) => {
    const [now, then] = [active[task]!, target[task]!]
    if (now === then) return
    const swapped = standby[task]!.findIndex(member => sameProcess(member, now))
    if (sameProcess(now, then)) return
    // It is a standby there that runs until its place has caught up: the two change places, which costs no copy more.
    if (swapped >= 0) standby[task]![swapped] = then
    else coming.push({ task, member: then, forActive: true })
  })
  tasks.forEach((_, task) => {
    standby[task]!.forEach((member, index) => {
      if (member === target[task]) return
      const stay = readyElsewhere(situation, task, member, [active[task]!, target[task]!, ...standby[task]!])
      if (stay === undefined) return
      standby[task]![index] = stay
      coming.push({ task, member, forActive: false })
    })
  })
  coming.sort(
    (a, b) =>
      Number(b.forActive) - Number(a.forActive) || lag(a.task, a.member) - lag(b.task, b.member) || a.task - b.task,
  )
  for (const { task, member } of coming.slice(0, options.maxWarmupReplicas)) warmup[task]!.push(member)
  const probing = coming.length > 0 || active.some((member, task) => member !== target[task])
  return { active, standby, warmup, probing }
}

/** Where each task runs now: in its target if that has caught up, or nobody has more of its state. */
function holdActives(situation: Situation, target: Int32Array): Int32Array {
  const { members, tasks, lag, isCaughtUp, isActive } = situation
  const active = Int32Array.from(target)
  const load = members.map(() => 0)
  const held: number[] = []
  tasks.forEach(({ stateful }, task) => {
    if (stateful && !isCaughtUp(task, target[task]!)) held.push(task)
    else load[target[task]!]!++
  })
  for (const task of held) {
    const ready = [...members.keys()].filter(member => isCaughtUp(task, member))
    const order = (member: number) => [
      isActive(task, member) ? 0 : 1,
      ready.length > 0 ? 0 : lag(task, member),
      member === target[task] ? 0 : 1,
      load[member]! / members[member]!.capacity,
    ]
    // Where nobody has caught up, state counts more than who had the task last.
    const criteria = ready.length > 0 ? [0, 3] : [1, 2, 0, 3]
    const better = (a: number, b: number) => {
      const [x, y] = [order(a), order(b)]
      for (const one of criteria) if (x[one] !== y[one]) return x[one]! < y[one]!
      return false
    }
    const candidates = ready.length > 0 ? ready : [...members.keys()]
    active[task] = candidates.reduce((best, member) => (better(member, best) ? member : best))
    load[active[task]]!++
  }
  return active
}

/** Who has a copy that is ready while that of `member` is not, and none of the places that the task has anyway. */
function readyElsewhere(
  situation: Situation,
  task: number,
  member: number,
  taken: readonly number[],
): number | undefined {
  const { members, isCaughtUp, isActive, isStandby, sameProcess } = situation
  if (isCaughtUp(task, member)) return undefined
  return [...members.keys()].find(
    other =>
      isCaughtUp(task, other) &&
      (isActive(task, other) || isStandby(task, other)) &&
      !taken.some(place => sameProcess(place, other)),
  )
}
