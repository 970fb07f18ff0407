import { expect, it } from 'vitest'
import { asksForShutdown, delaysAssignment, StatusWatch } from './streams-status.ts'

const status = (statusCode: number, statusDetail = 'the detail') => ({ statusCode, statusDetail })

it('gives what is wrong with topics time to pass', () => {
  const watch = new StatusWatch()
  expect(watch.look('g', [status(1)], 0)).toBeUndefined()
  expect(watch.look('g', [status(1)], 9_999)).toBeUndefined()
  expect(watch.look('g', [status(1)], 10_000)).toMatchObject({ code: 'MILLRACE_GROUP_TOPICS_WRONG' })
})

it('begins again when a status was gone in between', () => {
  const watch = new StatusWatch()
  watch.look('g', [status(1)], 0)
  watch.look('g', [status(3)], 9_000)
  expect(watch.look('g', [status(1), status(3)], 12_000)).toBeUndefined()
})

it('does not wait for a topology that the group will never run', () => {
  const error = new StatusWatch().look('g', [status(0)], 0)
  expect(error).toMatchObject({ code: 'MILLRACE_GROUP_TOPOLOGY_STALE' })
  expect(error?.message).toContain('the detail')
})

it('takes the end of the application and a delayed assignment for no failure', () => {
  const statuses = [status(4), status(5)]
  expect(new StatusWatch().look('g', statuses, 1e9)).toBeUndefined()
  expect(asksForShutdown(statuses)).toBe(true)
  expect(delaysAssignment(statuses)).toBe(true)
  expect(delaysAssignment([status(4)])).toBe(false)
})
