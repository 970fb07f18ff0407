import { expect, it } from 'vitest'
import { Results } from './results.ts'

const at = (key: string, start: number, value: bigint) => ({ key: { key, window: { start, end: start + 60 } }, value })

it('sums up the last value of each key and window, also of those that it no longer shows', () => {
  const results = new Results<bigint>(Number)
  results.add(at('card', 0, 1n))
  results.add(at('card', 0, 3n))
  results.add(at('cash', 0, 2n))
  for (let window = 1; window <= 40; window++) results.add(at('card', window * 60, 10n))
  results.add({ key: null, value: 1n })
  expect(results.sum).toBe(3 + 2 + 400)
  expect(results.last(2)).toEqual([
    [39 * 60, new Map([['card', 10n]])],
    [40 * 60, new Map([['card', 10n]])],
  ])
})
