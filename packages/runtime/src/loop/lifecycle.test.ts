import { expect, it } from 'vitest'
import { canGo, type StreamsState, transition } from './lifecycle.ts'

it.each<[StreamsState, StreamsState]>([
  ['NOT_RUNNING', 'REBALANCING'],
  ['ERROR', 'RUNNING'],
  ['CREATED', 'RUNNING'],
  ['PENDING_ERROR', 'NOT_RUNNING'],
])('an application cannot go from %s to %s', (from, to) => {
  expect(canGo(from, to)).toBe(false)
  expect(() => transition(from, to)).toThrow(
    expect.objectContaining({ code: 'MILLRACE_STATE_TRANSITION', kind: 'bug' }),
  )
})

it('goes nowhere where it is already', () => {
  expect(transition('RUNNING', 'RUNNING')).toBe('RUNNING')
})
