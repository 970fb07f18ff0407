import type { ResolvedOptions } from '../config/options.ts'
import { GivenUpLate } from '../policy/given-up.ts'
import { processingFailed } from '../policy/processing-failed.ts'
import type { GivenUpRecords } from './given-up-records.ts'
import type { RecordOrigin } from './record-context.ts'
import type { Task } from './task.ts'

export interface RefusedRecordOptions {
  readonly running: ReadonlyMap<string, Task>
  readonly givenUp: GivenUpRecords
  readonly onBadRecord: ResolvedOptions['onBadRecord']
}

/**
 * After a broker has refused a record permanently: arranges that the tasks leave out the record that it was made of when they process
 * again what is not committed. If that record is not known, each record is then flushed alone, so that it is found.
 *
 * @returns what sends the tasks back to their last commit
 * @throws MILLRACE_PROCESSING_FAILED if no record may be given up, or none can be
 */
export function leaveOutRefused(
  origin: RecordOrigin,
  reason: unknown,
  { running, givenUp, onBadRecord }: RefusedRecordOptions,
): GivenUpLate {
  const { task: name, node, topic, partition, offset, late } = origin
  const at = topic === null || late ? undefined : { topic, partition }
  const known = at !== undefined && givenUp.find(at, offset) !== undefined
  const task = running.get(name)
  const careful = at === undefined && (givenUp.carefulUntil(name) !== undefined || task === undefined)
  // What is known already is a record whose copy in the dead-letter topic is refused.
  if (onBadRecord === 'fail' || known || careful) {
    throw processingFailed({ node, task: name, topic, partition, offset }, reason)
  }
  if (at !== undefined) givenUp.add(at, offset, { node, reason })
  else {
    const positions = task!.queues.map(queue => ({
      topic: queue.topic,
      partition: queue.partition,
      position: queue.position,
    }))
    givenUp.beCareful(name, positions)
  }
  return new GivenUpLate(name, reason)
}
