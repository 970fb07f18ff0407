import { isMillraceError, type Plan, topicNaming } from '@millrace/core'
import type { ResolvedOptions } from '../../config/options.ts'
import { parseTaskName, type TaskId, taskName } from '../../task-id.ts'
import type { StateDirectory } from '../directory/state-directory.ts'
import type { TaskStorePlan } from './task-store-plan.ts'
import { TaskStores } from './task-stores.ts'

export interface StoresOfTasks {
  /** As of now: which topics a pattern matches may change between two assignments. */
  readonly plan: () => Plan
  readonly options: ResolvedOptions
  readonly directory: StateDirectory
  /** By name of a task whose stores are closed, how far its state on disk is. */
  readonly onDisk: Map<string, number>
}

/**
 * Opens the stores of a task in its directory; what cannot be read there is moved aside.
 * @throws MILLRACE_STORE_BUSY while another member of the process has them open
 */
export async function openTaskStores(of: StoresOfTasks, id: TaskId): Promise<TaskStores> {
  const { options, directory, onDisk } = of
  const { claims } = directory
  const name = taskName(id)
  await claims?.claim(name)
  const before = onDisk.get(name)
  try {
    const stores = await TaskStores.open({
      stores: storesOfTask(of, id),
      partition: id.partition,
      persistent: options.store,
      directory: directory.taskDirectory(name),
      logger: options.logger,
      threads: options.threads,
      recover: (path, cause) => directory.moveAside(path, cause),
      left(position) {
        if (position !== undefined) onDisk.set(name, position)
        claims?.release(name, position)
      },
    })
    onDisk.delete(name)
    return stores
  } catch (error) {
    claims?.release(name, before)
    throw error
  }
}

function storesOfTask({ plan: planNow, options }: StoresOfTasks, id: TaskId): readonly TaskStorePlan[] {
  const plan = planNow()
  const names = new Set(plan.subTopologies.find(candidate => candidate.id === id.subTopology)?.stores)
  const real = topicNaming(plan, options.applicationId)
  // What fails when a cache is flushed cannot be taken back where offsets are committed before: so nothing is held back.
  const givesUpAtOnce = options.processingGuarantee === 'at_most_once' && options.onBadRecord !== 'fail'
  const caches = options.caching !== 'off' && !givesUpAtOnce
  return plan.stores
    .filter(store => names.has(store.name))
    .map(store => ({
      plan: !caches && store.suppression !== true ? { ...store, caching: false } : store,
      changelogTopic: store.changelog === undefined ? undefined : real(store.changelog.topic),
      changelogIsSource: store.changelog?.isSource ?? false,
    }))
}

/**
 * Looks how far the state is that an earlier process has left: the leader is told, so that tasks come back to where their
 * state is. What cannot be opened now counts as none.
 */
export async function readOnDisk(of: StoresOfTasks): Promise<void> {
  for (const name of await of.directory.taskNames()) {
    const id = parseTaskName(name)
    if (id === undefined || storesOfTask(of, id).length === 0) continue
    // Another member of the process has looked already, or works with it.
    if (of.onDisk.has(name) || of.directory.claims?.inUse().has(name) === true) continue
    try {
      const stores = await openTaskStores(of, id)
      await stores.close()
    } catch (error) {
      if (!isMillraceError(error)) throw error
      of.options.logger.warn({ task: name, error }, 'cannot open the local state: treating it as empty')
    }
  }
}
