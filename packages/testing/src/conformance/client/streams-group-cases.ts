import assert from 'node:assert/strict'
import { isMillraceError, type ClientCapabilities, type StreamsSubTopology } from '@millrace/core'
import type { ClientCase, ClientHarness } from './client-harness.ts'
import { eventually, newTopic, numbered, produce, rejectsWith, values } from './record-io.ts'
import { pollUntil } from './poll-until.ts'
import { reading, StreamsTestMember, type StreamsTestMemberOptions } from './streams-test-member.ts'
import { TestMember } from './test-member.ts'

const requires = ({ streamsGroups }: ClientCapabilities): string | undefined =>
  streamsGroups ? undefined : 'the client does not know streams groups'

const requiresTransactions = (capabilities: ClientCapabilities): string | undefined =>
  requires(capabilities) ??
  (capabilities.transactions === 'group-metadata' ? undefined : 'transactions carry no group metadata')

/** Members of streams groups (KIP-1071). */
export const streamsGroupCases: readonly ClientCase[] = [
  {
    name: 'streams group: gives all tasks to the only member, and records after the seek',
    requires,
    async run(harness) {
      const { member, topic } = await lonelyMember(harness, 2)
      await produce(harness, topic, [...numbered(2, 0), ...numbered(1, 1)])
      await pollUntil(harness, [member], 'all records', () => member.records.length === 3)
      assert.deepEqual(
        member.events.filter(event => event !== 'assigned '),
        ['assigned 0_0 0_1'],
      )
      assert.equal(member.consumer.isRebalancing(), false)
      const { generationId, memberId } = member.consumer.groupMetadata()
      assert.ok(generationId > 0 && memberId.length > 0)
    },
  },
  {
    name: 'streams group: makes the internal topics, each with its partitions and settings',
    requires,
    async run(harness) {
      const topic = await newTopic(harness, 3)
      const groupId = harness.uniqueName('group')
      const [repartition, changelog] = [`${groupId}-by-key-repartition`, `${groupId}-counts-changelog`]
      const member = new StreamsTestMember(harness, {
        groupId,
        subTopologies: [
          reading(topic, { repartitionSinkTopics: [repartition] }),
          {
            id: '1',
            sourceTopics: [],
            repartitionSinkTopics: [],
            repartitionSourceTopics: [{ name: repartition, partitions: 4, configs: { 'cleanup.policy': 'delete' } }],
            stateChangelogTopics: [{ name: changelog, configs: { 'cleanup.policy': 'compact' } }],
            copartitionGroups: [],
          },
        ],
      })
      const all = '0_0 0_1 0_2 1_0 1_1 1_2 1_3'
      await pollUntil(harness, [member], 'all tasks', () => member.active === all)
      const described = await harness.client().admin().describeTopics([repartition, changelog])
      assert.deepEqual(
        new Map(described.map(({ name, partitions }) => [name, partitions])),
        new Map([
          [repartition, 4],
          [changelog, 4],
        ]),
      )
    },
  },
  {
    name: 'streams group: gives a task to another member only when it has been given up and committed',
    requires,
    async run(harness) {
      const { member: a, topic, options } = await lonelyMember(harness, 2)
      await produce(harness, topic, [...numbered(3, 0), ...numbered(3, 1)])
      await pollUntil(harness, [a], 'a has read all', () => a.records.length === 6)
      a.onRevoked = async () => {
        assert.deepEqual(b.active, '', 'nobody else has it yet')
        await a.consumer.confirm(0)
        await a.consumer.commit([0, 1].map(partition => ({ topic, partition, offset: 3 })))
        assert.deepEqual(b.active, '', 'nobody else has it yet')
      }
      const b = new StreamsTestMember(harness, options)
      await pollUntil(harness, [a, b], 'both share', () => a.tasks.active.length === 1 && b.tasks.active.length === 1)
      assert.equal(a.events.filter(event => event.startsWith('revoked')).length, 1)
      await produce(harness, topic, [...numbered(1, 0, 3), ...numbered(1, 1, 3)])
      await pollUntil(harness, [a, b], 'new records', () => a.records.length + b.records.length >= 8)
      assert.deepEqual(values(b.records), ['v3'], 'b began where a had committed')
    },
  },
  {
    name: 'streams group: does not take tasks that were assigned otherwise while it looked at them',
    requires,
    async run(harness) {
      const { member: a, options } = await lonelyMember(harness, 6)
      const [b, c] = [new StreamsTestMember(harness, options), new StreamsTestMember(harness, options)]
      let open = (): void => {}
      const gate = new Promise<void>(resolve => (open = resolve))
      let looks = 0
      b.beforeTaking = () => (looks++ === 0 ? Promise.resolve() : gate)
      const members = [a, b, c]
      const check = (done: () => boolean) => () => {
        const all = members.flatMap(({ tasks }) => tasks.active).map(({ partition }) => partition)
        assert.equal(
          new Set(all).size,
          all.length,
          `nobody has the task of another: ${members.map(({ active }) => active).join(' | ')}`,
        )
        return done()
      }
      // It stops at the first tasks that it is assigned.
      const stopped = pollUntil(
        harness,
        [b],
        'b is through',
        check(() => b.tasks.active.length === 2),
      )
      await pollUntil(
        harness,
        [a],
        'a has given up what b is to have',
        check(() => a.tasks.active.length === 3 && looks > 1),
      )
      const others = pollUntil(
        harness,
        [a, c],
        'all are owned',
        check(() => members.every(({ tasks }) => tasks.active.length === 2)),
      )
      await new Promise(resolve => setTimeout(resolve, harness.timings.heartbeatIntervalMs * 10))
      open()
      await Promise.all([stopped, others])
    },
  },
  {
    name: 'streams group: gives tasks to others when a member leaves, or after the session timeout',
    requires,
    async run(harness) {
      const { member: a, options } = await lonelyMember(harness, 2)
      for (const leave of [true, false]) {
        const b = new StreamsTestMember(harness, options)
        await pollUntil(harness, [a, b], 'both share', () => b.tasks.active.length === 1)
        await b.consumer.close({ leave })
        await pollUntil(harness, [a], `a has all, ${leave}`, () => a.tasks.active.length === 2)
      }
    },
  },
  {
    name: 'streams group: loses all when the group goes on without it, and joins again',
    requires,
    async run(harness) {
      const { member: a, topic, options } = await lonelyMember(harness, 2)
      const before = a.consumer.groupMetadata()
      const b = new StreamsTestMember(harness, options)
      // It is to give one up, and does not poll: after the rebalance timeout it is out.
      await pollUntil(harness, [b], 'b has all', () => b.tasks.active.length === 2)
      await rejectsWith('MILLRACE_GROUP_FENCED', a.consumer.confirm(0))
      await rejectsWith('MILLRACE_GROUP_FENCED', a.consumer.commit([{ topic, partition: 0, offset: 1 }]))
      assert.deepEqual(await b.consumer.committed([{ topic, partition: 0 }]), [])
      await pollUntil(harness, [a, b], 'a is back', () => a.tasks.active.length === 1)
      assert.ok(a.events.includes('lost'), a.events.join('; '))
      assert.notDeepEqual(a.consumer.groupMetadata(), before)
    },
  },
  {
    name: 'streams group: commits offsets as a member, also in a transaction, and fences who is none any more',
    requires: requiresTransactions,
    async run(harness) {
      const { member: a, topic, options } = await lonelyMember(harness, 2)
      const producer = harness.client().producer({ transactionalId: harness.uniqueName('tx') })
      await producer.init()
      producer.begin()
      await a.consumer.commit([{ topic, partition: 0, offset: 5 }])
      await producer.sendOffsets([{ topic, partition: 1, offset: 7 }], a.consumer.groupMetadata())
      await producer.commit()
      const both = [0, 1].map(partition => ({ topic, partition }))
      // Shortly after the commit its markers are on their way.
      await eventually(harness, 'both offsets', async () => {
        const committed = await a.consumer.committed(both).catch((error: unknown) => {
          if (!isMillraceError(error, 'retriable')) throw error
          return []
        })
        return committed.map(({ offset }) => offset).join() === '5,7'
      })
      const { renew, ...old } = a.consumer.groupMetadata()
      let renewals = 0
      const stale = { ...old, renew: async () => (renewals++, await renew!()) }
      const b = new StreamsTestMember(harness, options)
      const shared = () => a.tasks.active.length === 1 && b.tasks.active.length === 1
      await pollUntil(harness, [a, b], 'both share', shared)
      assert.ok(a.consumer.groupMetadata().generationId > old.generationId)
      producer.begin()
      await producer.sendOffsets([{ topic, partition: 0, offset: 8 }], stale)
      await producer.commit()
      // Some brokers accept an earlier epoch for tasks that have stayed.
      assert.ok(renewals <= 1, `renewed ${renewals} times`)
      await a.consumer.close()
      producer.begin()
      await rejectsWith(
        'MILLRACE_GROUP_FENCED',
        producer.sendOffsets([{ topic, partition: 0, offset: 9 }], { ...old, memberId: 'nobody' }),
      )
    },
  },
  {
    name: 'streams group: gives everything up and takes it back when it is asked to join again',
    requires,
    async run(harness) {
      const { member } = await lonelyMember(harness, 2)
      member.consumer.requestRejoin('the test wants it')
      assert.equal(member.consumer.isRebalancing(), true)
      const back = () => member.events.filter(event => event === 'assigned 0_0 0_1').length === 2
      await pollUntil(harness, [member], 'assigned again', back)
      assert.equal(member.events.filter(event => event.startsWith('revoked')).length, 1)
    },
  },
  {
    name: 'streams group: tells every member when one asks for the end of the application',
    requires,
    async run(harness) {
      const { member: a, options } = await lonelyMember(harness, 2)
      const b = new StreamsTestMember(harness, options)
      await pollUntil(harness, [a, b], 'both share', () => b.tasks.active.length === 1)
      a.wantsShutdown = true
      await pollUntil(harness, [a, b], 'both are told', () => a.shutdowns > 0 && b.shutdowns > 0)
    },
  },
  {
    name: 'streams group: says that a source topic is missing when it stays so',
    requires,
    async run(harness) {
      const topic = harness.uniqueName('missing')
      const member = new StreamsTestMember(harness, {
        groupId: harness.uniqueName('group'),
        subTopologies: [reading(topic)],
      })
      await rejectsWith(
        'MILLRACE_GROUP_TOPICS_WRONG',
        pollUntil(harness, [member], 'it fails', () => false),
      )
    },
  },
  {
    name: 'streams group: refuses topics of a join that have different numbers of partitions',
    requires,
    async run(harness) {
      const [one, other] = [await newTopic(harness, 2), await newTopic(harness, 3)]
      const member = new StreamsTestMember(harness, {
        groupId: harness.uniqueName('group'),
        subTopologies: [reading(one, { sourceTopics: [one, other], copartitionGroups: [[one, other]] })],
      })
      await rejectsWith(
        'MILLRACE_GROUP_TOPICS_WRONG',
        pollUntil(harness, [member], 'it fails', () => false),
      )
    },
  },
  {
    name: 'streams group: is refused while members of a classic group are there, and the other way round',
    requires,
    async run(harness) {
      const topic = await newTopic(harness, 1)
      const groupId = harness.uniqueName('group')
      const classic = new TestMember(harness, { groupId, topics: { [topic]: 1 } })
      await pollUntil(harness, [classic], 'assigned', () => classic.assigned !== undefined)
      await classic.consumer.commit([{ topic, partition: 0, offset: 3 }])
      const early = new StreamsTestMember(harness, { groupId, subTopologies: [reading(topic)] })
      await rejectsWith(
        'MILLRACE_GROUP_INCOMPATIBLE',
        pollUntil(harness, [early], 'it fails', () => false),
      )
      await early.consumer.close()
      await classic.consumer.close()
      const member = new StreamsTestMember(harness, { groupId, subTopologies: [reading(topic)] })
      await pollUntil(harness, [member], 'assigned', () => member.active === '0_0')
      const at = await member.consumer.committed([{ topic, partition: 0 }])
      assert.deepEqual(at, [{ topic, partition: 0, offset: 3 }], 'offsets are kept')
      const late = new TestMember(harness, { groupId, topics: { [topic]: 1 } })
      await rejectsWith(
        'MILLRACE_GROUP_INCOMPATIBLE',
        pollUntil(harness, [late], 'it fails', () => false),
      )
      await member.consumer.commit([{ topic, partition: 0, offset: 4 }])
      await member.consumer.close()
      const back = new TestMember(harness, { groupId, topics: { [topic]: 1 } })
      await pollUntil(harness, [back], 'assigned', () => back.assigned !== undefined)
      assert.deepEqual(await back.consumer.committed([{ topic, partition: 0 }]), [{ topic, partition: 0, offset: 4 }])
      await back.consumer.close()
      const changed = new StreamsTestMember(harness, { groupId, subTopologies: [withStore(topic, groupId)] })
      await pollUntil(harness, [changed], 'assigned', () => changed.active === '0_0')
      assert.deepEqual(await changed.consumer.committed([{ topic, partition: 0 }]), [
        { topic, partition: 0, offset: 4 },
      ])
    },
  },
  {
    name: 'streams group: is described to the admin, keeps its offsets from others, and can be emptied',
    requires,
    async run(harness) {
      const { member, topic, options } = await lonelyMember(harness, 1)
      const { groupId } = options
      const admin = harness.client().admin()
      const described = await admin.describeGroup(groupId)
      const { memberId } = member.consumer.groupMetadata()
      assert.deepEqual(
        described?.members.map(each => each.memberId),
        [memberId],
      )
      assert.deepEqual(
        described?.members[0]?.tasks?.active.map(({ partition }) => partition),
        [0],
      )
      assert.notEqual(described?.state, 'empty')
      await rejectsWith('MILLRACE_GROUP_ACTIVE', admin.alterOffsets(groupId, [{ topic, partition: 0, offset: 0 }]))
      await rejectsWith('MILLRACE_GROUP_ACTIVE', admin.deleteGroup(groupId))
      await admin.removeMembers(groupId)
      assert.equal((await admin.describeGroup(groupId))?.state, 'empty')
      await pollUntil(harness, [member], 'it is back', () => member.events.includes('lost') && member.active !== '')
    },
  },
  {
    name: 'streams group: refuses another topology, also when nobody is there',
    requires,
    async run(harness) {
      const { member, topic, options } = await lonelyMember(harness, 1)
      const other = () => {
        const changed = new StreamsTestMember(harness, {
          ...options,
          subTopologies: [withStore(topic, options.groupId)],
        })
        return pollUntil(harness, [changed], 'it fails', () => false)
      }
      await rejectsWith('MILLRACE_GROUP_TOPOLOGY_STALE', other())
      await member.consumer.close()
      await rejectsWith('MILLRACE_GROUP_TOPOLOGY_STALE', other())
    },
  },
  {
    name: 'streams group: tells where the tasks are',
    requires,
    async run(harness) {
      const { member: a, topic, options } = await lonelyMember(harness, 2, { host: 'one.example:81' })
      const b = new StreamsTestMember(harness, { ...options, host: 'two.example:82' })
      const seen = () =>
        [a, b].every(({ endpoints }) => {
          const hosts = new Map(endpoints.map(({ host, active }) => [host, active.map(({ partition }) => partition)]))
          return hosts.get('one.example:81')?.length === 1 && hosts.get('two.example:82')?.length === 1
        })
      await pollUntil(harness, [a, b], 'both know both', seen)
      assert.ok(a.endpoints.every(({ active }) => active.every(partition => partition.topic === topic)))
    },
  },
  {
    name: 'streams group: keeps the place of a member whose thread is blocked for longer than its session',
    requires: capabilities =>
      requires(capabilities) ??
      (capabilities.busyHeartbeats ? undefined : 'heartbeats depend on the thread that polls'),
    async run(harness) {
      const { member, topic } = await lonelyMember(harness, 1)
      const before = member.consumer.groupMetadata().memberId
      block(harness.timings.sessionTimeoutMs * 1.5)
      for (let i = 0; i < 20; i++) await member.poll()
      await member.consumer.commit([{ topic, partition: 0, offset: 0 }])
      assert.ok(!member.events.includes('lost'), member.events.join('; '))
      assert.equal(member.consumer.groupMetadata().memberId, before)
    },
  },
  {
    name: 'streams group: lets a static member come back to its tasks',
    requires: capabilities =>
      requires(capabilities) ?? (capabilities.staticMembership ? undefined : 'the client has no static membership'),
    async run(harness) {
      const first = await lonelyMember(harness, 4, { groupInstanceId: 'a', processId: 'a' }).catch(unlessUnsupported)
      // Brokers before Kafka 4.4 have no static members of streams groups, and the error says so.
      if (first === undefined) return
      const { member: a, options } = first
      const b = new StreamsTestMember(harness, { ...options, groupInstanceId: 'b', processId: 'b' })
      await pollUntil(harness, [a, b], 'both share', () => a.tasks.active.length === 2 && b.tasks.active.length === 2)
      const [had, before] = [b.active, a.events.length]
      await b.consumer.close({ leave: false })
      const again = new StreamsTestMember(harness, { ...options, groupInstanceId: 'b', processId: 'b' })
      await pollUntil(harness, [a, again], 'b is back', () => again.active === had)
      assert.deepEqual(a.events.slice(before), [], 'the other member noticed nothing')
    },
  },
]

async function lonelyMember(
  harness: ClientHarness,
  partitions: number,
  more: Partial<StreamsTestMemberOptions> = {},
): Promise<{ readonly member: StreamsTestMember; readonly topic: string; readonly options: StreamsTestMemberOptions }> {
  const topic = await newTopic(harness, partitions)
  const options = { groupId: harness.uniqueName('group'), subTopologies: [reading(topic)] }
  const member = new StreamsTestMember(harness, { ...options, ...more })
  await pollUntil(harness, [member], 'all tasks', () => member.tasks.active.length === partitions)
  return { member, topic, options }
}

function unlessUnsupported(error: unknown): undefined {
  if (!isMillraceError(error) || error.code !== 'MILLRACE_GROUP_PROTOCOL_UNSUPPORTED') throw error
  return undefined
}

/** Another topology over the same topic. */
function withStore(topic: string, groupId: string): StreamsSubTopology {
  return reading(topic, { stateChangelogTopics: [{ name: `${groupId}-store-changelog`, configs: {} }] })
}

/** As a function that computes without a break. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms)
}
