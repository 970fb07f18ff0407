import assert from 'node:assert/strict'
import type { ClientCase, ClientHarness } from './client-harness.ts'
import { eventually, newTopic, numbered, produce, rejectsWith, values } from './record-io.ts'
import { pollUntil } from './poll-until.ts'
import { TestMember } from './test-member.ts'

export const groupAdminCases: readonly ClientCase[] = [
  {
    name: 'describes a group and its members, and nothing where there is none',
    async run(harness) {
      const { admin, groupId, topic, member } = await oneMember(harness)
      const { memberId } = member.consumer.groupMetadata()
      const described = await admin.describeGroup(groupId)
      assert.deepEqual(
        described?.members.map(({ assignment, ...member }) => [member, assignment?.partitions]),
        [[{ memberId, clientId: 'the-member' }, [{ topic, partition: 0 }]]],
      )
      assert.deepEqual([described.groupId, described.state], [groupId, 'stable'])
      await member.consumer.close()
      await eventually(harness, 'empty', async () => (await admin.describeGroup(groupId))?.state === 'empty')
      assert.deepEqual((await admin.describeGroup(groupId))?.members, [])
      assert.equal(await admin.describeGroup(harness.uniqueName('nobody')), undefined)
    },
  },
  {
    name: 'sets the offsets of a group without members, and of one that was not there',
    async run(harness) {
      const admin = harness.client().admin()
      const topic = await newTopic(harness, 2)
      const groupId = harness.uniqueName('group')
      await produce(harness, topic, numbered(5))
      const offsets = [
        { topic, partition: 0, offset: 3 },
        { topic, partition: 1, offset: 0, metadata: 'from here' },
      ]
      await admin.alterOffsets(groupId, offsets)
      assert.deepEqual(await admin.committedOffsets(groupId, offsets), offsets)
      assert.equal((await admin.describeGroup(groupId))?.state, 'empty')
      await admin.alterOffsets(groupId, [{ topic, partition: 0, offset: 4 }])
      assert.equal((await admin.committedOffsets(groupId, [{ topic, partition: 0 }]))[0]?.offset, 4)
      const member = new TestMember(harness, { groupId, topics: { [topic]: 2 } })
      await pollUntil(harness, [member], 'a record', () => member.records.length > 0)
      assert.deepEqual(values(member.records), ['v4'])
    },
  },
  {
    name: 'sets no offsets of a group with members, nor of a topic that is missing',
    async run(harness) {
      const { admin, groupId, topic, member } = await oneMember(harness)
      const offsets = [{ topic, partition: 0, offset: 0 }]
      await rejectsWith('MILLRACE_GROUP_ACTIVE', admin.alterOffsets(groupId, offsets))
      assert.deepEqual(await admin.committedOffsets(groupId, offsets), [])
      await member.poll()
      const missing = [{ topic: harness.uniqueName('missing'), partition: 0, offset: 0 }]
      await rejectsWith('MILLRACE_TOPIC_MISSING', admin.alterOffsets(harness.uniqueName('group'), missing))
    },
  },
  {
    name: 'removes the members of a group, who find out and join again',
    async run(harness) {
      const { admin, groupId, topic, member } = await oneMember(harness)
      await admin.removeMembers(groupId)
      assert.deepEqual((await admin.describeGroup(groupId))?.members, [])
      await admin.alterOffsets(groupId, [{ topic, partition: 0, offset: 0 }])
      await pollUntil(harness, [member], 'assigned again', () => member.events.at(-1) === 'assigned 0' && again(member))
      await admin.removeMembers(harness.uniqueName('nobody'))
    },
  },
  {
    name: 'deletes a group with its offsets once it has no members',
    async run(harness) {
      const { admin, groupId, topic, member } = await oneMember(harness)
      await member.consumer.commit([{ topic, partition: 0, offset: 1 }])
      await rejectsWith('MILLRACE_GROUP_ACTIVE', admin.deleteGroup(groupId))
      await member.consumer.close()
      await admin.deleteGroup(groupId)
      assert.equal(await admin.describeGroup(groupId), undefined)
      assert.deepEqual(await admin.committedOffsets(groupId, [{ topic, partition: 0 }]), [])
      await rejectsWith('MILLRACE_GROUP_MISSING', admin.deleteGroup(groupId))
    },
  },
]

async function oneMember(harness: ClientHarness) {
  const topic = await newTopic(harness)
  const groupId = harness.uniqueName('group')
  const client = harness.client('the-member')
  const member = new TestMember(harness, { groupId, topics: { [topic]: 1 }, client })
  await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
  return { admin: harness.client().admin(), groupId, topic, member }
}

function again({ events }: TestMember): boolean {
  return events.filter(event => event.startsWith('assigned')).length > 1
}
