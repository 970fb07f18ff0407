import type { Plan } from '@millrace/core'
import type { HostTasks } from '../group/group-membership.ts'
import { type TaskId, taskName } from '../task-id.ts'

/** An instance of the application and its stores, as of the last assignment. */
export interface StreamsMetadata {
  /** The `applicationServer` of the instance, `host:port`. */
  readonly host: string
  /** The ids of the tasks that it processes. */
  readonly activeTasks: readonly string[]
  /** The ids of the tasks that it is a standby of. */
  readonly standbyTasks: readonly string[]
  /** The names of the stores of which it processes a part, including global stores. */
  readonly stores: readonly string[]
  /** The names of the stores of which it is a standby for a part. */
  readonly standbyStores: readonly string[]
}

/** What the leader has said of the hosts, with the names of the stores that belong to their tasks. */
export function metadataOf(hosts: readonly HostTasks[], plan: Plan): readonly StreamsMetadata[] {
  const globals = plan.globals.map(({ store }) => store)
  const storesOf = (tasks: readonly TaskId[]) => {
    const subTopologies = new Set(tasks.map(({ subTopology }) => subTopology))
    return plan.subTopologies.filter(({ id }) => subTopologies.has(id)).flatMap(({ stores }) => stores)
  }
  return instancesOf(hosts).map(({ host, active, standby }) => ({
    host,
    activeTasks: active.map(taskName),
    standbyTasks: standby.map(taskName),
    stores: [...new Set([...storesOf(active), ...globals])].sort(),
    standbyStores: [...new Set(storesOf(standby))].sort(),
  }))
}

/** The threads of an instance are members of their own. What one of them processes, the instance is no standby of. */
function instancesOf(hosts: readonly HostTasks[]): readonly HostTasks[] {
  return [...new Set(hosts.map(({ host }) => host))].map(host => {
    const members = hosts.filter(one => one.host === host)
    const active = members.flatMap(one => one.active)
    const processed = new Set(active.map(taskName))
    const standby = members.flatMap(one => one.standby).filter(task => !processed.has(taskName(task)))
    return { host, active, standby }
  })
}
