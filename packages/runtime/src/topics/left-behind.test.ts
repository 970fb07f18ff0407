import { expect, it } from 'vitest'
import { anyGenerated, leftBehind } from './left-behind.ts'

const store = (number: number) => `app-KSTREAM-AGGREGATE-STATE-STORE-000000000${number}-changelog`
const repartition = (number: number) => `app-KSTREAM-AGGREGATE-STATE-STORE-000000000${number}-repartition`

it.each<[string, string[], string[], [string, string][]]>([
  ['nothing is there', [], [store(1)], []],
  ['all is there', [store(1)], [store(1)], []],
  ['a number has moved', [store(1)], [store(2)], [[store(1), store(2)]]],
  [
    'the numbers of both have moved',
    [repartition(1), store(1)],
    [repartition(2), store(2)],
    [
      [repartition(1), repartition(2)],
      [store(1), store(2)],
    ],
  ],
  ['one of two has moved', [store(1), store(3)], [store(1), store(4)], [[store(3), store(4)]]],
  ['another is new', [store(1)], [store(1), store(4)], []],
  ['one is gone', [store(1), store(3)], [store(1)], []],
  ['it is of another kind', ['app-KTABLE-AGGREGATE-STATE-STORE-0000000001-changelog'], [store(2)], []],
  ['it has a name', ['app-counts-changelog'], [store(2)], []],
  ['what is new has a name', [store(1)], ['app-counts-changelog'], []],
  ['it is of another application', ['app-2-KSTREAM-AGGREGATE-STATE-STORE-0000000001-changelog'], [store(2)], []],
])('%s', (_what, existing, wanted, moved) => {
  expect(leftBehind('app', existing, wanted).map(({ from, to }) => [from, to])).toEqual(moved)
})

it('need not look where every name was chosen', () => {
  expect(anyGenerated('app', ['app-counts-changelog', 'app-by-word-repartition'])).toBe(false)
  expect(anyGenerated('app', ['app-counts-changelog', repartition(3)])).toBe(true)
})
