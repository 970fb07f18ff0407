import { expect, it } from 'vitest'
import { drawTimeline } from './draw-timeline.ts'

it('draws records, windows, lateness and drops over the time of the records', () => {
  const late = { key: 'k', value: null, timestamp: 1000 }
  const windowed = { key: { key: 'k', window: { start: 2000, end: 4000 } }, value: 7n, timestamp: 3000 }
  const picture = drawTimeline([
    { kind: 'in', topic: 'a', record: { key: 'k', value: 'v', timestamp: 3000 }, streamTime: 3000 },
    { kind: 'out', topic: 'b', record: windowed, streamTime: 3000 },
    { kind: 'in', topic: 'a', record: late, streamTime: 3000 },
    { kind: 'dropped', reason: 'late' },
    { kind: 'wallClock', now: 30_000 },
  ])
  expect(`\n${picture}\n`).toBe(`
             1 s       2 s       3 s       4 s
             ┬─────────┬─────────┬─────────┬
a                                ●            3 s  k: v
  → b                  ├─────────○─────────┤  3 s  k @ 2 s…4 s: 7
a            ●                   ╎            1 s  k: null
  ✗ dropped                                        counted in dropped-records: late
wall clock                                         is 30 s now
`)
})

it('leaves room for years, and for a window without end', () => {
  const endless = { key: 'k', window: { start: 0, end: Number.POSITIVE_INFINITY } }
  const record = { key: endless, value: 'v', timestamp: 10 * 365 * 86_400_000 }
  const lines = drawTimeline([{ kind: 'out', topic: 'b', record, streamTime: 0 }]).split('\n')
  expect(lines.at(-1)).toMatch(/^ {2}→ b {2}├─+○ +315360000 s {2}k @ 0 s…: v$/)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThan(120)
})
