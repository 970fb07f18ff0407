import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../../app/application.fixture.ts'
import { resolveOptions } from '../../config/options.ts'
import { decodeAssignmentData, encodeMemberData, type MemberData } from './member-data.ts'
import { streamsAssignor } from './streams-assignor.ts'

const ALL = [0, 1, 2, 3].map(partition => ({ subTopology: 0, partition }))

function member(memberId: string, claimed: MemberData['claimed'], processId = memberId) {
  const data: MemberData = {
    processId,
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

it('lets the state of a task come before the task, but not to a thread of the process that has it open', async () => {
  const app = testApplication({ in: 4 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count()
  const plan = builder.build()
  const assignor = streamsAssignor({
    plan: async () => plan,
    applicationId: 'app',
    admin: app.client.admin(),
    holdings: notAsked,
    topology: 'v1',
    options: resolveOptions({ applicationId: 'app', client: app.factory }),
  })
  const changelog = plan.stores[0]!.changelog!.topic
  app.cluster.createTopic({ name: `app-${changelog}`, partitions: 4 })
  const standbysOfNewMember = async (processId: string) => {
    const assigned = await assignor.assign([member('a', ALL, 'p'), member('b', [], processId)])
    return decodeAssignmentData(assigned.get('b')!.userData).standby.length
  }
  expect(await standbysOfNewMember('q')).toBe(2)
  expect(await standbysOfNewMember('p')).toBe(0)
})

function notAsked(): never {
  throw new Error('the leader says nothing of itself while it assigns')
}
