import { expect, it } from 'vitest'
import { similarTopic } from './similar-topic.ts'

const existing = ['lines', 'word-counts', 'orders', 'orders-eu', 'Payments']

it.each([
  ['linse', 'lines'],
  ['line', 'lines'],
  ['word_counts', 'word-counts'],
  ['word-count', 'word-counts'],
  ['order', 'orders'],
  ['payments', 'Payments'],
  ['lnse', undefined],
  ['customers', undefined],
  ['x', undefined],
])('suggests for %s: %s', (name, meant) => {
  expect(similarTopic(name, existing)).toBe(meant)
})
