import type { Logger, StoreChanges, TaskState, TopicPartitionOffset } from '@millrace/core'
import { indexName } from './expiry-index.ts'
import type { TaskStorePlan } from './task-stores.ts'

/**
 * Stores whose entries expire lie otherwise in the backend than those whose do not: each entry has its timestamp, and the index
 * has it. So a store for which that has changed since it was last opened is emptied, and comes again from its changelog. How it
 * lies is kept among the positions, under a topic that cannot be one.
 */
export async function emptyWhereTtlChanged(
  state: TaskState,
  stores: readonly TaskStorePlan[],
  partition: number,
  logger: Logger,
): Promise<void> {
  const positions = await state.offsets()
  const changes: StoreChanges[] = []
  const offsets: TopicPartitionOffset[] = []
  for (const { plan, changelogTopic } of stores) {
    const marker = `${plan.name}#ttl`
    const expires = plan.ttlMs !== undefined
    if (expires === (positions.find(({ topic }) => topic === marker)?.offset === 1)) continue
    for (const store of expires ? [plan.name, indexName(plan.name)] : [plan.name]) {
      changes.push({ store, keys: [], values: [], deleteRanges: [{}] })
    }
    offsets.push({ topic: marker, partition, offset: expires ? 1 : 0 })
    if (!positions.some(({ topic }) => topic === changelogTopic)) continue
    offsets.push({ topic: changelogTopic!, partition, offset: 0 })
    logger.info(
      { store: plan.name },
      'whether entries of the store expire has changed: it is restored from its changelog',
    )
  }
  if (offsets.length > 0) await state.write(changes, offsets)
}
