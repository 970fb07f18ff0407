import type {
  CommittedOffset,
  Consumer,
  FetchedBatch,
  GroupConsumer,
  GroupMetadata,
  StreamsSubscription,
  Subscription,
  TopicPartition,
  TopicPartitionOffset,
} from '@millrace/core'
import { faultyCall, type FaultyConnection } from './faulty-call.ts'
import type { FaultOperation } from './fault-plan.ts'

export function faultyConsumer(connection: FaultyConnection, inner: Consumer): Consumer {
  return {
    assign: (positions: readonly TopicPartitionOffset[]) =>
      faultyCall(connection, { operation: 'consumer.assign', run: () => inner.assign(positions) }),
    poll: (maxWaitMs: number) =>
      faultyCall(connection, { operation: 'consumer.poll', answersAreKept: true, run: () => inner.poll(maxWaitMs) }),
    seek: position => inner.seek(position),
    pause: partitions => inner.pause(partitions),
    resume: partitions => inner.resume(partitions),
    wakeup: () => inner.wakeup(),
    close: () => inner.close(),
  }
}

export function faultyGroupConsumer(connection: FaultyConnection, inner: GroupConsumer): GroupConsumer {
  const { cluster } = connection.plan.options
  const call = <T>(operation: FaultOperation, run: () => Promise<T>): Promise<T> =>
    faultyCall(connection, {
      operation,
      run,
      answersAreKept: operation === 'group.poll',
      fence: () => {
        const { groupId, memberId } = inner.groupMetadata()
        cluster?.evictMember(groupId, memberId)
      },
      moveCoordinator: () => cluster?.moveGroupCoordinator(inner.groupMetadata().groupId),
    })
  return {
    subscribe: (subscription: Subscription) => inner.subscribe(subscription),
    joinStreamsGroup: (subscription: StreamsSubscription) => inner.joinStreamsGroup!(subscription),
    poll: (maxWaitMs: number): Promise<readonly FetchedBatch[]> => call('group.poll', () => inner.poll(maxWaitMs)),
    committed: (partitions: readonly TopicPartition[]) => call('group.committed', () => inner.committed(partitions)),
    commit: (offsets: readonly CommittedOffset[]) => call('group.commit', () => inner.commit(offsets)),
    confirm: (maxAgeMs: number) => call('group.confirm', () => inner.confirm(maxAgeMs)),
    seek: position => inner.seek(position),
    pause: partitions => inner.pause(partitions),
    resume: partitions => inner.resume(partitions),
    wakeup: () => inner.wakeup(),
    groupMetadata: (): GroupMetadata => inner.groupMetadata(),
    isRebalancing: () => inner.isRebalancing(),
    requestRejoin: reason => inner.requestRejoin(reason),
    close: options => inner.close(options),
  }
}
