import {
  type Admin,
  type GroupDescription,
  millraceError,
  type MillraceError,
  type TopicPartition,
} from '@millrace/core'
import { findLocalState, type LocalState } from '../state/directory/local-state.ts'
import { TopicPatterns } from '../topics/topic-patterns.ts'
import { chooseInternalTopics } from './internal-topic-names.ts'
import type { ResolvedReset } from './reset-options.ts'
import { moveOffsets, type OffsetMove, partitionRanges, type ResetPosition, timeOf } from './reset-position.ts'

/** What a reset does, in this order. */
export interface ResetPlan {
  /** Taken out of the group. */
  readonly members: GroupDescription['members']
  readonly localState: LocalState
  readonly offsets: readonly OffsetMove[]
  readonly deletedTopics: readonly string[]
  /** They look like internal topics of the application, but are not asked for, or not of its topology. */
  readonly sparedTopics: readonly string[]
  /** Why it would be refused as things stand: the group has members, or a process uses the state. */
  readonly obstacles: readonly MillraceError[]
}

/**
 * Looks at everything and changes nothing.
 * @throws MILLRACE_TOPIC_MISSING, MILLRACE_RESET_INVALID
 */
export async function planReset(reset: ResolvedReset, admin: Admin): Promise<ResetPlan> {
  const { applicationId, force } = reset
  const members = (await admin.describeGroup(applicationId))?.members ?? []
  const localState = await findLocalState(reset)
  const existing = await admin.listTopics()
  const inputs = await inputTopics(reset, admin)
  const users = [...inputs, ...reset.intermediateTopics]
  checkTopics(reset, users, existing)
  const topics = chooseInternalTopics({
    applicationId,
    existing,
    users,
    plan: reset.topology,
    only: reset.internalTopics,
  })
  if (topics.foreign.length > 0) throw invalid(reset, `not internal topics of it: ${topics.foreign.join(', ')}`)
  const offsets = [
    ...(await moves(reset, admin, inputs, reset.to)),
    ...(await moves(reset, admin, reset.intermediateTopics, 'latest')),
  ]
  const obstacles: MillraceError[] = []
  if (members.length > 0 && !force) obstacles.push(groupActive(applicationId, members))
  if (localState.holder !== undefined) {
    const { path: directory, holder: owner } = localState
    obstacles.push(millraceError('MILLRACE_STORE_LOCKED', { directory, owner }))
  }
  return {
    members: force ? members : [],
    localState,
    offsets,
    deletedTopics: topics.doomed,
    sparedTopics: topics.spared,
    obstacles,
  }
}

/** Those that are given, else those that the topology reads as tasks: global tables follow no committed offsets. */
async function inputTopics(reset: ResolvedReset, admin: Admin): Promise<readonly string[]> {
  const { topology, applicationId, intermediateTopics } = reset
  if (topology === undefined) return [...new Set(reset.inputTopics ?? [])]
  const { subTopologies, repartitionTopics } = await new TopicPatterns(topology, applicationId).matched(admin)
  const internal = new Set(repartitionTopics.map(({ name }) => name))
  const read = [...new Set(subTopologies.flatMap(({ sourceTopics }) => sourceTopics))].filter(
    name => !internal.has(name),
  )
  const stranger = (reset.inputTopics ?? []).find(topic => !read.includes(topic))
  if (stranger !== undefined) throw invalid(reset, `its topology does not read "${stranger}", only ${read.join(', ')}`)
  return (reset.inputTopics ?? read).filter(topic => !intermediateTopics.includes(topic))
}

function checkTopics(reset: ResolvedReset, users: readonly string[], existing: readonly string[]): void {
  const missing = users.find(topic => !existing.includes(topic))
  if (missing !== undefined) {
    const hint = 'Nothing was changed. Correct the name.'
    throw millraceError('MILLRACE_TOPIC_MISSING', { topic: missing }, { hint })
  }
  const twice = users.find((topic, at) => users.indexOf(topic) !== at)
  if (twice !== undefined) throw invalid(reset, `"${twice}" is both an input and an intermediate topic`)
}

async function moves(
  reset: ResolvedReset,
  admin: Admin,
  topics: readonly string[],
  position: ResetPosition,
): Promise<readonly OffsetMove[]> {
  if (topics.length === 0) return []
  const described = await admin.describeTopics(topics)
  const partitions = described.flatMap(({ name: topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition): TopicPartition => ({ topic, partition })),
  )
  if (typeof position === 'object' && 'offsets' in position) {
    const stranger = position.offsets.find(
      each => !partitions.some(({ topic, partition }) => topic === each.topic && partition === each.partition),
    )
    if (stranger !== undefined)
      throw invalid(reset, `${stranger.topic}-${stranger.partition} is not a partition of its input`)
  }
  const time = timeOf(position, reset.clock.now())
  const ranges = await partitionRanges(admin, reset.applicationId, partitions, time)
  return moveOffsets(reset.applicationId, position, ranges)
}

function invalid({ applicationId }: ResolvedReset, reason: string): MillraceError {
  return millraceError('MILLRACE_RESET_INVALID', { applicationId, reason })
}

function groupActive(groupId: string, members: GroupDescription['members']): MillraceError {
  const hint =
    'Stop all instances of the application first. A killed instance is removed when its session times out, or at once with force.'
  const names = members.map(({ memberId }) => memberId).join(', ')
  return millraceError('MILLRACE_GROUP_ACTIVE', { groupId, members: names }, { hint })
}
