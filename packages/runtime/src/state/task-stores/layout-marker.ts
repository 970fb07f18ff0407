import type { Logger, StoreChanges, StorePlan, TaskState, TopicPartitionOffset } from '@millrace/core'
import { indexName } from '../expiry/expiry-index.ts'
import { segmentIntervalMs } from '../format/store-codec.ts'
import type { TaskStorePlan } from './task-store-plan.ts'
import { versionedIntervalMs } from '../buffer/versioned-rows.ts'

/**
 * How a store lies in the backend depends on more than the bytes of its changelog: entries that expire have their timestamps, and
 * an index has them; windows, sessions and old versions lie in segments, whose length comes of how long they are kept. So a store
 * for which that has changed since it was last opened is emptied, and comes again from its changelog. How it lies is kept among
 * the positions, under topics that cannot be any.
 */
export async function emptyWhereLayoutChanged(
  state: TaskState,
  stores: readonly TaskStorePlan[],
  partition: number,
  logger: Logger,
): Promise<void> {
  const positions = await state.offsets()
  const positionOf = (name: string) => positions.find(({ topic }) => topic === name)?.offset
  const keptBefore = ({ topic, unmarked }: Marker) => positionOf(topic) ?? unmarked
  const changes: StoreChanges[] = []
  const offsets: TopicPartitionOffset[] = []
  for (const { plan, changelogTopic } of stores) {
    const differing = markersOf(plan).filter(marker => keptBefore(marker) !== marker.value)
    offsets.push(...differing.map(({ topic, value }) => ({ topic, partition, offset: value })))
    if (differing.every(marker => keptBefore(marker) === undefined)) continue
    for (const store of plan.ttlMs === undefined ? [plan.name] : [plan.name, indexName(plan.name)]) {
      changes.push({ store, keys: [], values: [], deleteRanges: [{}] })
    }
    if (changelogTopic === undefined || positionOf(changelogTopic) === undefined) continue
    offsets.push({ topic: changelogTopic, partition, offset: 0 })
    logger.info({ store: plan.name }, 'the retention of the store has changed: restoring it from its changelog')
  }
  if (offsets.length > 0) await state.write(changes, offsets)
}

interface Marker {
  readonly topic: string
  readonly value: number
  /** What it was where nothing says so; undefined: whatever it is now. */
  readonly unmarked: number | undefined
}

function markersOf(plan: StorePlan): readonly Marker[] {
  const { name, kind, ttlMs } = plan
  const expires: Marker = { topic: `${name}#ttl`, value: ttlMs === undefined ? 0 : 1, unmarked: 0 }
  if (kind === 'key-value') return [expires]
  const segment = kind === 'versioned' ? versionedIntervalMs(plan.historyRetentionMs ?? 0) : segmentIntervalMs(plan)
  return [expires, { topic: `${name}#segment`, value: segment, unmarked: undefined }]
}
