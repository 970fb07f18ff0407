import type { GroupMember, MemberAssignment } from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from '../protocol/wire-error.ts'
import { assignMembers, decodeAssignment, encodeAssignment, encodeSubscription } from './group-data.ts'

const topic = fc.string({ minLength: 1, maxLength: 20 })
const bytes = fc.uint8Array({ maxLength: 100 })

async function seenByLeader(metadata: Uint8Array): Promise<readonly GroupMember[]> {
  let seen: readonly GroupMember[] = []
  const assignor = {
    name: 'test',
    userData: () => new Uint8Array(),
    assign: async (members: readonly GroupMember[]) => {
      seen = members
      return new Map<string, MemberAssignment>()
    },
  }
  await assignMembers(assignor, [{ memberId: 'a', groupInstanceId: null, metadata }])
  return seen
}

describe('what members tell each other', () => {
  it('reaches the leader as it was, whatever the number of rejoins behind it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(topic), bytes, fc.nat(), async (topics, userData, rejoins) => {
        const owned = topics.map(name => ({ topic: name, partition: 3 }))
        const [member] = await seenByLeader(encodeSubscription({ topics, userData, owned, rejoins }))
        expect(member?.topics).toEqual(topics)
        expect(Buffer.from(member!.userData)).toEqual(Buffer.from(userData))
      }),
    )
  })

  it('changes its bytes with each rejoin that is asked for', () => {
    const of = (rejoins: number) =>
      encodeSubscription({ topics: ['t'], userData: new Uint8Array(), owned: [], rejoins })
    expect(of(1).equals(of(0))).toBe(false)
    expect(of(2).equals(of(1))).toBe(false)
  })

  it('comes back from the leader as it was, also in the form for members that see no user data', () => {
    const partitions = fc.array(fc.record({ topic, partition: fc.nat(1_000) }), { maxLength: 20 })
    fc.assert(
      fc.property(partitions, bytes, fc.boolean(), (list, userData, forKafkajs) => {
        const decoded = decodeAssignment(encodeAssignment({ partitions: list, userData }, forKafkajs))
        const names = (of: MemberAssignment['partitions']) => of.map(each => `${each.topic}-${each.partition}`).sort()
        expect(names(decoded.partitions)).toEqual(names(list))
        expect(Buffer.from(decoded.userData)).toEqual(Buffer.from(userData))
      }),
    )
  })

  it('is refused when it is malformed, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async anything => {
        const outcome = await seenByLeader(anything).catch((error: unknown) => error)
        if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(WireError)
        try {
          decodeAssignment(anything)
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('is an assignment of nothing when the broker sends nothing', () => {
    expect(decodeAssignment(new Uint8Array())).toEqual({ partitions: [], userData: new Uint8Array() })
  })
})
