import assert from 'node:assert/strict'
import type { ClientCase } from './client-harness.ts'
import { eventually, newTopic, numbered, produce, read, readerOf, rejectsWith, T0, values } from './record-io.ts'

export const topicCases: readonly ClientCase[] = [
  {
    name: 'creates topics with the partitions asked for, describes them, and leaves out topics that do not exist',
    async run(harness) {
      const admin = harness.client().admin()
      const [one, three] = [harness.uniqueName('one'), harness.uniqueName('three')]
      await admin.createTopics([
        { name: one, partitions: 1 },
        { name: three, partitions: 3, replicationFactor: 1 },
      ])
      const described = await admin.describeTopics([one, three, harness.uniqueName('missing')])
      assert.deepEqual(
        described.map(({ name, partitions }) => ({ name, partitions })).sort((a, b) => a.partitions - b.partitions),
        [
          { name: one, partitions: 1 },
          { name: three, partitions: 3 },
        ],
      )
      const listed = await admin.listTopics()
      assert.ok(listed.includes(one) && listed.includes(three), 'listTopics gives the new topics')
    },
  },
  {
    name: 'refuses to create a topic that exists',
    async run(harness) {
      const admin = harness.client().admin()
      const name = await newTopic(harness)
      await rejectsWith('MILLRACE_TOPIC_EXISTS', admin.createTopics([{ name, partitions: 1 }]))
    },
  },
  {
    name: 'describes the configuration that a topic was created with',
    async run(harness) {
      const admin = harness.client().admin()
      const name = harness.uniqueName('configured')
      const configs = { 'cleanup.policy': 'compact', 'retention.ms': '86400001' }
      await admin.createTopics([{ name, partitions: 1, configs }])
      const described = await admin.describeTopicConfigs(name)
      assert.equal(described['cleanup.policy'], 'compact')
      assert.equal(described['retention.ms'], '86400001')
      assert.notEqual(described['max.message.bytes'], undefined, 'values that nobody set are described too')
    },
  },
  {
    name: 'says which topic is missing',
    async run(harness) {
      const admin = harness.client().admin()
      const topic = harness.uniqueName('missing')
      const partition = { topic, partition: 0 }
      await rejectsWith('MILLRACE_TOPIC_MISSING', admin.describeTopicConfigs(topic))
      await rejectsWith('MILLRACE_TOPIC_MISSING', admin.earliestOffsets([partition]))
      await rejectsWith('MILLRACE_TOPIC_MISSING', admin.latestOffsets([partition]))
      await rejectsWith('MILLRACE_TOPIC_MISSING', admin.deleteTopics([topic]))
    },
  },
  {
    name: 'deletes topics',
    async run(harness) {
      const admin = harness.client().admin()
      const name = await newTopic(harness)
      await admin.deleteTopics([name])
      await eventually(harness, `${name} is gone`, async () => (await admin.describeTopics([name])).length === 0)
    },
  },
  {
    name: 'deletes topics one beside the other, and knows no longer what it has described',
    async run(harness) {
      const admin = harness.client().admin()
      for (let round = 0; round < 5; round++) {
        const names = await Promise.all([newTopic(harness), newTopic(harness), newTopic(harness)])
        assert.equal((await admin.describeTopics(names)).length, names.length)
        await Promise.all(names.map(name => admin.deleteTopics([name])))
        assert.deepEqual(await admin.describeTopics(names), [])
      }
    },
  },
  {
    name: 'tells where each log begins and ends',
    async run(harness) {
      const admin = harness.client().admin()
      const topic = await newTopic(harness, 2)
      const partitions = [0, 1].map(partition => ({ topic, partition }))
      const at = (...offsets: number[]) => offsets.map((offset, partition) => ({ topic, partition, offset }))
      assert.deepEqual(await admin.latestOffsets(partitions), at(0, 0))
      await produce(harness, topic, numbered(3, 1))
      assert.deepEqual(await admin.earliestOffsets(partitions), at(0, 0))
      assert.deepEqual(await admin.latestOffsets(partitions), at(0, 3))
    },
  },
  {
    name: 'finds the first record of a time or later',
    async run(harness) {
      const admin = harness.client().admin()
      const topic = await newTopic(harness, 2)
      const at = (timestamp: number) => ({ partition: 1, key: 'k', value: 'v', timestamp })
      await produce(harness, topic, [at(T0), at(T0 + 20), at(T0 + 10), at(T0 + 30)])
      const found = async (partition: number, timestamp: number) =>
        (await admin.offsetsForTimes([{ topic, partition, timestamp }])).map(({ offset }) => offset)
      assert.deepEqual(await found(1, T0 - 1), [0])
      assert.deepEqual(await found(1, T0 + 10), [1], 'offsets come first, not times')
      assert.deepEqual(await found(1, T0 + 30), [3])
      assert.deepEqual(await found(1, T0 + 31), [], 'nothing is as late')
      assert.deepEqual(await found(0, T0), [], 'nothing is there')
    },
  },
  {
    name: 'deletes records before an offset',
    requires: ({ deleteRecords }) => (deleteRecords ? undefined : 'the client cannot delete records'),
    async run(harness) {
      const admin = harness.client().admin()
      const topic = await newTopic(harness)
      await produce(harness, topic, numbered(5))
      await admin.deleteRecords([{ topic, partition: 0, offset: 3 }])
      assert.deepEqual(await admin.earliestOffsets([{ topic, partition: 0 }]), [{ topic, partition: 0, offset: 3 }])
      const reader = await readerOf(harness, topic, { offset: 3 })
      assert.deepEqual(values(await read(harness, reader, 2)), ['v3', 'v4'])
      const late = await readerOf(harness, topic, { offset: 1 })
      await eventually(harness, 'reading from what is deleted is out of range', async () => {
        const failed = await late.poll(200).then(
          () => undefined,
          (error: { code?: string }) => error.code,
        )
        return failed === 'MILLRACE_OFFSET_OUT_OF_RANGE'
      })
    },
  },
  {
    name: 'refuses calls after close',
    async run(harness) {
      const client = harness.client()
      const [admin, consumer, producer] = [
        client.admin(),
        client.consumer({ isolationLevel: 'read_committed' }),
        client.producer({}),
      ]
      await producer.init()
      await Promise.all([admin.close(), consumer.close(), producer.close()])
      await rejectsWith('MILLRACE_CLIENT_CLOSED', admin.listTopics())
      await rejectsWith('MILLRACE_CLIENT_CLOSED', consumer.poll(0))
      await rejectsWith('MILLRACE_CLIENT_CLOSED', producer.flush())
    },
  },
  {
    name: 'closes with a client what was opened through it',
    async run(harness) {
      const client = harness.client()
      const group = client.groupConsumer({ groupId: harness.uniqueName('group'), isolationLevel: 'read_committed' })
      const [admin, consumer] = [client.admin(), client.consumer({ isolationLevel: 'read_committed' })]
      await client.close()
      await rejectsWith('MILLRACE_CLIENT_CLOSED', admin.listTopics())
      await rejectsWith('MILLRACE_CLIENT_CLOSED', consumer.poll(0))
      await rejectsWith('MILLRACE_CLIENT_CLOSED', group.poll(0))
    },
  },
]
