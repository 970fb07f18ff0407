import { type GroupMetadata, millraceError } from '@millrace/core'

/** What the group's refusal means to a member of it. */
export function fencedError(
  { groupId, groupInstanceId }: Pick<GroupMetadata, 'groupId' | 'groupInstanceId'>,
  reason: string,
) {
  if (reason === 'FENCED_INSTANCE_ID' && groupInstanceId !== undefined) {
    return millraceError('MILLRACE_GROUP_INSTANCE_FENCED', { groupId, groupInstanceId })
  }
  return millraceError('MILLRACE_GROUP_FENCED', { groupId, reason })
}
