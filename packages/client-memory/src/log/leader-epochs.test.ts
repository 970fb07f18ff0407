import { expect, it } from 'vitest'
import { LeaderEpochs } from './leader-epochs.ts'

it('says where an epoch ends, also of one in which nothing was left', () => {
  const epochs = new LeaderEpochs()
  expect(epochs.endOf(0, 8)).toBe(8)
  expect(epochs.endOf(1, 8)).toBeUndefined()
  epochs.elect(5)
  epochs.elect(9)
  epochs.elect(3)
  expect([0, 1, 2, 3].map(epoch => epochs.endOf(epoch, 20))).toEqual([3, 3, 3, 20])
  expect(epochs.current).toBe(3)
})
