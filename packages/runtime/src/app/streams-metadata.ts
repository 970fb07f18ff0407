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
  return hosts.map(({ host, active, standby }) => ({
    host,
    activeTasks: active.map(taskName),
    standbyTasks: standby.map(taskName),
    stores: [...new Set([...storesOf(active), ...globals])].sort(),
    standbyStores: [...new Set(storesOf(standby))].sort(),
  }))
}
