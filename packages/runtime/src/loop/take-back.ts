import { type Logger, refusedRecord } from '@millrace/core'
import { GivenUpLate } from '../policy/given-up.ts'
import type { TaskSet } from '../task/task-set.ts'

/**
 * After a record has failed late, or a broker has refused one: writes to the changelogs what they said at the last commit, so that
 * the task that processes the records again counts nothing twice. True when `error` is such a failure; the tasks must then be abandoned.
 *
 * @throws MILLRACE_PROCESSING_FAILED where no record may be given up, and errors of the producer
 */
export async function takeBackLate(error: unknown, tasks: TaskSet, logger: Logger): Promise<boolean> {
  const refused = refusedRecord(error)
  const late = refused === undefined ? error : tasks.leaveOut(refused.origin, error)
  if (!(late instanceof GivenUpLate)) return false
  logger.info(
    { error: late.cause, task: late.task },
    'a record failed after it was processed: the tasks return to their last commit',
  )
  await tasks.relog({ refused: refused !== undefined })
  return true
}
