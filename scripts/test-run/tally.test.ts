import { expect, it } from 'vitest'
import { sum, summaryLine, tallyOf, type Tally } from './tally.ts'

const skipped = [{ name: 'a', reason: 'b' }]

it.each<[string, number | null, Tally | undefined, string]>([
  ['a check that passed', 0, undefined, '1 passed, 0 failed, 0 skipped'],
  ['a check that failed', 1, undefined, '0 passed, 1 failed, 0 skipped'],
  ['a check that was ended', null, undefined, '0 passed, 1 failed, 0 skipped'],
  ['tests that passed', 0, { passed: 5, failed: 0, skipped }, '5 passed, 0 failed, 1 skipped'],
  ['tests that failed', 1, { passed: 5, failed: 2, skipped: [] }, '5 passed, 2 failed, 0 skipped'],
  ['an error outside any test', 1, { passed: 5, failed: 0, skipped: [] }, '5 passed, 1 failed, 0 skipped'],
])('counts %s', (_what, status, own, line) => {
  expect(summaryLine(tallyOf(status, own))).toBe(line)
})

it('adds the steps up', () => {
  const steps = [tallyOf(0, undefined), tallyOf(1, undefined), { passed: 5, failed: 2, skipped }]
  expect(summaryLine(sum(steps))).toBe('6 passed, 3 failed, 1 skipped')
})
