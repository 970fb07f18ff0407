import { expect, it } from 'vitest'
import { faultsOf, REHEARSALS, rehearse } from './rehearsals.ts'

it.each(REHEARSALS)(
  'a restart costs no more than it has to: $restart, $guarantee, $transactions',
  { timeout: 120_000 },
  async rehearsed => {
    const rehearsal = await rehearse(rehearsed, 1)
    const { sessionTimeoutMs, history, idle, longestIdleMs, restored } = rehearsal
    expect(faultsOf(rehearsed, rehearsal, sessionTimeoutMs), history.join('\n')).toEqual([])
    // Two sub-topologies of six partitions each: all of them were at work.
    expect(idle).toHaveLength(12)
    expect(restored, 'standbys follow').toBeGreaterThan(100)
    // Nobody can know before that the crashed instance does not come back.
    if (rehearsed.restart === 'crash') expect(longestIdleMs).toBeGreaterThan(sessionTimeoutMs - 500)
  },
)
