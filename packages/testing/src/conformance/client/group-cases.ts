import assert from 'node:assert/strict'
import { millraceError } from '@millrace/core'
import type { ClientCase, ClientHarness } from './client-harness.ts'
import { newTopic, numbered, produce, readBatches, readerOf, rejectsWith, values } from './record-io.ts'
import { pollUntil } from './poll-until.ts'
import { TestMember, type TestMemberOptions } from './test-member.ts'

export const groupCases: readonly ClientCase[] = [
  {
    name: 'joins a group at the first poll, and gives records after the seek',
    async run(harness) {
      const { member, topic } = await lonelyMember(harness, 2, { seeks: false })
      await produce(harness, topic, numbered(2))
      assert.deepEqual(member.events, [], 'subscribe alone does nothing')
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      assert.deepEqual(member.events, ['assigned 0,1'])
      for (let i = 0; i < 5; i++) await member.poll()
      assert.deepEqual(member.records, [], 'nothing is fetched before the seek')
      member.consumer.seek({ topic, partition: 0, offset: 1 })
      await pollUntil(harness, [member], 'one record', () => member.records.length > 0)
      assert.deepEqual(values(member.records), ['v1'])
    },
  },
  {
    name: 'awaits the callbacks inside poll',
    async run(harness) {
      const { member } = await lonelyMember(harness, 1)
      let finished = false
      member.onAssigned = async () => {
        await new Promise(resolve => setTimeout(resolve, 100))
        finished = true
      }
      while (member.assigned === undefined) await member.poll()
      assert.ok(finished, 'the poll that assigned returned after the callback had ended')
    },
  },
  {
    name: 'shares partitions between two members and gives them back when one leaves',
    async run(harness) {
      const { a, b } = await twoMembers(harness, 4)
      assert.deepEqual(new Set([...a.partitions, ...b.partitions]), new Set([0, 1, 2, 3]))
      assert.equal(a.partitions.length, 2)
      const kept = a.partitions.join()
      const [gone, before] = [isEager(harness) ? '0,1,2,3' : b.partitions.join(), a.events.length]
      assert.deepEqual(a.events.slice(0, 2), ['assigned 0,1,2,3', `revoked ${gone}`])
      await b.consumer.close()
      await pollUntil(harness, [a], 'a has all again', () => a.partitions.length === 4)
      const since = a.events.slice(before).filter(event => event !== 'assigned ')
      // An eager member gives back what it had before it is assigned again.
      assert.deepEqual(since, isEager(harness) ? [`revoked ${kept}`, 'assigned 0,1,2,3'] : [`assigned ${gone}`])
    },
  },
  {
    name: 'joins again when its assignor fails in passing, and loses nothing',
    async run(harness) {
      const { a, b } = await twoMembers(harness, 4)
      let assigned = 0
      const onAssign = async () => {
        const reason = 'a broker is away'
        if (++assigned <= 2) throw millraceError('MILLRACE_CLIENT_NOT_YET', { operation: 'Assigning', reason })
      }
      for (const member of [a, b]) member.onAssign = onAssign
      const [ofA, ofB] = [a.events.length, b.events.length]
      a.consumer.requestRejoin('to be assigned again')
      const both = () => assigned > 2 && a.events.length > ofA && b.events.length > ofB
      await pollUntil(harness, [a, b], 'another assignment', both)
      await pollUntil(harness, [a, b], 'all is held', () => a.partitions.length + b.partitions.length === 4)
      const events = [...a.events.slice(ofA), ...b.events.slice(ofB)]
      assert.deepEqual(
        events.filter(event => event.startsWith('lost')),
        [],
      )
    },
  },
  {
    name: 'rebalances after the session timeout when a member closes without leaving',
    async run(harness) {
      const { a, b } = await twoMembers(harness, 2)
      await b.consumer.close({ leave: false })
      await pollUntil(harness, [a], 'a has all', () => a.partitions.length === 2)
    },
  },
  {
    name: 'commits offsets and reads them back, also when the group is empty',
    async run(harness) {
      const { member, topic, groupId } = await lonelyMember(harness, 2)
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      const both = [0, 1].map(partition => ({ topic, partition }))
      assert.deepEqual(await member.consumer.committed(both), [])
      await member.consumer.commit([{ topic, partition: 1, offset: 17, metadata: 'stream time 5' }])
      const committed = [{ topic, partition: 1, offset: 17, metadata: 'stream time 5' }]
      assert.deepEqual(await member.consumer.committed(both), committed)
      await member.consumer.close()
      assert.deepEqual(await harness.client().admin().committedOffsets(groupId, both), committed)
    },
  },
  {
    name: 'keeps the leader epochs of committed offsets, and compares them with the log',
    requires: ({ leaderEpochs }) => (leaderEpochs ? undefined : 'the client knows no leader epochs'),
    async run(harness) {
      const { member, topic, groupId } = await lonelyMember(harness, 1)
      await produce(harness, topic, numbered(3))
      const [batch] = await readBatches(harness, await readerOf(harness, topic), 3)
      const { leaderEpoch } = batch!
      assert.ok(leaderEpoch !== undefined && leaderEpoch >= 0)
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      const at = { topic, partition: 0 }
      await member.consumer.commit([{ ...at, offset: 3, leaderEpoch }])
      const committed = await member.consumer.committed([at])
      assert.deepEqual(committed, [{ ...at, offset: 3, leaderEpoch }])
      const admin = harness.client().admin()
      assert.deepEqual(await admin.committedOffsets(groupId, [at]), committed)
      assert.deepEqual(await admin.truncations(committed), [])
      assert.deepEqual(
        await admin.truncations([{ ...at, offset: 3 }]),
        [],
        'an epoch that is not known is not compared',
      )
      assert.deepEqual(await admin.truncations([{ ...at, offset: 9, leaderEpoch }]), [{ ...at, offset: 3 }])
      const later = [{ ...at, offset: 2, leaderEpoch: leaderEpoch + 1_000 }]
      assert.deepEqual(await admin.truncations(later), [{ ...at, offset: -1 }], 'no leader had this epoch')
    },
  },
  {
    name: 'takes offsets committed while partitions are revoked, so that their new owner goes on there',
    async run(harness) {
      const topic = await newTopic(harness, 2)
      await produce(harness, topic, [...numbered(3, 0), ...numbered(3, 1)])
      const options = { groupId: harness.uniqueName('group'), topics: { [topic]: 2 } }
      const a = new TestMember(harness, options)
      await pollUntil(harness, [a], 'a has read all', () => a.records.length === 6)
      a.onRevoked = async () => {
        await a.consumer.confirm(0)
        await a.consumer.commit([0, 1].map(partition => ({ topic, partition, offset: 3 })))
      }
      const b = new TestMember(harness, options)
      await pollUntil(harness, [a, b], 'both share', () => a.partitions.length === 1 && b.partitions.length === 1)
      await produce(harness, topic, [...numbered(1, 0, 3), ...numbered(1, 1, 3)])
      await pollUntil(harness, [a, b], 'new records', () => a.records.length + b.records.length >= 8)
      assert.deepEqual(values(b.records), ['v3'], 'b began where a had committed')
    },
  },
  {
    name: 'fences a member that the group went on without',
    async run(harness) {
      const topic = await newTopic(harness, 1)
      const options = { groupId: harness.uniqueName('group'), topics: { [topic]: 1 } }
      const a = new TestMember(harness, options)
      await pollUntil(harness, [a], 'a is assigned', () => a.assigned !== undefined)
      const before = a.consumer.groupMetadata()
      const b = new TestMember(harness, options)
      await pollUntil(harness, [b], 'b is assigned without a', () => b.partitions.length === 1)
      await rejectsWith('MILLRACE_GROUP_FENCED', a.consumer.confirm(0))
      await rejectsWith('MILLRACE_GROUP_FENCED', a.consumer.commit([{ topic, partition: 0, offset: 1 }]))
      assert.deepEqual(await b.consumer.committed([{ topic, partition: 0 }]), [])
      await pollUntil(
        harness,
        [a, b],
        'a is back',
        () => a.events.at(-1)?.startsWith('assigned') === true && a.events.length > 1,
      )
      assert.equal(a.events[1], 'lost 0')
      assert.notDeepEqual(a.consumer.groupMetadata(), before)
    },
  },
  {
    name: 'assigns again when a member asks for it, and carries user data both ways',
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const options = { groupId: harness.uniqueName('group'), topics: { [topic]: 2 } }
      const version = { a: 1, b: 1 }
      const a = new TestMember(harness, { ...options, userData: () => `a${version.a}` })
      const b = new TestMember(harness, { ...options, userData: () => `b${version.b}` })
      await pollUntil(
        harness,
        [a, b],
        'both know each other',
        () => a.userData === 'a1 of 2' && b.userData === 'b1 of 2',
      )
      for (const [name, member] of Object.entries({ a, b }) as ['a' | 'b', TestMember][]) {
        const generation = member.consumer.groupMetadata().generationId
        version[name] = 2
        member.consumer.requestRejoin('the test wants it')
        await pollUntil(harness, [a, b], `${name} told its news`, () => member.userData === `${name}2 of 2`)
        await pollUntil(harness, [a, b], 'both are assigned', () => a.partitions.length + b.partitions.length === 2)
        assert.ok(member.consumer.groupMetadata().generationId > generation, 'a rebalance begins a generation')
      }
    },
  },
  {
    name: 'fetches nothing of a partition that was assigned again until the next seek',
    requires: ({ rebalance }) =>
      rebalance === 'eager' ? undefined : 'a cooperative client goes on with what it keeps',
    async run(harness) {
      const { member, topic } = await lonelyMember(harness, 1, { seeks: false })
      await produce(harness, topic, numbered(2))
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      member.consumer.seek({ topic, partition: 0, offset: 1 })
      await pollUntil(harness, [member], 'the last record', () => member.records.length > 0)
      member.consumer.requestRejoin('to be assigned again')
      await pollUntil(harness, [member], 'assigned again', () => member.events.length === 3)
      await produce(harness, topic, numbered(1, 0, 2))
      for (let i = 0; i < 5; i++) await member.poll()
      assert.deepEqual(values(member.records), ['v1'])
      member.consumer.seek({ topic, partition: 0, offset: 2 })
      await pollUntil(harness, [member], 'the new record', () => member.records.length > 1)
      assert.deepEqual(values(member.records), ['v1', 'v2'])
    },
  },
  {
    name: 'goes on reading and committing through a rebalance, and joins once more when it had to give something up',
    requires: ({ rebalance }) => (rebalance === 'cooperative' ? undefined : 'the client is eager'),
    async run(harness) {
      const { member: a, topic, groupId } = await lonelyMember(harness, 2)
      await pollUntil(harness, [a], 'a has all', () => a.partitions.length === 2)
      await produce(harness, topic, [...numbered(2, 0), ...numbered(2, 1)])
      await pollUntil(harness, [a], 'a has read all', () => a.records.length === 4)
      const b = new TestMember(harness, { groupId, topics: { [topic]: 2 } })
      let committed = 0
      a.onAssigned = async () => {
        await a.consumer.commit(a.partitions.map(partition => ({ topic, partition, offset: 2 })))
        committed++
      }
      a.onRevoked = async () => assert.equal(a.consumer.isRebalancing(), true, 'it is about to join once more')
      await pollUntil(harness, [a, b], 'both share', () => a.partitions.length === 1 && b.partitions.length === 1)
      const [[kept], [given]] = [a.partitions, b.partitions]
      assert.ok(committed > 0)
      assert.deepEqual(
        a.events.filter(event => event !== 'assigned '),
        ['assigned 0,1', `revoked ${given}`],
        'only what moves is mentioned',
      )
      assert.deepEqual(
        b.events.filter(event => event !== 'assigned '),
        [`assigned ${given}`],
      )
      // It was never sought again.
      await produce(harness, topic, numbered(1, kept, 2))
      await pollUntil(harness, [a, b], 'the new record', () => a.records.length === 5)
      assert.deepEqual(values(a.records.slice(4)), ['v2'], 'nothing is read twice')
      assert.deepEqual(await a.consumer.committed([{ topic, partition: kept! }]), [
        { topic, partition: kept, offset: 2 },
      ])
    },
  },
  {
    name: 'goes on reading and committing while the group waits for another member',
    requires: ({ rebalance }) => (rebalance === 'cooperative' ? undefined : 'the client is eager'),
    async run(harness) {
      const { a, b, topic, groupId } = await twoMembers(harness, 2)
      await pollUntil(harness, [a, b], 'settled', () => !isRebalancing(a) && !isRebalancing(b))
      const [partition = -1] = a.partitions
      const before = a.events.length
      const joining = new TestMember(harness, { groupId, topics: { [topic]: 2 } })
      // The other one does not poll, so the rebalance cannot end.
      await pollUntil(harness, [a, joining], 'a rebalance is under way', () => isRebalancing(a))
      await produce(harness, topic, numbered(1, partition))
      await pollUntil(harness, [a, joining], 'the record', () => a.records.length === 1)
      await a.consumer.commit([{ topic, partition, offset: 1 }])
      assert.equal(isRebalancing(a), true)
      assert.equal(a.events.length, before, 'nothing was revoked or assigned meanwhile')
      assert.deepEqual(await a.consumer.committed([{ topic, partition }]), [{ topic, partition, offset: 1 }])
      const all = [a, b, joining]
      await pollUntil(harness, all, 'settled', () => all.every(member => !isRebalancing(member)))
    },
  },
  {
    name: 'tells when a rebalance is under way',
    async run(harness) {
      const { member } = await lonelyMember(harness, 1)
      assert.equal(member.consumer.isRebalancing(), true, 'it has not joined')
      await pollUntil(harness, [member], 'settled', () => member.assigned !== undefined && !isRebalancing(member))
      member.consumer.requestRejoin('the test wants it')
      assert.equal(member.consumer.isRebalancing(), true, 'it is to join again')
      const before = member.events.length
      await pollUntil(harness, [member], 'settled', () => member.events.length > before && !isRebalancing(member))
      assert.equal(member.assigned?.length, 1)
    },
  },
  {
    name: 'rejoins when it subscribes to other topics',
    async run(harness) {
      const { member, topic } = await lonelyMember(harness, 2)
      const other = await newTopic(harness, 3)
      await pollUntil(harness, [member], 'assigned', () => member.partitions.length === 2)
      member.onRevoked = () => member.consumer.commit([{ topic, partition: 1, offset: 0, metadata: 'given back' }])
      member.subscribe({ [topic]: 2, [other]: 3 })
      await pollUntil(harness, [member], 'both topics', () => member.partitions.length === 5)
      // Even a cooperative client may have to leave for it.
      const again = ['assigned 0,1', 'revoked 0,1', 'assigned 0,0,1,1,2']
      const keeps = !isEager(harness) && !member.events.includes('revoked 0,1')
      assert.deepEqual(member.events, keeps ? ['assigned 0,1', 'assigned 0,1,2'] : again)
      const committed = await member.consumer.committed([{ topic, partition: 1 }])
      assert.deepEqual(
        committed.map(({ metadata }) => metadata),
        keeps ? [] : ['given back'],
      )
    },
  },
  {
    name: 'tells who it is in the group',
    async run(harness) {
      const { member, groupId } = await lonelyMember(harness, 1)
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      const metadata = member.consumer.groupMetadata()
      assert.equal(metadata.groupId, groupId)
      assert.ok(metadata.memberId.length > 0 && metadata.generationId >= 1, JSON.stringify(metadata))
    },
  },
  {
    name: 'pauses, resumes and wakes up as a member too',
    async run(harness) {
      const { member, topic } = await lonelyMember(harness, 1)
      await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
      member.consumer.pause([{ topic, partition: 0 }])
      await produce(harness, topic, numbered(1))
      for (let i = 0; i < 5; i++) await member.poll()
      assert.deepEqual(member.records, [])
      const start = Date.now()
      setTimeout(() => member.consumer.wakeup(), 50)
      await member.poll(harness.timings.patienceMs)
      assert.ok(Date.now() - start < harness.timings.patienceMs, 'the poll did not wait to its end')
      member.consumer.resume([{ topic, partition: 0 }])
      await pollUntil(harness, [member], 'the record', () => member.records.length === 1)
    },
  },
  {
    name: 'lets a static member come back to its partitions without a rebalance',
    requires: ({ staticMembership }) => (staticMembership ? undefined : 'the client has no static membership'),
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const options = { groupId: harness.uniqueName('group'), topics: { [topic]: 2 } }
      const a = new TestMember(harness, { ...options, groupInstanceId: 'a' })
      const b = new TestMember(harness, { ...options, groupInstanceId: 'b' })
      await pollUntil(harness, [a, b], 'both share', () => a.partitions.length === 1 && b.partitions.length === 1)
      const [had, generation, before] = [b.partitions, a.consumer.groupMetadata().generationId, a.events.length]
      await b.consumer.close({ leave: false })
      const again = new TestMember(harness, { ...options, groupInstanceId: 'b' })
      await pollUntil(harness, [a, again], 'b is back', () => again.assigned !== undefined)
      assert.deepEqual(again.partitions, had)
      assert.equal(a.consumer.groupMetadata().generationId, generation)
      assert.equal(a.events.length, before, 'the other member noticed nothing')
    },
  },
]

function isEager(harness: ClientHarness): boolean {
  return harness.client().capabilities.rebalance === 'eager'
}

function isRebalancing({ consumer }: TestMember): boolean {
  return consumer.isRebalancing()
}

async function lonelyMember(harness: ClientHarness, partitions: number, options: Partial<TestMemberOptions> = {}) {
  const topic = await newTopic(harness, partitions)
  const groupId = harness.uniqueName('group')
  return { topic, groupId, member: new TestMember(harness, { groupId, topics: { [topic]: partitions }, ...options }) }
}

/** `a` was there first, so that it has lived through a rebalance. */
async function twoMembers(harness: ClientHarness, partitions: number) {
  const { member: a, topic, groupId } = await lonelyMember(harness, partitions)
  await pollUntil(harness, [a], 'a has all', () => a.partitions.length === partitions)
  const b = new TestMember(harness, { groupId, topics: { [topic]: partitions } })
  await pollUntil(harness, [a, b], 'both share', () => b.partitions.length > 0 && a.partitions.length < partitions)
  await pollUntil(harness, [a, b], 'all are owned', () => a.partitions.length + b.partitions.length === partitions)
  return { a, b, topic, groupId }
}
