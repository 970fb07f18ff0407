import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type TaskId, taskName } from '../task/task-id.ts'
import { type AssignableMember, assignTasks, decodeMemberData, encodeMemberData } from './assignment.ts'

const taskList = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 8 }))
  .map(([subTopologies, partitions]) =>
    Array.from({ length: subTopologies * partitions }, (_, index): TaskId => ({
      subTopology: Math.floor(index / partitions),
      partition: index % partitions,
    })),
  )

const situation = fc.tuple(taskList, fc.integer({ min: 1, max: 6 })).chain(([tasks, size]) =>
  fc.tuple(
    fc.constant(tasks),
    fc
      .array(fc.subarray(tasks), { minLength: size, maxLength: size })
      .map(owned => owned.map((list, index): AssignableMember => ({ memberId: `member-${index}`, owned: list }))),
  ),
)

const names = (tasks: Iterable<readonly TaskId[]>) => [...tasks].flat().map(taskName).sort()

it('gives every task to exactly one member', () => {
  fc.assert(
    fc.property(situation, ([tasks, members]) => {
      expect(names(assignTasks(members, tasks).values())).toEqual(tasks.map(taskName).sort())
    }),
  )
})

it('gives no member two tasks more than another', () => {
  fc.assert(
    fc.property(situation, ([tasks, members]) => {
      const sizes = [...assignTasks(members, tasks).values()].map(list => list.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

it('moves nothing when the group assigns again', () => {
  fc.assert(
    fc.property(situation, ([tasks, members]) => {
      const first = assignTasks(members, tasks)
      const again = members.map(({ memberId }) => ({ memberId, owned: first.get(memberId)! }))
      expect(assignTasks(again, tasks)).toEqual(first)
    }),
  )
})

it('moves no more than the newcomer gets', () => {
  fc.assert(
    fc.property(situation, ([tasks, members]) => {
      const before = assignTasks(members, tasks)
      const grown = members.map(({ memberId }) => ({ memberId, owned: before.get(memberId)! }))
      const after = assignTasks([...grown, { memberId: 'newcomer', owned: [] }], tasks)
      const moved = members.flatMap(({ memberId }) => {
        const kept = new Set(after.get(memberId)!.map(taskName))
        return before.get(memberId)!.filter(task => !kept.has(taskName(task)))
      })
      expect(moved.length).toBe(after.get('newcomer')!.length)
    }),
  )
})

it('does not depend on the order in which members are listed', () => {
  fc.assert(
    fc.property(situation, ([tasks, members]) => {
      expect(assignTasks([...members].reverse(), tasks)).toEqual(assignTasks(members, tasks))
    }),
  )
})

it('reads back what a member says, and takes a stranger for one that owns nothing', () => {
  const tasks = [{ subTopology: 0, partition: 3 }]
  expect(decodeMemberData(encodeMemberData(tasks))).toEqual(tasks)
  expect(decodeMemberData(Buffer.from('not json'))).toEqual([])
  expect(decodeMemberData(Buffer.from('{"version":2,"tasks":["0_3"]}'))).toEqual([])
})
