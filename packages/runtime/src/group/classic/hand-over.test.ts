import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type TaskId, taskName } from '../../task-id.ts'
import { type Claim, handOver, holders } from './hand-over.ts'

const TASKS = Array.from({ length: 8 }, (_, partition): TaskId => ({ subTopology: 0, partition }))
const MEMBERS = ['a', 'b', 'c', 'd']

/** Each task goes to one member; each member claims what it likes. */
const situation = fc.record({
  owners: fc.array(fc.constantFrom(...MEMBERS), { minLength: TASKS.length, maxLength: TASKS.length }),
  claims: fc.tuple(
    ...MEMBERS.map(memberId =>
      fc.record({
        memberId: fc.constant(memberId),
        generation: fc.integer({ min: -1, max: 3 }),
        tasks: fc.subarray(TASKS),
      }),
    ),
  ),
})

const targetOf = (owners: readonly string[]) =>
  new Map(MEMBERS.map(memberId => [memberId, TASKS.filter((_, index) => owners[index] === memberId)]))
const namesOf = (given: ReadonlyMap<string, readonly TaskId[]>, memberId: string) =>
  (given.get(memberId) ?? []).map(taskName)

it('gives nobody what another claims who had it as lately', () => {
  fc.assert(
    fc.property(situation, ({ owners, claims }) => {
      const given = handOver(targetOf(owners), claims)
      for (const { memberId, generation } of claims) {
        for (const name of namesOf(given, memberId)) {
          const own = claims.find(claim => claim.memberId === memberId && claim.tasks.map(taskName).includes(name))
          const others = claims.filter(one => one.memberId !== memberId && one.tasks.map(taskName).includes(name))
          const newest = Math.max(-Infinity, ...others.map(other => other.generation))
          expect(own === undefined ? newest : Number(newest >= generation)).toBe(own === undefined ? -Infinity : 0)
        }
      }
    }),
  )
})

it('gives each task to one member at most, and only to the one that is to have it', () => {
  fc.assert(
    fc.property(situation, ({ owners, claims }) => {
      const target = targetOf(owners)
      const given = handOver(target, claims)
      for (const memberId of MEMBERS) {
        expect(namesOf(target, memberId)).toEqual(expect.arrayContaining(namesOf(given, memberId)))
      }
    }),
  )
})

it('gives everything in the second round, when each has given up what it was not given', () => {
  fc.assert(
    fc.property(situation, ({ owners, claims }) => {
      const target = targetOf(owners)
      const first = handOver(target, claims)
      const again = MEMBERS.map((memberId): Claim => ({ memberId, generation: 4, tasks: first.get(memberId)! }))
      expect(handOver(target, again)).toEqual(target)
    }),
  )
})

it('moves nothing of those that stay', () => {
  fc.assert(
    fc.property(situation, ({ owners }) => {
      const target = targetOf(owners)
      const claims = MEMBERS.map((memberId): Claim => ({ memberId, generation: 1, tasks: target.get(memberId)! }))
      expect(handOver(target, claims)).toEqual(target)
    }),
  )
})

const task = TASKS[0]!
it.each([
  ['the one to whom it was assigned last', [3, 5], 'b'],
  ['nobody, when that does not decide it', [5, 5], undefined],
])('has a task that two claim held by %s', (_, [a, b], holder) => {
  const claims = [
    { memberId: 'a', generation: a!, tasks: [task] },
    { memberId: 'b', generation: b!, tasks: [task] },
  ]
  expect(holders(claims).get(taskName(task))).toBe(holder)
  expect(holders([...claims].reverse()).get(taskName(task))).toBe(holder)
})
