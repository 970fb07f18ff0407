import {
  type Admin,
  type Clock,
  isMillraceError,
  type KafkaClient,
  type Plan,
  type Position,
  topicNaming,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Hop, TopicRoutes } from './topic-routes.ts'

/** Offsets by partition. */
type Bounds = Map<number, number>

export interface UpstreamOptions {
  readonly plan: Plan
  readonly applicationId: string
  readonly client: Pick<KafkaClient, 'consumer'>
  readonly admin: Admin
  readonly clock: Clock
  /** By real name. */
  readonly partitions: (topic: string) => number
}

const LOOK_EVERY_MS = 20

/**
 * Follows records from a topic to the topics that the tasks of a store read, and returns what these tasks have to process. Undefined
 * if `deadline` comes first.
 *
 * A task commits its input after everything that it has made of it is in the topics below. So when a record's offset is committed,
 * what was made of it lies before the ends of those topics, and a task that has processed them up to there has processed it. A record
 * that takes several hops is followed hop by hop (ADR 25).
 */
export async function followUpstream(
  options: UpstreamOptions,
  routes: TopicRoutes,
  after: Position,
  deadline: number,
): Promise<Position | undefined> {
  const real = topicNaming(options.plan, options.applicationId)
  const bounds = new Map<string, Bounds>()
  for (const { topic, partition, offset } of after) raise(bounds, topic, partition, offset)
  const own: TopicPartitionOffset[] = []
  for (const hop of routes.hops) {
    const topic = real(hop.topic)
    const wanted = bounds.get(topic)
    if (wanted === undefined) continue
    const position = [...wanted].map(([partition, offset]) => ({ topic, partition, offset }))
    if (hop.direct) own.push(...position)
    if (hop.next.length === 0) continue
    if (!(await areCommitted(options, position, deadline))) return undefined
    for (const { topic: made, partition, offset } of await ends(options, hop, real, deadline)) {
      raise(bounds, made, partition, offset - 1)
    }
  }
  return own
}

/** Waits until the group has committed all of these records. */
async function areCommitted(options: UpstreamOptions, position: Position, deadline: number): Promise<boolean> {
  const { admin, applicationId, clock } = options
  for (;;) {
    // A partition whose offset a transaction holds is absent, and not committed yet.
    const committed = await retried(() => admin.committedOffsets(applicationId, position, 'omit'), clock, deadline)
    const offsets = new Map(committed.map(({ topic, partition, offset }) => [`${topic}\0${partition}`, offset]))
    const open = position.flatMap(({ topic, partition, offset }) => {
      const next = offsets.get(`${topic}\0${partition}`) ?? 0
      return next > offset ? [] : [{ topic, partition, offset: next, end: offset + 1 }]
    })
    if (open.length === 0 || !(await haveRecords(options, open, deadline))) return true
    const left = deadline - clock.monotonic()
    if (left <= 0) return false
    await clock.sleep(Math.min(LOOK_EVERY_MS, left))
  }
}

/**
 * Whether any of these parts of a log has a committed record. What is left at the end of a topic may be the end of a transaction, and no
 * commit moves past that before the next record comes.
 */
async function haveRecords(
  { client, clock }: UpstreamOptions,
  parts: readonly (TopicPartitionOffset & { readonly end: number })[],
  deadline: number,
): Promise<boolean> {
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  try {
    await consumer.assign(parts.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
    const open = new Map(parts.map(({ topic, partition, end }) => [`${topic}\0${partition}`, end]))
    while (open.size > 0) {
      const waitMs = Math.max(0, Math.min(LOOK_EVERY_MS, deadline - clock.monotonic()))
      for (const { topic, partition, nextOffset, recordCount } of await consumer.poll(waitMs)) {
        if (recordCount > 0) return true
        if (nextOffset >= (open.get(`${topic}\0${partition}`) ?? Infinity)) open.delete(`${topic}\0${partition}`)
      }
      if (clock.monotonic() >= deadline) return open.size > 0
    }
    return false
  } catch (error) {
    if (isMillraceError(error, 'retriable')) return true
    throw error
  } finally {
    await consumer.close()
  }
}

async function ends(
  { admin, clock, partitions }: UpstreamOptions,
  { next }: Hop,
  real: (topic: string) => string,
  deadline: number,
): Promise<readonly TopicPartitionOffset[]> {
  const all = next
    .map(real)
    .flatMap(topic => Array.from({ length: partitions(topic) }, (_, partition) => ({ topic, partition })))
  return await retried(() => admin.latestOffsets(all), clock, deadline)
}

/** A broker that moves its leaders is asked again in time. */
async function retried<T>(ask: () => Promise<T>, clock: Clock, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const left = deadline - clock.monotonic()
      if (!isMillraceError(error, 'retriable') || left <= 0) throw error
      await clock.sleep(Math.min(LOOK_EVERY_MS, left))
    }
  }
}

function raise(bounds: Map<string, Bounds>, topic: string, partition: number, offset: number): void {
  if (offset < 0) return
  const known = bounds.get(topic) ?? new Map<number, number>()
  known.set(partition, Math.max(offset, known.get(partition) ?? -1))
  bounds.set(topic, known)
}
