import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assignSticky, type TaskNames } from './sticky-assignor.ts'

const group = fc.record({
  members: fc.integer({ min: 1, max: 6 }),
  processes: fc.integer({ min: 1, max: 6 }),
  tasks: fc.integer({ min: 0, max: 20 }),
  replicas: fc.integer({ min: 0, max: 2 }),
})

function situation({ members, processes, tasks, replicas }: typeof group extends fc.Arbitrary<infer T> ? T : never) {
  return {
    members: Array.from({ length: members }, (_, i) => ({ memberId: `m${i}`, processId: `p${i % processes}` })),
    tasks: Array.from({ length: tasks }, (_, i) => `0_${i}`),
    standbys: { replicas, isStateful: () => true },
  }
}

it('gives each task to one member, and numbers differ by one share at most', () => {
  fc.assert(
    fc.property(group, drawn => {
      const { members, tasks, standbys } = situation(drawn)
      const assigned = assignSticky(members, tasks, new Map(), standbys)
      const given = [...assigned.values()].flatMap(({ active }) => [...active])
      expect(given.toSorted((a, b) => a.localeCompare(b))).toEqual(tasks.toSorted((a, b) => a.localeCompare(b)))
      const share = Math.ceil(tasks.length / members.length)
      for (const { active } of assigned.values()) expect(active.size).toBeLessThanOrEqual(share)
    }),
  )
})

it('moves nothing when nothing has changed, and keeps copies of a task in different processes', () => {
  fc.assert(
    fc.property(group, drawn => {
      const { members, tasks, standbys } = situation(drawn)
      const first = assignSticky(members, tasks, new Map(), standbys)
      expect(assignSticky(members, tasks, first, standbys)).toEqual(first)
      for (const task of tasks) {
        const holds = ({ active, standby }: TaskNames) => active.has(task) || standby.has(task)
        const processes = members.filter(({ memberId }) => holds(first.get(memberId)!)).map(each => each.processId)
        expect(new Set(processes).size).toBe(processes.length)
      }
    }),
  )
})

it('moves only what a new member gets', () => {
  const { members, tasks, standbys } = situation({ members: 2, processes: 2, tasks: 6, replicas: 0 })
  const first = assignSticky(members, tasks, new Map(), standbys)
  const more = [...members, { memberId: 'm2', processId: 'p2' }]
  const second = assignSticky(more, tasks, first, standbys)
  for (const { memberId } of members) {
    for (const task of second.get(memberId)!.active) expect(first.get(memberId)!.active).toContain(task)
  }
  expect(second.get('m2')!.active.size).toBe(2)
})
