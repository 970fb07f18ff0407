import { FetchGroupConsumer, HeldPartitions, PollLoop, type Clock, type GroupConsumerOptions } from '@millrace/core'
import type { Cluster, Purpose } from '../cluster/cluster.ts'
import { PartitionFetcher } from '../fetch/partition-fetcher.ts'
import type { BusyHeartbeats } from './busy-heartbeat.ts'
import { ClassicProtocol } from './classic-protocol.ts'
import { StreamsProtocol } from './streams/streams-protocol.ts'

export interface WireGroupContext {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly brokers: string
  readonly purpose: Purpose
  readonly rack: string
  readonly closed: (part: object) => void
  /** Undefined if heartbeats depend on this thread. */
  readonly heartbeats: BusyHeartbeats | undefined
}

const DEFAULT_PARTITION_BYTES = 1024 * 1024

/** A member of a group, by either protocol. */
export function wireGroupConsumer(context: WireGroupContext, options: GroupConsumerOptions): FetchGroupConsumer {
  const loop = new PollLoop(context.clock)
  const fetcher = new PartitionFetcher({
    ...context,
    loop,
    readCommitted: options.isolationLevel === 'read_committed',
    maxPartitionBytes: options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES,
  })
  const member = { context, options, held: new HeldPartitions(fetcher), changed: () => loop.ring() }
  const protocol = options.protocol === 'streams' ? new StreamsProtocol(member) : new ClassicProtocol(member)
  return new FetchGroupConsumer({ group: options, loop, fetcher, protocol, closed: context.closed })
}
