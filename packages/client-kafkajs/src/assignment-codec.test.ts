import type { Assignor } from '@millrace/core'
import fc from 'fast-check'
import { AssignerProtocol } from 'kafkajs'
import { expect, it } from 'vitest'
import { assignMembers, encodeAssignment, encodeSubscription, partitionsOf, userDataOf } from './assignment-codec.ts'

/** What kafkajs tells a member of its assignment: the partitions, and the names of all topics. */
function told(bytes: Buffer) {
  const { assignment, userData } = AssignerProtocol.MemberAssignment.decode(bytes)!
  return { assignment, userData, names: Object.keys(assignment) }
}

it('carries user data of any length through the names of topics', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 0, max: 3 }), (some, parts) => {
      const userData = Buffer.concat([Buffer.alloc(parts * 24_000, 7), some])
      const { names, userData: asJavaReadsIt } = told(encodeAssignment({ partitions: [], userData }))
      expect(Buffer.from(userDataOf(names))).toEqual(userData)
      expect(asJavaReadsIt).toEqual(userData)
    }),
    { numRuns: 50 },
  )
})

it('assigns partitions under their own topics', () => {
  const partitions = [
    { topic: 'a', partition: 0 },
    { topic: 'b', partition: 3 },
    { topic: 'a', partition: 2 },
  ]
  const { assignment, names } = told(encodeAssignment({ partitions, userData: new Uint8Array() }))
  expect(assignment).toEqual({ a: [0, 2], b: [3] })
  expect(userDataOf(names)).toHaveLength(0)
  expect(partitionsOf(assignment)).toHaveLength(3)
})

it('makes other bytes of a subscription when a rejoin is asked for, that read the same', () => {
  const [first, again] = [0, 1].map(rejoins => encodeSubscription(['a'], Buffer.from('me'), rejoins))
  expect(again).not.toEqual(first)
  const decoded = AssignerProtocol.MemberMetadata.decode(again!)
  expect(decoded).toMatchObject({ topics: ['a'], userData: Buffer.from('me') })
})

it('runs the assignor over all members, and gives nothing to one that it left out', async () => {
  const assignor: Assignor = {
    name: 'first takes all',
    userData: () => new Uint8Array(),
    assign: async members => {
      const partitions = members.flatMap(({ topics }) => topics.map(topic => ({ topic, partition: 0 })))
      return new Map([[members[0]!.memberId, { partitions, userData: members[1]!.userData }]])
    },
  }
  const members = ['m1', 'm2'].map(memberId => ({
    memberId,
    memberMetadata: encodeSubscription([memberId], Buffer.from(memberId), 0),
  }))
  const assigned = await assignMembers(assignor, members)
  expect(assigned.map(({ memberId }) => memberId)).toEqual(['m1', 'm2'])
  expect(told(assigned[0]!.memberAssignment)).toMatchObject({
    userData: Buffer.from('m2'),
    assignment: { m1: [0], m2: [0] },
  })
  expect(told(assigned[1]!.memberAssignment)).toMatchObject({ userData: Buffer.alloc(0), names: [] })
})
