import type { ResolvedOptions } from '../config/options.ts'
import type { Holdings } from '../group/group-membership.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { TaskSet } from '../task/task-set.ts'

/** What an instance tells the leader of its group: the tasks that it has, and how far the state is that it could start others with. */
export function holdingsOf(of: {
  readonly options: ResolvedOptions
  readonly processId: string
  readonly tasks: TaskSet
  readonly standbys: StandbyTasks
  readonly onDisk: ReadonlyMap<string, number>
}): Holdings {
  const { options, processId, tasks, standbys, onDisk } = of
  return {
    processId,
    active: tasks.ids,
    standby: standbys.ids,
    positions: new Map([...onDisk, ...standbys.positions, ...tasks.restoring]),
    tags: options.clientTags,
    capacity: 1,
    host: options.applicationServer,
  }
}
