import type { CommittedOffset, GroupConsumer, Producer } from '@millrace/core'
import type { QueryTurns } from '../query/query-turns.ts'
import type { Task } from '../task/task.ts'

/**
 * Commits tasks that share a producer. The order is what makes it right:
 *
 * 1. flush the stores: cached results go downstream, changes into the changelogs;
 * 2. without a transaction, make sure that nobody else has the tasks by now, whose writes would be written over;
 *    then send all and wait for every acknowledgement, so that no offset moves past a lost record;
 * 3. commit the input offsets, with exactly_once in the transaction that holds the output;
 * 4. only then write the stores, with the changelog positions from 2. Gives the offsets that are committed.
 *
 * A failure in 1 to 3 leaves the stores as of the commit before: the caller drops the tasks and recreates them. Only when the
 * group has refused the offsets because it is between two generations may it go on with them, and commit again later: nothing of
 * 1 and 2 is done twice.
 */
export async function commitTasks(options: {
  readonly tasks: readonly Task[]
  readonly producer: Producer
  readonly consumer: GroupConsumer
  /** Offsets go in the transaction, with the consumer group, or were committed before processing. */
  readonly offsets: 'transaction' | 'group' | 'committed-before'
  /**
   * Before anything is written, the group must have counted this member among its own at most this many milliseconds ago. A
   * transaction needs no such thing: it fences by itself.
   */
  readonly confirmWithinMs: number
  /** Until when to wait for asynchronous operators, in milliseconds since the epoch. @default as long as their limits allow */
  readonly until?: number | undefined
  readonly turns: Pick<QueryTurns, 'give' | 'pause'>
}): Promise<readonly CommittedOffset[]> {
  const { tasks, producer, consumer, turns } = options
  // With later records in the same transaction, none can be left unfinished.
  const owed = options.offsets === 'transaction' ? 'all' : 'needed'
  for (const task of tasks) {
    await task.prepareCommit(owed, options.until, turns.pause)
    await turns.give()
  }
  if (options.offsets !== 'transaction') await consumer.confirm(options.confirmWithinMs)
  const acknowledged = await producer.flush()
  // Remembered at once: a commit that has to wait for the group is made again later, and what is acknowledged now is not then.
  for (const task of tasks) task.acknowledged(acknowledged)
  const offsets: CommittedOffset[] = tasks.flatMap(task => task.offsets())
  if (options.offsets === 'group') await consumer.commit(offsets)
  if (options.offsets === 'transaction') {
    await producer.sendOffsets(offsets, consumer.groupMetadata())
    await producer.commit()
    producer.begin()
  }
  for (const task of tasks) {
    await task.committed(turns.pause)
    await turns.give()
  }
  return offsets
}
