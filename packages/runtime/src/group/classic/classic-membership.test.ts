import { StreamsBuilder, string, type Subscription } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../../app/application.fixture.ts'
import { resolveOptions } from '../../config/options.ts'
import { silentLogger } from '../../observe/console-logger.ts'
import { taskName } from '../../task-id.ts'
import { TopicPatterns } from '../../topics/topic-patterns.ts'
import type { AssignedTask } from '../../task-id.ts'
import { ClassicMembership } from './classic-membership.ts'

const PROCESS = {
  processId: 'p',
  active: [],
  standby: [],
  positions: new Map(),
  tags: {},
  capacity: 1,
  host: undefined,
}

/** A member of a group in memory, and what its listener was told. */
function memberOf(eager: boolean) {
  const app = testApplication({ in: 2, other: 2 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => undefined)
  builder.stream('other', { key: string(), value: string() }).foreach(() => undefined)
  const options = resolveOptions({
    applicationId: 'app',
    client: app.factory,
    clock: app.clock,
    logger: silentLogger,
  })
  const consumer = app.client.groupConsumer({ groupId: 'app', isolationLevel: 'read_committed' })
  let subscription: Subscription | undefined
  const subscribe = consumer.subscribe.bind(consumer)
  Object.assign(consumer, {
    subscribe: (given: Subscription) => {
      subscription = given
      subscribe(given)
    },
  })
  const told: string[] = []
  const namesOf = (tasks: readonly AssignedTask[]) => tasks.map(({ id }) => taskName(id)).join(' ')
  const membership: ClassicMembership = new ClassicMembership({
    ...{ options, consumer, eager },
    topics: new TopicPatterns(builder.build(), 'app', undefined),
    admin: app.client.admin(),
    holdings: () => PROCESS,
    listener: {
      onAssigned: async () => void told.push(`assigned ${namesOf(membership.assignment!.active)}`),
      onRevoked: async stays => void told.push(`stays ${namesOf(stays)}`),
      onSuspended: async () => void told.push('suspended'),
      onLost: async () => void told.push('lost'),
      onShutdown: () => void told.push('shutdown'),
    },
  })
  const untilTold = async (what: string) => {
    for (let round = 0; round < 100 && told.at(-1) !== what; round++) {
      const polled = consumer.poll(0)
      await app.clock.advance(100)
      await polled
    }
    expect(told.at(-1)).toBe(what)
  }
  membership.subscribe(
    new Map([
      ['in', 2],
      ['other', 2],
    ]),
  )
  return { membership, told, untilTold, consumer, listener: () => subscription!.listener }
}

it('gives its listener tasks, each with its partitions', async () => {
  const { membership, untilTold, consumer } = memberOf(false)
  expect(membership.assignment).toBeUndefined()
  await untilTold('assigned 0_0 0_1 1_0 1_1')
  expect(membership.assignment!.active[2]).toEqual({
    id: { subTopology: 1, partition: 0 },
    partitions: [{ topic: 'other', partition: 0 }],
  })
  await consumer.close()
})

it('tells its listener of a revocation before anything is waited for', async () => {
  const { membership, told, untilTold, consumer, listener } = memberOf(false)
  await untilTold('assigned 0_0 0_1 1_0 1_1')
  const before = membership.assignment
  const revoked = listener().onRevoked([
    { topic: 'in', partition: 1 },
    { topic: 'other', partition: 0 },
  ])
  expect(told.at(-1)).toBe('stays 0_0 1_1')
  await revoked
  expect(membership.assignment).toBe(before)
  expect(membership.assignment!.active.map(({ id }) => taskName(id))).toEqual(['0_0', '1_1'])
  await consumer.close()
})

it('has no assignment from the loss of its place to the next one', async () => {
  const { membership, told, untilTold, consumer } = memberOf(false)
  await untilTold('assigned 0_0 0_1 1_0 1_1')
  const before = membership.assignment
  await membership.joinAgain('a test')
  expect(told.at(-1)).toBe('lost')
  expect(membership.assignment).toBeUndefined()
  await untilTold('assigned 0_0 0_1 1_0 1_1')
  expect(membership.assignment).not.toBe(before)
  await consumer.close()
})

it('suspends everything where the client is eager', async () => {
  const { membership, told, untilTold, consumer, listener } = memberOf(true)
  await untilTold('assigned 0_0 0_1 1_0 1_1')
  await listener().onRevoked([{ topic: 'in', partition: 1 }])
  expect(told.at(-1)).toBe('suspended')
  expect(membership.assignment).toBeUndefined()
  await consumer.close()
})
