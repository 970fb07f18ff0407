import assert from 'node:assert/strict'
import {
  isMillraceError,
  type ClientCapabilities,
  type KafkaClient,
  type Producer,
  type ProducerOptions,
} from '@millrace/core'
import type { ClientCase, ClientHarness } from './client-harness.ts'
import {
  append,
  eventually,
  newTopic,
  numbered,
  produce,
  read,
  readBatches,
  readerOf,
  readFor,
  rejectsWith,
  values,
} from './record-io.ts'
import { pollUntil } from './poll-until.ts'
import { TestMember } from './test-member.ts'

const transactions = (capabilities: ClientCapabilities): string | undefined =>
  capabilities.transactions === 'none' ? 'the client has no transactions' : undefined

const groupMetadata = (capabilities: ClientCapabilities): string | undefined =>
  capabilities.transactions === 'group-metadata' ? undefined : 'transactions carry no group metadata'

export const transactionCases: readonly ClientCase[] = [
  {
    name: 'shows the records of a transaction together, and only once it is committed',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const { producer } = await transactional(harness)
      producer.begin()
      append(producer, topic, [...numbered(2, 0), ...numbered(1, 1)])
      await producer.flush()
      const committed = harness.client().consumer({ isolationLevel: 'read_committed' })
      await committed.assign([0, 1].map(partition => ({ topic, partition, offset: 0 })))
      const uncommitted = await readerOf(harness, topic, { isolationLevel: 'read_uncommitted' })
      assert.deepEqual(values(await read(harness, uncommitted, 2)), ['v0', 'v1'])
      assert.deepEqual(await readFor(committed, 300), [])
      const latest = await harness
        .client()
        .admin()
        .latestOffsets([{ topic, partition: 0 }])
      assert.equal(latest[0]!.offset, 2, 'the high watermark is past the open transaction')
      await producer.commit()
      assert.equal((await read(harness, committed, 3)).length, 3)
    },
  },
  {
    name: 'never shows the records of an aborted transaction, and leads past them',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { producer } = await transactional(harness)
      producer.begin()
      append(producer, topic, numbered(3))
      await producer.flush()
      append(producer, topic, numbered(1, 0, 3))
      await producer.abort()
      producer.begin()
      append(producer, topic, numbered(1, 0, 100))
      await producer.commit()
      const consumer = await readerOf(harness, topic)
      const batches = await readBatches(harness, consumer, 1)
      const { highWatermark, nextOffset } = batches.at(-1)!
      // 3 aborted, a marker, 1 committed, a marker.
      assert.equal(highWatermark, 6)
      assert.ok(nextOffset >= 5, `nextOffset ${nextOffset}`)
      const uncommitted = await readerOf(harness, topic, { isolationLevel: 'read_uncommitted' })
      assert.deepEqual(values(await read(harness, uncommitted, 4)), ['v0', 'v1', 'v2', 'v100'])
    },
  },
  {
    name: 'leads past control records to the end of the partition',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { producer } = await transactional(harness)
      for (const end of ['commit', 'abort', 'commit'] as const) {
        producer.begin()
        append(producer, topic, numbered(1))
        await producer.flush()
        await producer[end]()
      }
      const admin = harness.client().admin()
      const consumer = await readerOf(harness, topic)
      let reached = 0
      await eventually(harness, 'nextOffset reaches the end', async () => {
        for (const batch of await consumer.poll(100)) reached = batch.nextOffset
        // Asked each time: a broker acknowledges a commit before it has written the marker.
        const [end] = await admin.latestOffsets([{ topic, partition: 0 }])
        return reached > 0 && reached === end!.offset
      })
    },
  },
  {
    name: 'holds back what follows an open transaction',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      await produce(harness, topic, numbered(1))
      const { producer } = await transactional(harness)
      producer.begin()
      append(producer, topic, numbered(1, 0, 1))
      await producer.flush()
      await produce(harness, topic, numbered(1, 0, 2))
      const consumer = await readerOf(harness, topic)
      assert.deepEqual(values(await read(harness, consumer, 1)), ['v0'])
      assert.deepEqual(await readFor(consumer, 300), [])
      await producer.abort()
      assert.deepEqual(values(await read(harness, consumer, 1)), ['v2'])
    },
  },
  {
    name: 'commits offsets with the transaction and drops them with it',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { member, at } = await memberOf(harness, topic)
      const { producer } = await transactional(harness)
      const committed = async (): Promise<number | undefined> => (await member.consumer.committed([at(0)]))[0]?.offset
      producer.begin()
      append(producer, topic, numbered(1))
      await producer.sendOffsets([at(5)], member.consumer.groupMetadata())
      await producer.abort()
      await eventually(harness, 'the aborted offset is dropped', async () => (await stable(committed)) === undefined)
      producer.begin()
      append(producer, topic, numbered(1))
      await producer.sendOffsets([at(7)], member.consumer.groupMetadata())
      await producer.commit()
      await eventually(harness, 'the offset is committed', async () => (await stable(committed)) === 7)
    },
  },
  {
    name: 'commits a transaction of nothing but offsets',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { member, at } = await memberOf(harness, topic)
      const { producer } = await transactional(harness)
      producer.begin()
      await producer.sendOffsets([at(3)], member.consumer.groupMetadata())
      await producer.commit()
      const committed = async (): Promise<number | undefined> => (await member.consumer.committed([at(0)]))[0]?.offset
      await eventually(harness, 'the offset is committed', async () => (await stable(committed)) === 3)
    },
  },
  {
    name: 'refuses committed offsets that an open transaction holds',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { member, at } = await memberOf(harness, topic)
      const { producer } = await transactional(harness)
      producer.begin()
      await producer.sendOffsets([at(3)], member.consumer.groupMetadata())
      await rejectsWith('MILLRACE_OFFSETS_UNSTABLE', member.consumer.committed([at(0)]))
      await producer.commit()
      const committed = async (): Promise<number | undefined> => (await member.consumer.committed([at(0)]))[0]?.offset
      await eventually(harness, 'it can be read', async () => (await stable(committed)) === 3)
    },
  },
  {
    name: 'names the transactional ids that have a transaction open, in an output or with offsets of the group',
    requires: groupMetadata,
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const { member, at } = await memberOf(harness, topic)
      const group = member.consumer.groupMetadata()
      const [ofRecords, ofOffsets, ended] = [
        await transactional(harness),
        await transactional(harness),
        await transactional(harness),
      ]
      ofRecords.producer.begin()
      append(ofRecords.producer, topic, numbered(1, 1))
      await ofRecords.producer.flush()
      ofOffsets.producer.begin()
      await ofOffsets.producer.sendOffsets([at(3)], group)
      ended.producer.begin()
      append(ended.producer, topic, numbered(1, 0))
      await ended.producer.flush()
      await ended.producer.commit()
      const reach = {
        groupId: group.groupId,
        inputs: [at(0)],
        outputs: [0, 1].map(partition => ({ topic, partition })),
      }
      const ours = [ofRecords, ofOffsets, ended].map(({ transactionalId }) => transactionalId)
      const open = async () => {
        const found = await harness.client().admin().openTransactionalIds!(reach)
        // Other groups may have offsets in the same partition.
        return found.filter(id => ours.includes(id)).sort()
      }
      await eventually(harness, 'the ended one is not among them', async () => (await open()).length === 2)
      assert.deepEqual(await open(), [ofRecords.transactionalId, ofOffsets.transactionalId].sort())
      await ofRecords.producer.abort()
      await ofOffsets.producer.abort()
      await eventually(harness, 'none is left', async () => (await open()).length === 0)
    },
  },
  {
    name: 'gives an offset that the transaction of another producer holds to nobody, and says what holds it',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const { member } = await memberOf(harness, topic)
      const group = () => member.consumer.groupMetadata()
      const { groupId } = group()
      const at = (partition: number, offset: number) => ({ topic, partition, offset })
      const { producer: first } = await transactional(harness)
      first.begin()
      await first.sendOffsets([at(0, 1), at(1, 1)], group())
      await first.commit()
      const { producer: holder, transactionalId } = await transactional(harness)
      holder.begin()
      await holder.sendOffsets([at(0, 2)], group())
      // Regardless of the client that asks and of what it has initialised: a task's next owner has a producer of its own.
      const { client: stranger } = await transactional(harness)
      const both = [at(0, 0), at(1, 0)]
      await eventually(harness, 'the first transaction is over', async () => {
        const found = await stable(() => stranger.admin().committedOffsets(groupId, [at(1, 0)]))
        return found !== 'unstable' && found[0]?.offset === 1
      })
      for (const asked of [
        () => member.consumer.committed(both),
        () => stranger.admin().committedOffsets(groupId, both),
        () => stranger.groupConsumer({ groupId, isolationLevel: 'read_committed' }).committed([at(0, 0)]),
      ]) {
        await assert.rejects(asked, (error: Error & { readonly code?: string }) => {
          assert.equal(error.code, 'MILLRACE_OFFSETS_UNSTABLE')
          assert.ok(error.message.includes(groupId) && error.message.includes(`${topic}-0`), error.message)
          return true
        })
      }
      const { message } = await member.consumer.committed(both).then(
        () => assert.fail('the offset was given'),
        (error: Error) => error,
      )
      assert.ok(message.includes(transactionalId), `${message} names the transaction "${transactionalId}"`)
      const omitted = await stranger.admin().committedOffsets(groupId, both, 'omit')
      assert.deepEqual(omitted, [at(1, 1)])
      await holder.abort()
      await eventually(harness, 'it can be read', async () => {
        const found = await stable(() => stranger.admin().committedOffsets(groupId, both))
        return found !== 'unstable' && found[0]?.offset === 1
      })
    },
  },
  {
    name: 'goes on with the next transaction at once after a commit, and both count',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { member, at } = await memberOf(harness, topic)
      const { producer } = await transactional(harness)
      for (let offset = 1; offset <= 5; offset++) {
        producer.begin()
        append(producer, topic, numbered(1, 0, offset))
        await producer.sendOffsets([at(offset)], member.consumer.groupMetadata())
        await producer.commit()
      }
      assert.equal((await read(harness, await readerOf(harness, topic), 5)).length, 5)
      const committed = async (): Promise<number | undefined> => (await member.consumer.committed([at(0)]))[0]?.offset
      await eventually(harness, 'the last one is committed', async () => (await stable(committed)) === 5)
    },
  },
  {
    name: 'initialises a producer where nothing hangs, with transactions that were committed, aborted and left open',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const { member, at } = await memberOf(harness, topic)
      const { groupId } = member.consumer.groupMetadata()
      const outputs = [0, 1].map(partition => ({ topic, partition }))
      const reach = async () => ({ groupId, inputs: [at(0)], outputs })
      const transactionalId = harness.uniqueName('transactional')
      for (const end of ['commit', 'abort', 'leave'] as const) {
        const { producer } = await transactional(harness, { transactionalId, reach })
        producer.begin()
        append(producer, topic, numbered(1, 1, end === 'commit' ? 0 : 9))
        await producer.sendOffsets([at(end === 'commit' ? 1 : 9)], member.consumer.groupMetadata())
        if (end === 'leave') await producer.flush()
        else await producer[end]()
      }
      const { producer } = await transactional(harness, { transactionalId, reach })
      assert.deepEqual(await member.consumer.committed([at(0)]), [at(1)])
      producer.begin()
      append(producer, topic, numbered(1, 1, 1))
      await producer.commit()
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic, { partition: 1 }), 2)), ['v0', 'v1'])
    },
  },
  {
    name: 'refuses offsets of a member that the group went on without',
    requires: groupMetadata,
    async run(harness) {
      const topic = await newTopic(harness)
      const { member, at } = await memberOf(harness, topic)
      const stale = member.consumer.groupMetadata()
      member.consumer.requestRejoin('to begin a generation')
      const isNewer = (): boolean => member.consumer.groupMetadata().generationId > stale.generationId
      await pollUntil(harness, [member], 'a newer generation', () => isNewer() && member.assigned !== undefined)
      const { producer } = await transactional(harness)
      producer.begin()
      await rejectsWith('MILLRACE_GROUP_FENCED', producer.sendOffsets([at(3)], stale))
      await producer.abort()
      assert.deepEqual(await member.consumer.committed([at(0)]), [])
    },
  },
  {
    name: 'commits and aborts empty transactions, one after another',
    requires: transactions,
    async run(harness) {
      const { producer } = await transactional(harness)
      for (let i = 0; i < 3; i++) {
        producer.begin()
        await producer.commit()
        producer.begin()
        await producer.abort()
      }
      const topic = await newTopic(harness)
      producer.begin()
      append(producer, topic, numbered(1))
      await producer.commit()
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 1)), ['v0'])
      // Right after a commit, while its markers may not be written (KAFKA-18464).
      producer.begin()
      await producer.abort()
      producer.begin()
      append(producer, topic, numbered(1, 0, 1))
      await producer.commit()
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 2)), ['v0', 'v1'])
    },
  },
  {
    name: 'commits nothing past a record that failed, and goes on after the abort',
    requires: transactions,
    async run(harness) {
      const topic = harness.uniqueName('small')
      const configs = { 'max.message.bytes': '1000' }
      await harness
        .client()
        .admin()
        .createTopics([{ name: topic, partitions: 2, configs }])
      const { producer } = await transactional(harness)
      producer.begin()
      append(producer, topic, [...numbered(1), { partition: 1, key: 'k', value: 'x'.repeat(2_000) }])
      await assert.rejects(producer.commit(), error => isMillraceError(error))
      await producer.abort()
      producer.begin()
      append(producer, topic, numbered(1, 0, 1))
      await producer.commit()
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 1)), ['v1'])
    },
  },
  {
    name: 'fences the older producer of a transactional id and finishes what it left open',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { producer: old, transactionalId } = await transactional(harness)
      old.begin()
      append(old, topic, numbered(1))
      await old.flush()
      const { producer: newer } = await transactional(harness, { transactionalId })
      newer.begin()
      append(newer, topic, numbered(1, 0, 1))
      await newer.commit()
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 1)), ['v1'])
      await rejectsWith('MILLRACE_PRODUCER_FENCED', old.commit())
      await rejectsWith('MILLRACE_PRODUCER_FENCED', useAgain(old, topic))
      newer.begin()
      append(newer, topic, numbered(1, 0, 2))
      await newer.commit()
      const consumer = await readerOf(harness, topic)
      assert.deepEqual(values(await read(harness, consumer, 2)), ['v1', 'v2'], 'the fenced one changed nothing')
    },
  },
  {
    name: 'aborts a transaction that is left open when its time is up',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { transactionTimeoutMs } = harness.timings
      const { producer, client } = await transactional(harness, { transactionTimeoutMs })
      producer.begin()
      append(producer, topic, numbered(1))
      await producer.flush()
      await producer.close()
      await client.close()
      await produce(harness, topic, numbered(1, 0, 1))
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 1)), ['v1'])
    },
  },
  {
    // KAFKA-20785: brokers of transaction version 2 answer with an error that Kafka's own clients take for fatal.
    name: 'commits nothing that the broker has aborted when its time was up, and the application can go on',
    requires: transactions,
    async run(harness) {
      const topic = await newTopic(harness)
      const { transactionTimeoutMs } = harness.timings
      const { producer, transactionalId } = await transactional(harness, { transactionTimeoutMs })
      producer.begin()
      append(producer, topic, numbered(1))
      await producer.flush()
      await produce(harness, topic, numbered(1, 0, 1))
      const consumer = await readerOf(harness, topic)
      assert.deepEqual(values(await read(harness, consumer, 1)), ['v1'], 'the transaction before it is over')
      await assert.rejects(producer.commit(), (error: unknown) => {
        assert.ok(isMillraceError(error), String(error))
        assert.ok(['retriable', 'fenced'].includes(error.kind), `${error.code} is ${error.kind}`)
        return true
      })
      await producer.close()
      const { producer: next } = await transactional(harness, { transactionalId })
      next.begin()
      append(next, topic, numbered(1, 0, 2))
      await next.commit()
      assert.deepEqual(values(await read(harness, consumer, 1)), ['v2'])
    },
  },
]

