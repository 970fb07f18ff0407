import { expect, it } from 'vitest'
import { type LastTransaction, outcome } from './hanging-transactions.ts'

const last = (state: string, committed: boolean | undefined): LastTransaction => ({
  before: { state, producerId: 7n, producerEpoch: 3 },
  reach: { groupId: 'g', inputs: [], outputs: [] },
  hangs: true,
  committed,
})

it.each([
  ['CompleteCommit', true, 1, true],
  ['CompleteAbort', false, 1, false],
  // Aborted by init, which takes one epoch to fence and one for the new producer.
  ['Ongoing', false, 2, false],
  // It has ended between the question and init, and nobody saw how.
  ['Ongoing', false, 1, undefined],
  // Remembered from an init before, or not.
  ['Empty', true, 1, true],
  ['Empty', undefined, 1, undefined],
  // Somebody began a transaction in between, which init aborted.
  ['CompleteCommit', true, 2, false],
  // Others have been initialised in between.
  ['CompleteCommit', true, 3, undefined],
  ['CompleteCommit', true, -3, undefined],
] as const)('%s, known as committed: %s, epoch raised by %i: %s', (state, committed, raised, expected) => {
  expect(outcome(last(state, committed), raised)).toBe(expected)
})
