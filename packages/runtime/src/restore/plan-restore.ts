import type { Admin, Logger, TopicPartitionOffset } from '@millrace/core'
import type { TaskStores } from '../state/task-stores/task-stores.ts'

/** What is missing in a store: the records of its changelog from an offset on, up to another. */
export interface RestorePlan {
  readonly store: string
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
  /** The changelog is a source topic: what lies beyond `to` has not been processed, and must not be restored. */
  readonly isSource: boolean
}

export interface RestoreSubject {
  readonly task: string
  readonly partition: number
  readonly stores: TaskStores
  /**
   * For stores whose changelog is a source topic: how far the task has processed it. What comes later is not restored, but
   * processed.
   */
  readonly processed: readonly TopicPartitionOffset[]
}

/** Where each changelog of a task begins and ends. A store whose position its changelog no longer has is emptied, and it is said. */
export async function planRestore(
  { task, partition, stores, processed }: RestoreSubject,
  { admin, logger }: { readonly admin: Admin; readonly logger: Logger },
): Promise<readonly RestorePlan[]> {
  const logged = stores.plans.filter(({ changelogTopic }) => changelogTopic !== undefined)
  if (logged.length === 0) return []
  const partitions = logged.map(({ changelogTopic }) => ({ topic: changelogTopic!, partition }))
  const [positions, earliest, latest] = await Promise.all([
    stores.offsets(),
    admin.earliestOffsets(partitions),
    admin.latestOffsets(partitions),
  ])
  const plans: RestorePlan[] = []
  for (const { plan, changelogTopic, changelogIsSource: isSource } of logged) {
    const topic = changelogTopic!
    const first = offsetOf(earliest, topic)
    const end = offsetOf(latest, topic)
    const to = isSource ? Math.min(end, offsetOf(processed, topic)) : end
    const stored = positions.get(topic)
    const lost = stored !== undefined && (stored < first || stored > to)
    if (lost) {
      logger.warn({ task, store: plan.name, position: stored, earliest: first, latest: to }, LOST)
    }
    const from = lost ? first : (stored ?? first)
    if (lost || stored === undefined) await stores.clear(plan.name, [{ topic, partition, offset: from }])
    plans.push({ store: plan.name, topic, partition, from, to, isSource })
  }
  return plans
}

/** What is said of a store that is rebuilt because its changelog has moved on without it. */
export const LOST = 'the changelog no longer contains the position of the local state: restoring from the beginning'

function offsetOf(offsets: readonly TopicPartitionOffset[], topic: string): number {
  return offsets.find(entry => entry.topic === topic)?.offset ?? 0
}
