import { expect, it } from 'vitest'
import { similarName } from './similar-name.ts'

const existing = ['lines', 'word-counts', 'orders', 'orders-eu', 'Payments']

it.each([
  ['linse', 'lines'],
  ['line', 'lines'],
  ['word_counts', 'word-counts'],
  ['word-count', 'word-counts'],
  ['order', 'orders'],
  ['payments', 'Payments'],
  ['orders.eu', 'orders-eu'],
  ['lnse', undefined],
  ['customers', undefined],
  ['x', undefined],
])('suggests for %s: %s', (name, meant) => {
  expect(similarName(name, existing)).toBe(meant)
})
