import { expect, it } from 'vitest'
import { compareUsage, LEAST_SAMPLES, type Usage } from './usage-series.ts'

const COUNT = LEAST_SAMPLES * 2

function series(at: (share: number, index: number) => Partial<Usage>): readonly Usage[] {
  return Array.from({ length: COUNT }, (_, index) => ({
    heapMb: 40,
    rssMb: 200,
    handles: 30,
    files: 60,
    ...at(index / COUNT, index),
  }))
}

it('takes what goes up and down, and a warm-up, for flat', () => {
  const samples = series((share, index) => ({
    heapMb: share < 0.2 ? 20 : 40 + (index % 20),
    rssMb: share < 0.25 ? 120 : 200 + (index % 7),
    // A broker is away now and then.
    handles: index % 15 === 0 ? 45 : 30,
  }))
  expect(compareUsage(samples)?.growth).toEqual([])
})

it.each([
  ['heapMb', (share: number) => ({ heapMb: Math.round(40 + share * 40) })],
  ['rssMb', (share: number) => ({ rssMb: Math.round(200 + share * 200) })],
  ['handles', (share: number) => ({ handles: Math.round(30 + share * 20) })],
  ['files', (share: number) => ({ files: Math.round(60 + share * 60) })],
])('finds that %s grows', (figure, at) => {
  expect(compareUsage(series(at))?.growth).toEqual([expect.stringMatching(new RegExp(`^${figure} grew from`))])
})

it('says nothing about a short run', () => {
  expect(compareUsage(series(() => ({})).slice(0, LEAST_SAMPLES - 1))).toBeUndefined()
})
