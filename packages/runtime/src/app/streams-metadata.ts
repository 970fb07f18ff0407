import type { Plan } from '@millrace/core'
import type { HostTasks } from '../group/member-data.ts'
import { type TaskId, taskName } from '../task/task-id.ts'

/** One instance of the application and what can be asked of it, as of the last assignment. */
export interface StreamsMetadata {
  /** `host:port`, its `applicationServer`. */
  readonly host: string
  /** Ids of the tasks that it processes. */
  readonly activeTasks: readonly string[]
  /** Ids of the tasks whose state it follows. */
  readonly standbyTasks: readonly string[]
  /** Names of stores of which it has a part that is processed, global ones included. */
  readonly stores: readonly string[]
  /** Names of stores of which it has a part that follows another instance. */
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
