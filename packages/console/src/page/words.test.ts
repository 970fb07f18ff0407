import { expect, it } from 'vitest'
import { count, duration, hour, plural, rate, shortName, spaced, time } from './words.ts'

it('numbers and times are short and say what they are', () => {
  expect([0, 9_999, 12_345, 1_234_567, 2.5e9].map(count)).toEqual(['0', '9999', '12.3 k', '1.2 M', '2.5 G'])
  expect([undefined, 0, 0.4, 1234].map(rate)).toEqual(['–', '0/s', '0.4/s', '1234/s'])
  expect([time(-1), time(60_500)]).toEqual(['–', '1970-01-01 00:01:00'])
  expect([hour(-1), hour(3_660_500)]).toEqual(['–', '01:01:00'])
  expect([5_000, 600_000, 7_200_000].map(duration)).toEqual(['5 s', '10 min', '2 h'])
  expect([plural(1, 'task'), plural(2, 'standby', 'standbys')]).toEqual(['1 task', '2 standbys'])
  expect(['mapValues', 'fk-join'].map(spaced)).toEqual(['map values', 'fk-join'])
  expect(['KSTREAM-MAPVALUES-0000000004', 'my-filter'].map(shortName)).toEqual(['MAPVALUES 4', 'my-filter'])
})
