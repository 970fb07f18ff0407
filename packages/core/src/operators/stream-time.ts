import type { TaskContext } from './process.ts'

/** The highest timestamp that has reached an operator, -1 before the first. A record that is given up does not count. */
export class StreamTime {
  now = -1
  readonly #context: TaskContext
  readonly #set = (before: number) => {
    this.now = before
  }

  constructor(context: TaskContext) {
    this.#context = context
  }

  reach(time: number): void {
    if (time <= this.now) return
    this.#context.undo?.note(this.#set, this.now)
    this.now = time
  }
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