async function transactional(
  harness: ClientHarness,
  options: Pick<ProducerOptions, 'transactionalId' | 'transactionTimeoutMs' | 'reach'> = {},
) {
  const { transactionalId = harness.uniqueName('transactional'), transactionTimeoutMs = 60_000 } = options
  const client: KafkaClient = harness.client()
  const producer = client.producer({ ...options, transactionalId, transactionTimeoutMs })
  await producer.init()
  return { client, producer, transactionalId }
}

async function memberOf(harness: ClientHarness, topic: string) {
  const member = new TestMember(harness, { groupId: harness.uniqueName('group'), topics: { [topic]: 1 } })
  await pollUntil(harness, [member], 'assigned', () => member.assigned !== undefined)
  return { member, at: (offset: number) => ({ topic, partition: 0, offset }) }
}

/** A fenced producer may say so at any of these. */
async function useAgain(producer: Producer, topic: string): Promise<void> {
  producer.begin()
  append(producer, topic, numbered(1, 0, 99))
  await producer.commit()
}

/** Markers are written after the commit has been answered: until then the offsets are unstable. */
async function stable<T>(read: () => Promise<T>): Promise<T | 'unstable'> {
  try {
    return await read()
  } catch (error) {
    if ((error as { code?: string }).code === 'MILLRACE_OFFSETS_UNSTABLE') return 'unstable'
    throw error
  }
}
