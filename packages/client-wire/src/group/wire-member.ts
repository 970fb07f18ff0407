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
