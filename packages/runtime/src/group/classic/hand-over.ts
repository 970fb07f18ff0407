import { type TaskId, taskName } from '../../task-id.ts'

/** What a member holds, running or on its way, by its own account. */
export interface Claim {
  readonly memberId: string
  /** In which these tasks were assigned to it; -1 before the first. */
  readonly generation: number
  readonly tasks: readonly TaskId[]
}

/**
 * Who holds each claimed task, by its name. Of several that claim it, the one to whom it was assigned last: the others have
 * been out of the group and do not know it yet. `undefined` where that does not decide it.
 */
export function holders(claims: readonly Claim[]): ReadonlyMap<string, string | undefined> {
  const newest = new Map<string, { readonly generation: number; readonly memberId: string | undefined }>()
  for (const { memberId, generation, tasks } of claims) {
    for (const name of tasks.map(taskName)) {
      const other = newest.get(name)
      if (other !== undefined && other.generation > generation) continue
      newest.set(name, { generation, memberId: other?.generation === generation ? undefined : memberId })
    }
  }
  return new Map([...newest].map(([name, { memberId }]) => [name, memberId]))
}

/**
 * What each member is given now, of what it is to have in the end (KIP-429): what it holds already, and what nobody holds. A
 * task that somebody else holds is withheld until that member, which finds it missing in its own assignment, has committed and
 * closed it and joins again without it. So no task ever has two owners, and those that stay are not touched.
 */
export function handOver(
  target: ReadonlyMap<string, readonly TaskId[]>,
  claims: readonly Claim[],
): ReadonlyMap<string, readonly TaskId[]> {
  const held = holders(claims)
  const isFree = (memberId: string, name: string) => !held.has(name) || held.get(name) === memberId
  return new Map(
    [...target].map(([memberId, tasks]) => [memberId, tasks.filter(task => isFree(memberId, taskName(task)))]),
  )
}
