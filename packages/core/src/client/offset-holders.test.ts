import { expect, it } from 'vitest'
import { offsetsPartition } from './offset-holders.ts'

// Hashes of Java's String.hashCode.
it.each([
  ['abc', 50, 96_354 % 50],
  ['word-count', 4, 376_847_500 % 4],
  ['', 50, 0],
  ['hello', 50, 99_162_322 % 50],
  // Its hash is the smallest int, which has no absolute value.
  ['polygenelubricants', 50, 0],
  // Negative.
  ['orders', 50, 31],
  ['Ünïcödé group', 50, 815_296_884 % 50],
])('finds the partition of the offsets of %j among %i', (group, partitions, expected) => {
  expect(offsetsPartition(group, partitions)).toBe(expected)
})
