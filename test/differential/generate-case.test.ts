import { expect, it } from 'vitest'
import { generateCase } from './generate-case.ts'

it('what a cache holds is emitted at the time when it was processed, where emissions are once in an interval', () => {
  const cases = Array.from({ length: 600 }, (_, seed) => generateCase(seed))
  const chosen = cases.filter(
    ({ caching, commits, emitIntervalMs }) => caching && commits === 'asked' && emitIntervalMs! > 0,
  )
  const before = chosen.flatMap(({ inputs }) =>
    inputs.flatMap((input, index) => ('advanceWallClockMs' in input ? [inputs[index - 1]] : [])),
  )
  expect(before.length).toBeGreaterThan(20)
  expect(before.every(input => input !== undefined && 'commit' in input)).toBe(true)
})
