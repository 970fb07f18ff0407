import type { Admin } from '@millrace/core'
import { faultyCall, type FaultyConnection } from './faulty-call.ts'

export function faultyAdmin(connection: FaultyConnection, inner: Admin): Admin {
  const { openTransactionalIds } = inner
  const call = <T>(operation: string, run: () => Promise<T>): Promise<T> =>
    faultyCall(connection, { operation: `admin.${operation}`, run })
  return {
    describeTopics: topics => call('describeTopics', () => inner.describeTopics(topics)),
    listTopics: () => call('listTopics', () => inner.listTopics()),
    createTopics: topics => call('createTopics', () => inner.createTopics(topics)),
    deleteTopics: topics => call('deleteTopics', () => inner.deleteTopics(topics)),
    describeTopicConfigs: topic => call('describeTopicConfigs', () => inner.describeTopicConfigs(topic)),
    earliestOffsets: partitions => call('earliestOffsets', () => inner.earliestOffsets(partitions)),
    latestOffsets: partitions => call('latestOffsets', () => inner.latestOffsets(partitions)),
    offsetsForTimes: times => call('offsetsForTimes', () => inner.offsetsForTimes(times)),
    truncations: positions => call('truncations', () => inner.truncations(positions)),
    committedOffsets: (groupId, partitions, unstable) =>
      call('committedOffsets', () => inner.committedOffsets(groupId, partitions, unstable)),
    describeGroup: groupId => call('describeGroup', () => inner.describeGroup(groupId)),
    ...(openTransactionalIds !== undefined && {
      openTransactionalIds: reach => call('openTransactionalIds', () => openTransactionalIds.call(inner, reach)),
    }),
    alterOffsets: (groupId, offsets) => call('alterOffsets', () => inner.alterOffsets(groupId, offsets)),
    removeMembers: groupId => call('removeMembers', () => inner.removeMembers(groupId)),
    deleteGroup: groupId => call('deleteGroup', () => inner.deleteGroup(groupId)),
    deleteRecords: before => call('deleteRecords', () => inner.deleteRecords(before)),
    close: () => inner.close(),
  }
}
