import type { ResolvedOptions } from '../config/options.ts'
import type { MemberData } from '../group/member-data.ts'
import type { TaskSet } from '../task/task-set.ts'

/** What an instance tells the leader of its group: the tasks that it has, and how far the state is that it could start others with. */
export function holdingsOf(of: {
  readonly options: ResolvedOptions
  readonly processId: string
  readonly tasks: TaskSet
  readonly onDisk: ReadonlyMap<string, number>
}): MemberData {
  const { options, processId, tasks, onDisk } = of
  return {
    processId,
    active: tasks.ids,
    standby: [],
    positions: new Map([...onDisk, ...tasks.restoring]),
    tags: options.clientTags,
    capacity: 1,
    host: options.applicationServer,
  }
}
