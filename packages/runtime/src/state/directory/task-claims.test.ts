import { ManualClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { ClaimTable, memberName } from './task-claims.ts'

it('gives a task that another member has as soon as that has released it', async () => {
  const clock = new ManualClock(0)
  const table = new ClaimTable(clock)
  const [one, two] = [table.of(1), table.of(2)]
  await one.claim('0_0')
  expect(two.inUse()).toEqual(new Set(['0_0']))
  const waiting = two.claim('0_0')
  await clock.advance(50)
  one.release('0_0', 17)
  await clock.advance(50)
  await waiting
  expect(two.onDisk.get('0_0')).toBe(17)
  // Not the owner any more.
  one.release('0_0', undefined)
  expect(two.inUse()).toEqual(new Set(['0_0']))
})

it('refuses a task that another member keeps, for the caller to try again', async () => {
  const clock = new ManualClock(0)
  const table = new ClaimTable(clock)
  await table.of(1).claim('0_0')
  const refused = table
    .of(2)
    .claim('0_0')
    .catch((error: unknown) => error)
  await clock.advance(1000)
  expect(await refused).toMatchObject({
    code: 'MILLRACE_STORE_BUSY',
    kind: 'retriable',
    problem: 'The state of task 0_0 is open in thread 1 of this process, and thread 2 needs it',
  })
})

it('frees what a member had that has ended, and only that', async () => {
  const table = new ClaimTable(new ManualClock(0))
  await table.of(1).claim('0_0')
  await table.of(2).claim('0_1')
  table.releaseAll(1)
  expect(table.inUse()).toEqual(new Set(['0_1']))
})

it('names the first member as a process with one member is named', () => {
  expect([memberName('p'), memberName('p', 1), memberName('p', 2)]).toEqual(['p', 'p', 'p#2'])
})
