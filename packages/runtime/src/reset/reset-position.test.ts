import { expect, it } from 'vitest'
import { moveOffsets, type PartitionRange, type ResetPosition, timeOf } from './reset-position.ts'

const range = (more: Partial<PartitionRange> = {}): PartitionRange => ({
  topic: 't',
  partition: 0,
  earliest: 10,
  latest: 100,
  committed: 50,
  atTime: undefined,
  ...more,
})

const move = (position: ResetPosition, more: Partial<PartitionRange> = {}) =>
  moveOffsets('app', position, [range(more)])[0]

it.each<[ResetPosition, Partial<PartitionRange>, number, string?]>([
  ['earliest', {}, 10],
  ['latest', {}, 100],
  ['latest', { committed: undefined }, 100],
  [{ offset: 10 }, {}, 10],
  [{ offset: 100 }, {}, 100],
  [{ shiftBy: -40 }, {}, 10],
  [{ shiftBy: -41 }, {}, 10, 'not 9: it begins here'],
  [{ shiftBy: 50 }, {}, 100],
  [{ shiftBy: 51 }, {}, 100, 'not 101: it ends here'],
  [{ time: 5 }, { atTime: 42 }, 42],
  [{ time: 5 }, {}, 100, 'nothing is that late: its end'],
  [{ backMs: 5 }, { atTime: 42 }, 42],
  [{ offsets: [{ topic: 't', partition: 0, offset: 77 }] }, {}, 77],
])('%j of a partition with %j goes to %i', (position, more, to, note) => {
  const from = 'committed' in more ? more.committed : 50
  expect(move(position, more)).toEqual({ topic: 't', partition: 0, from, to, ...(note !== undefined && { note }) })
})

it('leaves a partition that is not named', () => {
  expect(move({ offsets: [{ topic: 't', partition: 1, offset: 77 }] })).toBeUndefined()
})

it.each<[ResetPosition, Partial<PartitionRange>, string]>([
  [{ offset: 9 }, {}, 't-0 has no offset 9, it goes from 10 to 100'],
  [{ offset: 101 }, {}, 't-0 has no offset 101, it goes from 10 to 100'],
  [{ offsets: [{ topic: 't', partition: 0, offset: 101 }] }, {}, 't-0 has no offset 101'],
  [{ shiftBy: 1 }, { committed: undefined }, 't-0 has no committed offset to shift'],
])('%j of a partition with %j is refused: %s', (position, more, reason) => {
  expect(() => move(position, more)).toThrow(reason)
})

it.each<[ResetPosition, number | undefined]>([
  ['earliest', undefined],
  [{ offset: 1 }, undefined],
  [{ time: 17 }, 17],
  [{ backMs: 300 }, 700],
])('%j stands for the time %s', (position, time) => {
  expect(timeOf(position, 1_000)).toBe(time)
})
