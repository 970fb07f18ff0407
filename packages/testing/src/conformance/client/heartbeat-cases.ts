import assert from 'node:assert/strict'
import type { ClientCase } from './client-harness.ts'
import { newTopic } from './record-io.ts'
import { pollUntil } from './poll-until.ts'
import { TestMember } from './test-member.ts'

export const heartbeatCases: readonly ClientCase[] = [
  {
    name: 'keeps the place of a member whose thread is blocked for longer than its session',
    requires: ({ busyHeartbeats }) => (busyHeartbeats ? undefined : 'heartbeats depend on the thread that polls'),
    async run(harness) {
      const topic = await newTopic(harness, 1)
      const { staticMembership } = harness.client().capabilities
      const member = new TestMember(harness, {
        groupId: harness.uniqueName('group'),
        topics: { [topic]: 1 },
        ...(staticMembership && { groupInstanceId: 'one' }),
      })
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      const before = member.consumer.groupMetadata()
      block(harness.timings.sessionTimeoutMs * 1.5)
      for (let i = 0; i < 20; i++) await member.poll()
      await member.consumer.commit([{ topic, partition: 0, offset: 0 }])
      assert.deepEqual(member.events, ['assigned 0'])
      assert.deepEqual(member.consumer.groupMetadata(), before)
    },
  },
]

/** As a function that computes without a break. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms)
}
