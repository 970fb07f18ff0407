import { describe, expect, it } from 'vitest'
import { simulate } from './simulation.ts'

describe('runs that once failed', () => {
  it.each([
    [20083, 'a window under at_least_once was counted from nothing after its state had gone ahead'],
    [21467, 'a store was emptied by the plan of a task that had been tried again meanwhile'],
    [22011, 'a partition was committed twice in one transaction, the second time at 0'],
    [22094, 'a leader that failed to assign left its group waiting for ever'],
  ])('seed %i: %s', async seed => {
    const { violations, history } = await simulate(seed)
    expect(violations, history.join('\n')).toEqual([])
  })
})

it.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'loses and doubles nothing, whatever fails (seed %i)',
  async seed => {
    const { violations, history } = await simulate(seed)
    expect(violations, history.join('\n')).toEqual([])
  },
)

it('repeats a run exactly from its seed', async () => {
  const [first, second] = [await simulate(7), await simulate(7)]
  expect(second.history).toEqual(first.history)
  expect(first.kills).toBeGreaterThan(0)
  expect(first.faults).toBeGreaterThan(10)
})
