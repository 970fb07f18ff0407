import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../../app/application.fixture.ts'
import { resolveOptions } from '../../config/options.ts'
import { decodeAssignmentData, encodeMemberData, type MemberData } from './member-data.ts'
import { streamsAssignor } from './streams-assignor.ts'

const ALL = [0, 1, 2, 3].map(partition => ({ subTopology: 0, partition }))

function member(memberId: string, claimed: MemberData['claimed']) {
  const data: MemberData = {
    processId: memberId,
    active: claimed,
    claimed,
    generation: claimed.length > 0 ? 1 : -1,
    standby: [],
    positions: new Map(),
    tags: {},
    capacity: 1,
    topology: 'v1',
    shutdown: false,
    host: undefined,
  }
  return { memberId, topics: ['in'], userData: encodeMemberData(data) }
}

it('has who waits for tasks that another holds look again: that one may crash, and come back, without giving them up', async () => {
  const app = testApplication({ in: 4 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => undefined)
  const plan = builder.build()
  const assignor = streamsAssignor({
    plan: async () => plan,
    applicationId: 'app',
    admin: app.client.admin(),
    holdings: notAsked,
    topology: 'v1',
    options: resolveOptions({ applicationId: 'app', client: app.factory }),
  })
  const assigned = await assignor.assign([member('a', ALL), member('b', [])])
  const given = (id: string) => assigned.get(id)!
  expect([given('a').partitions.length, given('b').partitions.length]).toEqual([2, 0])
  expect(decodeAssignmentData(given('a').userData).probeInMs).toBeUndefined()
  expect(decodeAssignmentData(given('b').userData).probeInMs).toBe(10_000)

  const later = await assignor.assign([member('a', ALL.slice(0, 2)), member('b', [])])
  expect(later.get('b')!.partitions).toHaveLength(2)
  expect(decodeAssignmentData(later.get('b')!.userData).probeInMs).toBeUndefined()
})

function notAsked(): never {
  throw new Error('the leader says nothing of itself while it assigns')
}
