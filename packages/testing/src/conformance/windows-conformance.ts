import assert from 'node:assert/strict'
import type { CustomWindowsOptions, WindowsPort } from '@millrace/core'
import fc from 'fast-check'
import type { ConformanceCase } from './conformance-case.ts'

export interface WindowsHarness {
  readonly windows: WindowsPort & { readonly maxSizeMs: CustomWindowsOptions['maxSizeMs'] }
  /** The latest timestamp that is tried, in milliseconds since the epoch. @default the end of the year 2199 */
  readonly until?: number
  /** @default 300 */
  readonly runs?: number
  /** Decides the timestamps. @default 1 */
  readonly seed?: number
}

const END_OF_2199 = Date.UTC(2200, 0, 1) - 1
type Property = (windows: WindowsHarness['windows'], timestamp: number) => void

/**
 * What windows of your own must do: one case for each sentence of `WindowsPort`, on timestamps that a seed draws.
 *
 * @example
 * for (const { name, run } of windowsConformance()) it(name, () => run({ windows: { ...shifts, maxSizeMs: shifts.sizeMs } }))
 */
export function windowsConformance(): readonly ConformanceCase<WindowsHarness, never>[] {
  return [
    property('gives the same windows for the same timestamp', (windows, timestamp) => {
      const first = windows.windowsFor(timestamp)
      windows.windowsFor(timestamp + 400 * 86_400_000)
      assert.deepEqual(windows.windowsFor(timestamp), first)
    }),
    property(
      'gives windows that hold the timestamp, of whole milliseconds, and none that starts before 0',
      (windows, timestamp) => {
        for (const { start, end } of windows.windowsFor(timestamp)) {
          assert.ok(Number.isSafeInteger(start) && Number.isSafeInteger(end), `from ${start} to ${end}`)
          assert.ok(start >= 0 && start <= timestamp && timestamp < end, `${timestamp} is not in ${start} to ${end}`)
        }
      },
    ),
    property('gives them by ascending start, and of two the later one does not end earlier', (windows, timestamp) => {
      const found = windows.windowsFor(timestamp)
      found.slice(1).forEach(({ start, end }, index) => {
        assert.ok(start > found[index]!.start, `${start} is not after ${found[index]!.start}`)
        assert.ok(end >= found[index]!.end, `${end} is before ${found[index]!.end}`)
      })
    }),
    property('gives no window longer than maxSizeMs', (windows, timestamp) => {
      for (const { start, end } of windows.windowsFor(timestamp))
        assert.ok(end - start <= windows.maxSizeMs, `${end - start} ms`)
    }),
    property('gives a window for its start and its last millisecond, and not outside', (windows, timestamp) => {
      for (const window of windows.windowsFor(timestamp)) {
        assert.ok(holds(windows, window.start, window), 'not for its start')
        assert.ok(holds(windows, window.end - 1, window), 'not for its last millisecond')
        assert.ok(!holds(windows, window.end, window), 'also for its end')
        assert.ok(window.start === 0 || !holds(windows, window.start - 1, window), 'also before its start')
      }
    }),
    property('gives windows of a later timestamp that end no earlier', (windows, timestamp) => {
      const [here] = windows.windowsFor(timestamp)
      if (here === undefined) return
      for (const { start, end } of windows.windowsFor(here.end)) assert.ok(start > here.start && end >= here.end)
    }),
  ]
}

function holds(
  windows: WindowsPort,
  timestamp: number,
  { start, end }: { readonly start: number; readonly end: number },
): boolean {
  return windows.windowsFor(timestamp).some(window => window.start === start && window.end === end)
}

function property(name: string, check: Property): ConformanceCase<WindowsHarness, never> {
  return {
    name,
    async run({ windows, until = END_OF_2199, runs = 300, seed = 1 }) {
      const timestamps = fc.oneof(
        fc.nat(until),
        fc.maxSafeNat().map(nat => nat % (until + 1)),
        fc.constantFrom(0, until),
      )
      fc.assert(
        fc.property(timestamps, timestamp => check(windows, timestamp)),
        { numRuns: runs, seed },
      )
    },
  }
}
