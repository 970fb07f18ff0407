import { expect, it } from 'vitest'
import { fairShares } from './fair-shares.ts'

it.each([
  [[10, 20, 30], 100, [10, 20, 30]],
  [[10, 90, 60], 100, [10, 45, 45]],
  [[50, 50], 0, [0, 0]],
  [[0, 80], 40, [0, 40]],
  [[], 40, []],
])('divides by what is used: %j within %d', (used, limit, shares) => {
  expect(fairShares(used, limit)).toEqual(shares)
})
