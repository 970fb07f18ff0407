import type { OperatorEnv, TaskContext } from './process.ts'

/** The highest timestamp that has reached an operator, -1 before the first. A record that is given up does not count. */
export class StreamTime {
  now: number
  readonly #context: TaskContext
  readonly #set = (before: number) => {
    this.now = before
  }

  /** `now`: a time that is known to have been reached before a restart. */
  constructor(context: TaskContext, now = -1) {
    this.#context = context
    this.now = now
  }

  reach(time: number): void {
    if (time <= this.now) return
    this.#context.undo?.note(this.#set, this.now)
    this.now = time
  }
}

/**
 * The stream time of an operator that emits windows when they close. What it has emitted before a restart is final: a record that would
 * still change it is late, though the operator has not seen the record that closed it.
 *
 * @param waitMs how long after its time a window or session closes
 */
export function streamTimeOfEmission(env: OperatorEnv, store: string, waitMs: number): StreamTime {
  const closed = env.closeTimes.get(store)
  return new StreamTime(env.context, closed === undefined ? -1 : closed + waitMs)
}

/** Sets how far windows have been emitted, or whatever else is committed with the input offsets. */
export function setCloseTime(closeTimes: Map<string, number>, store: string, time: number, context: TaskContext): void {
  const before = closeTimes.get(store)
  context.undo?.note(restoreCloseTime, { closeTimes, store, before })
  closeTimes.set(store, time)
}

function restoreCloseTime(change: {
  closeTimes: Map<string, number>
  store: string
  before: number | undefined
}): void {
  const { closeTimes, store, before } = change
  if (before === undefined) closeTimes.delete(store)
  else closeTimes.set(store, before)
}
