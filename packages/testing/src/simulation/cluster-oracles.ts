import type { MemoryCluster } from '@millrace/client-memory'
import { type Admin, isMillraceError, type KafkaClient, type TopicPartition } from '@millrace/core'
import type { SimulatedMember } from './member-watch.ts'
import { APPLICATION_ID } from './process-world.ts'
import type { RecordWatch } from './watched-plan.ts'

/**
 * A task is run twice when two processes run it that both belong to the group. One that the group has given up may not know; nor
 * may an eager one that belongs to a generation of before.
 */
export function tasksRunTwice(cluster: MemoryCluster, members: readonly SimulatedMember[]): readonly string[] {
  const group = cluster.describeGroup(APPLICATION_ID)
  if (group === undefined) return []
  const owners = new Map<string, string>()
  const violations: string[] = []
  for (const { name, work, eager } of members) {
    if (work === undefined) continue
    const { memberId, generationId } = work.member
    if (!group.memberIds.includes(memberId)) continue
    if (eager && generationId !== group.generation) continue
    for (const task of work.tasks) {
      const other = owners.get(task)
      if (other !== undefined) violations.push(`task ${task} runs in ${other} and in ${name}`)
      owners.set(task, name)
    }
  }
  return violations
}

/** Follows the committed offsets of the application, and says when one passes a record that no process has taken. */
export class OffsetWatch {
  readonly #cluster: MemoryCluster
  readonly #watch: RecordWatch
  readonly #checked = new Map<string, number>()

  constructor(cluster: MemoryCluster, watch: RecordWatch) {
    this.#cluster = cluster
    this.#watch = watch
  }

  check(): readonly string[] {
    const violations: string[] = []
    for (const { topic, partition, offset } of this.#cluster.committedOffsets(APPLICATION_ID)) {
      const name = `${topic}-${partition}`
      const from = this.#checked.get(name) ?? 0
      if (offset <= from) continue
      this.#checked.set(name, offset)
      const log = this.#cluster.log({ topic, partition })
      if (offset > log.highWatermark) violations.push(`offset ${offset} of ${name} is committed, past its end`)
      for (const { header, lastOffset, aborted } of log.batches()) {
        if (header.control || aborted || lastOffset < from) continue
        for (let at = Math.max(from, header.baseOffset); at <= lastOffset && at < offset; at++) {
          if (!this.#watch.hasSeen(topic, partition, at))
            violations.push(
              `lost write: offset ${offset} of ${name} is committed, but record ${at} was never processed`,
            )
        }
      }
    }
    return violations
  }
}

/** Whether the group has committed the end of every topic that is read, past records that no one may see. */
export async function allCommitted(
  client: KafkaClient,
  cluster: MemoryCluster,
  topics: readonly string[],
): Promise<boolean> {
  const admin = client.admin()
  const described = await admin.describeTopics([...new Set(topics)])
  if (described.length < new Set(topics).size) return false
  const partitions = described.flatMap(({ name, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic: name, partition })),
  )
  const committed = await stableOffsets(admin, partitions)
  if (committed === undefined) return false
  return partitions.every(({ topic, partition }) => {
    const offset = committed.find(entry => entry.topic === topic && entry.partition === partition)?.offset ?? 0
    const log = cluster.log({ topic, partition })
    const left = log
      .batches()
      .some(({ header, aborted, lastOffset }) => !header.control && !aborted && lastOffset >= offset)
    return !left && log.lastStableOffset === log.highWatermark
  })
}

/** Undefined while some of them wait for the end of a transaction: its topics may be purged already, and its markers missing. */
async function stableOffsets(admin: Admin, partitions: readonly TopicPartition[]) {
  try {
    return await admin.committedOffsets(APPLICATION_ID, partitions, 'throw')
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MILLRACE_OFFSETS_UNSTABLE') return undefined
    throw error
  }
}
