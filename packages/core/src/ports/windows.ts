import type { Window } from '../record/windowed.ts'

/**
 * The port for windows that `tumbling`, `hopping` and the others do not cover, such as calendar days. `windowsConformance` of
 * `@millrace/testing` checks an implementation. Stores keep the start of a window only, so a start stands for one window.
 */
export interface WindowsPort {
  /** Identifies the windows: a version of the topology whose windows have another name is refused the state of this one. */
  readonly name: string
  /**
   * The windows that hold a timestamp, by ascending start. A window holds its start, not its end. The same timestamp always gives the
   * same windows; no two windows have the same start; of two windows, the one that starts later does not end earlier; no window
   * starts before 0. Timestamps are whole milliseconds since the epoch, 0 or more.
   */
  windowsFor(timestamp: number): readonly Window[]
}
