import { expect, it } from 'vitest'
import { copartitionGroups } from './copartition-groups.ts'

it('makes one group of those that share a topic', () => {
  expect(
    copartitionGroups([
      ['a', 'b'],
      ['c', 'd'],
      ['b', 'e'],
    ]).map(group => group.join()),
  ).toEqual(['c,d', 'a,b,e'])
  expect(
    copartitionGroups([
      ['a', 'b'],
      ['b', 'a'],
    ]),
  ).toHaveLength(1)
})

it('is in the order of hash sets of Java, as Kafka Streams 4.3.1 was seen to send it', () => {
  expect(copartitionGroups([['in-clicks', 'in-rates']])).toEqual([['in-rates', 'in-clicks']])
  expect(copartitionGroups([['in-payments', 'in-orders']])).toEqual([['in-orders', 'in-payments']])
})
