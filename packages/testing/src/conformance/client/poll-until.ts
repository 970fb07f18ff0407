import { isMillraceError, type GroupConsumer, type TopicPartition } from '@millrace/core'
import assert from 'node:assert/strict'
import type { ClientHarness } from './client-harness.ts'

/** A member of a group, as the cases of every protocol see it. */
interface PolledMember {
  /** What the listener was told. */
  readonly events: readonly string[]
  poll(): Promise<unknown>
}

/** Polls all members at the same time, as separate processes would, until `done`. */
export async function pollUntil(
  harness: ClientHarness,
  members: readonly PolledMember[],
  what: string,
  done: () => boolean,
): Promise<void> {
  const end = Date.now() + harness.timings.patienceMs
  await Promise.all(
    members.map(async member => {
      while (!done()) {
        assert.ok(Date.now() < end, `still not: ${what}; ${members.map(({ events }) => events.join('; ')).join(' | ')}`)
        await member.poll().catch((error: unknown) => {
          // For example from a broker that has just started: the next poll tries again.
          if (!isMillraceError(error, 'retriable')) throw error
        })
      }
    }),
  )
}

/** Partitions without a committed offset are read from the beginning. */
export async function seekToCommitted(consumer: GroupConsumer, partitions: readonly TopicPartition[]): Promise<void> {
  const committed = partitions.length === 0 ? [] : await consumer.committed(partitions)
  for (const { topic, partition } of partitions) {
    const found = committed.find(offset => offset.topic === topic && offset.partition === partition)
    consumer.seek({ topic, partition, offset: found?.offset ?? 0 })
  }
}
