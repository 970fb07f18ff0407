import type { TopicPartition } from '@millrace/core'
import { isKafkaError } from '../cluster/kafka-error.ts'
import type { WireMember } from './wire-member.ts'

interface FailedMembership {
  readonly failure: unknown
  close(leave: boolean): Promise<void>
}

/** Withdraws all partitions from a member that has failed, and ends its membership. */
export async function endFailedMember(
  { held }: WireMember,
  membership: FailedMembership,
  onLost: (partitions: readonly TopicPartition[]) => Promise<void>,
): Promise<void> {
  await held.withdraw(onLost)
  // A member that was replaced by another process of the same name must not remove that one.
  await membership.close(!isKafkaError(membership.failure, 'FENCED_INSTANCE_ID'))
}
