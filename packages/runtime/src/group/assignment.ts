import { compareTasks, parseTaskName, type TaskId, taskName } from '../task/task-id.ts'

/** What the leader knows of a member. */
export interface AssignableMember {
  readonly memberId: string
  /** Tasks whose state the member has, most recently owned first. */
  readonly owned: readonly TaskId[]
}

/**
 * Who gets which task: every task exactly once; numbers differ by one at most; within that, tasks stay where they are. Pure and
 * deterministic, so that it can be tested with properties.
 */
export function assignTasks(
  members: readonly AssignableMember[],
  tasks: readonly TaskId[],
): ReadonlyMap<string, readonly TaskId[]> {
  const ordered = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0))
  const assigned = new Map<string, TaskId[]>(ordered.map(({ memberId }) => [memberId, []]))
  if (ordered.length === 0) return assigned

  const unclaimed = new Map([...tasks].sort(compareTasks).map(task => [taskName(task), task]))
  const least = Math.floor(unclaimed.size / ordered.length)
  let withOneMore = unclaimed.size % ordered.length

  // Those who own most keep the one task more that some must have, so that the fewest tasks move.
  const claims = (member: AssignableMember) => member.owned.filter(task => unclaimed.has(taskName(task))).length
  for (const member of [...ordered].sort((a, b) => claims(b) - claims(a))) {
    const mine = assigned.get(member.memberId)!
    const quota = least + (withOneMore > 0 && claims(member) > least ? 1 : 0)
    for (const task of member.owned) {
      if (mine.length >= quota) break
      const name = taskName(task)
      if (!unclaimed.delete(name)) continue
      mine.push(task)
    }
    if (mine.length > least) withOneMore--
  }
  // What is left goes to whoever has least, sub-topology by sub-topology, so that a heavy one is spread.
  for (const task of unclaimed.values()) {
    const [, poorest] = [...assigned].reduce((least_, entry) => (entry[1].length < least_[1].length ? entry : least_))
    poorest.push(task)
  }
  for (const list of assigned.values()) list.sort(compareTasks)
  return assigned
}

/** What a member tells the leader: `{"version":1,"tasks":["0_0"]}`, the tasks whose state it has. */
export function encodeMemberData(tasks: readonly TaskId[]): Uint8Array {
  return Buffer.from(JSON.stringify({ version: 1, tasks: tasks.map(taskName) }))
}

/** A member of another version, or another application, owns nothing as far as we know. */
export function decodeMemberData(bytes: Uint8Array): readonly TaskId[] {
  try {
    const data = JSON.parse(Buffer.from(bytes).toString()) as { version?: unknown; tasks?: unknown }
    if (data.version !== 1 || !Array.isArray(data.tasks)) return []
    return data.tasks.map(name => parseTaskName(String(name))).filter(id => id !== undefined)
  } catch {
    return []
  }
}
