import type { PunctuationType, UndoLog } from '@millrace/core'

type Callback = (timestamp: number) => void | PromiseLike<void>

interface Schedule {
  readonly type: PunctuationType
  readonly intervalMs: number
  readonly callback: Callback
  readonly node: string
  due: number
}

/**
 * When the next call of a schedule is due after one at `now`: the next multiple of the interval from the last due time that
 * is still to come, so that calls missed while time jumped are made up for by one (KIP-138).
 */
export function nextDue(due: number, intervalMs: number, now: number): number {
  const next = due + intervalMs
  return next > now ? next : due + (Math.floor((now - due) / intervalMs) + 1) * intervalMs
}

/** The schedules of one task. */
export class Punctuations {
  readonly #schedules = new Set<Schedule>()
  readonly #undo: UndoLog | undefined
  readonly #remove = (schedule: Schedule) => void this.#schedules.delete(schedule)
  readonly #restore = (schedule: Schedule) => void this.#schedules.add(schedule)

  /** What a record schedules or cancels is taken back with it. */
  constructor(undo?: UndoLog) {
    this.#undo = undo
  }

  /** Stream time starts at 0, so the first call comes with the first record; wall-clock time starts an interval from now. */
  add(node: string, type: PunctuationType, intervalMs: number, callback: Callback, now: number): { cancel(): void } {
    const due = type === 'stream-time' ? 0 : now + intervalMs
    const schedule: Schedule = { type, intervalMs, callback, node, due }
    this.#schedules.add(schedule)
    this.#undo?.note(this.#remove, schedule)
    return {
      cancel: () => {
        if (this.#schedules.delete(schedule)) this.#undo?.note(this.#restore, schedule)
      },
    }
  }

  /** Calls what is due, each schedule once, earliest first. True when any was. */
  async run(
    type: PunctuationType,
    now: number,
    call: (node: string, callback: Callback) => void | Promise<void>,
  ): Promise<boolean> {
    const due = [...this.#schedules].filter(schedule => schedule.type === type && schedule.due <= now)
    due.sort((a, b) => a.due - b.due)
    for (const schedule of due) {
      if (!this.#schedules.has(schedule)) continue
      schedule.due = nextDue(schedule.due, schedule.intervalMs, now)
      await call(schedule.node, schedule.callback)
    }
    return due.length > 0
  }

  isDue(type: PunctuationType, now: number): boolean {
    for (const schedule of this.#schedules) if (schedule.type === type && schedule.due <= now) return true
    return false
  }

  /** When the wall clock next makes a call due; Infinity when it never does. */
  nextWallClock(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { type, due } of this.#schedules) if (type === 'wall-clock' && due < next) next = due
    return next
  }
}
