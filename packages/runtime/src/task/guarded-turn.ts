import { PROGRESS_OVERDUE, PROGRESS_RECORDS } from '@millrace/core'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import type { GivenUpRecords } from './given-up-records.ts'
import type { InFlight } from './in-flight.ts'
import { oldestOf } from './input-queues.ts'
import type { TurnLength, TurnOptions } from './plain-turn.ts'
import type { TimedWork } from './timed-work.ts'

export interface GuardedTurnOptions extends TurnOptions {
  readonly stores: TaskStores
  readonly givenUp: GivenUpRecords
  readonly timed: TimedWork
  /** Undefined if the topology has no asynchronous operator. */
  readonly inFlight: InFlight | undefined
}

/**
 * A task's turn where each record can be taken back, store entries expire between two records, or calls are in flight. A topology
 * that needs none of this has the faster `PlainTurn`.
 */
export class GuardedTurn {
  readonly #with: GuardedTurnOptions

  constructor(options: GuardedTurnOptions) {
    this.#with = options
  }

  /**
   * Processes up to `limit` records, and passes on what asynchronous operators have finished.
   *
   * @returns how many records, and whether store entries have expired
   */
  async run(
    limit: number,
    { ends, perLook }: TurnLength,
  ): Promise<{ readonly count: number; readonly expired: boolean }> {
    const { queues, topology, context, lookAhead, clock, task, failures } = this.#with
    const { stores, givenUp, timed, inFlight } = this.#with
    const { progress } = this.#with.limit
    const expiring = stores.expires
    let count = 0
    let expired = false
    while (count < limit) {
      const queue = queues.length === 1 ? queues[0]! : oldestOf(queues)
      if (queue === undefined || !queue.hasHead()) break
      if (expiring) {
        // Entries that have expired by a record's time are deleted before it is processed, however turns divide the records.
        const time = Math.max(queue.headTimestamp, context.streamTime)
        if (await timed.expire('stream-time', time)) {
          expired = true
          context.streamTime = time
          if (stores.expiresAt('stream-time') <= time) break
        }
      }
      if (lookAhead.wants(queue, topology)) await lookAhead.prepare(queues, topology)
      const { streamTime } = context
      const { partitionTime } = queue
      queue.take()
      const timestamp = queue.headTimestamp
      if (timestamp > context.streamTime) context.streamTime = timestamp
      count++
      let waited = false
      try {
        failures.held?.begin()
        context.unit = undefined
        if (givenUp.any) failures.leaveOut(queue)
        const waiting = queue.source.process(queue.cursor, queue.partition, timestamp)
        if (waiting !== undefined) {
          waited = true
          await waiting
          this.#with.limit.restart()
        }
        if (progress[PROGRESS_OVERDUE] !== 0) failures.overdue(queue)
        if (failures.careful) await stores.emit()
        failures.keep()
      } catch (error) {
        context.streamTime = streamTime
        queue.giveUp(partitionTime)
        failures.giveUp(queue, error)
      }
      progress[PROGRESS_RECORDS] = progress[PROGRESS_RECORDS]! + 1
      if (waited || count % perLook === 0) {
        context.wallTime = clock.now()
        if (clock.monotonic() >= ends) break
      }
      if (inFlight !== undefined) {
        if (inFlight.hasWork) await inFlight.deliver()
        if (inFlight.full) break
      }
      if (queues.length > 1 && !queue.hasHead()) break
      if (task.commitRequested) break
    }
    return { count, expired }
  }
}
