import type { TopicPartitionOffset } from '../ports/client.ts'

/**
 * How much of its input a state includes: for each partition the offset of the last record. It is what a write returns, and what
 * an answer says of the state that it was read from. A partition that is absent has no record in it. Kafka Streams' `Position`
 * (KIP-796).
 */
export type Position = readonly TopicPartitionOffset[]

/** Whether a state at `position` includes every record up to `bound`. */
export function isAtLeast(position: Position, bound: Position): boolean {
  return bound.every(({ topic, partition, offset }) => offset <= offsetAt(position, topic, partition))
}

/** A position that includes both. */
export function mergedPosition(...positions: readonly Position[]): Position {
  const merged = new Map<string, TopicPartitionOffset>()
  for (const { topic, partition, offset } of positions.flat()) {
    const key = `${topic}\0${partition}`
    const known = merged.get(key)
    if (known === undefined || known.offset < offset) merged.set(key, { topic, partition, offset })
  }
  return [...merged.values()].sort((a, b) =>
    a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition,
  )
}

/** The offset of the last record of a partition that a position includes, or -1. */
export function offsetAt(position: Position, topic: string, partition: number): number {
  let found = -1
  for (const entry of position) {
    if (entry.topic === topic && entry.partition === partition) found = Math.max(found, entry.offset)
  }
  return found
}
