/** Who gets tasks, in the order in which they joined. */
export interface AssignableMember {
  readonly memberId: string
  readonly processId: string
}

export interface TaskNames {
  readonly active: ReadonlySet<string>
  readonly standby: ReadonlySet<string>
}

/**
 * Every task to one member: to the one that has it, unless that has more than its share; else to the one with the fewest. Copies go to
 * other processes. Pure and deterministic.
 */
export function assignSticky(
  members: readonly AssignableMember[],
  tasks: readonly string[],
  before: ReadonlyMap<string, TaskNames>,
  standbys: { readonly replicas: number; readonly isStateful: (task: string) => boolean },
): ReadonlyMap<string, TaskNames> {
  const active = new Map(members.map(({ memberId }) => [memberId, new Set<string>()]))
  const standby = new Map(members.map(({ memberId }) => [memberId, new Set<string>()]))
  if (members.length === 0) return new Map()
  const share = Math.ceil(tasks.length / members.length)
  const had = (memberId: string, task: string) => before.get(memberId)?.active.has(task) === true
  const rest: string[] = []
  for (const task of tasks) {
    const owner = members.find(({ memberId }) => had(memberId, task) && active.get(memberId)!.size < share)
    if (owner === undefined) rest.push(task)
    else active.get(owner.memberId)!.add(task)
  }
  for (const task of rest) {
    // A copy of its state is worth a place, as long as there is room.
    const withCopy = members.find(
      ({ memberId }) => before.get(memberId)?.standby.has(task) === true && active.get(memberId)!.size < share,
    )
    active.get((withCopy ?? fewest(members, active)).memberId)!.add(task)
  }
  for (const task of tasks.filter(standbys.isStateful)) {
    const processOf = (memberId: string) => members.find(each => each.memberId === memberId)!.processId
    const taken = new Set([...active].filter(([, own]) => own.has(task)).map(([memberId]) => processOf(memberId)))
    for (let copy = 0; copy < standbys.replicas; copy++) {
      const free = members.filter(({ processId }) => !taken.has(processId))
      if (free.length === 0) break
      const kept = free.find(({ memberId }) => before.get(memberId)?.standby.has(task))
      const chosen = kept ?? fewest(free, standby)
      standby.get(chosen.memberId)!.add(task)
      taken.add(chosen.processId)
    }
  }
  return new Map(
    members.map(({ memberId }) => [memberId, { active: active.get(memberId)!, standby: standby.get(memberId)! }]),
  )
}

function fewest(
  members: readonly AssignableMember[],
  tasks: ReadonlyMap<string, ReadonlySet<string>>,
): AssignableMember {
  return members.reduce((best, member) =>
    tasks.get(member.memberId)!.size < tasks.get(best.memberId)!.size ? member : best,
  )
}
