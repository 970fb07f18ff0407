import type { GroupConsumerOptions, HeldPartitions } from '@millrace/core'
import type { WireGroupContext } from './wire-group-consumer.ts'

/** What a member of a group has, by either protocol. */
export interface WireMember {
  readonly context: WireGroupContext
  readonly options: GroupConsumerOptions
  readonly held: HeldPartitions
  /** The group has done something: the owner has to poll. */
  readonly changed: () => void
}

export const DEFAULT_HEARTBEAT_MS = 3_000
export const DEFAULT_REBALANCE_MS = 300_000
export const DEFAULT_PROCESSING_MS = 300_000
