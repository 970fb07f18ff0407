import { FetchConsumer, PollLoop, type ConsumerOptions } from '@millrace/core'
import { ClusterLink } from './cluster-link.ts'
import { CLOSE_MS, settledWithin } from './deadline.ts'
import { PartitionFetcher } from './partition-fetcher.ts'
import type { Surroundings } from './surroundings.ts'

/** A consumer without a group: it fetches through `ClusterLink`, so Kafka does not know of it. */
export function manualConsumer(
  { kafka, brokers, clock, requestTimeoutMs, closed }: Surroundings,
  { isolationLevel, maxPartitionBytes = 1024 * 1024 }: ConsumerOptions,
): FetchConsumer {
  const link = new ClusterLink(kafka, requestTimeoutMs)
  const loop = new PollLoop(clock)
  const readCommitted = isolationLevel === 'read_committed'
  const fetcher = new PartitionFetcher({ link, bell: loop, clock, brokers, readCommitted, maxPartitionBytes })
  return new FetchConsumer({ loop, fetcher, closed, disconnect: () => settledWithin(link.close(), CLOSE_MS) })
}
