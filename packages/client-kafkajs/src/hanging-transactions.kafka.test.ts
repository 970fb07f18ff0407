import {
  type KafkaClient,
  NO_HEADERS,
  type Producer,
  systemClock,
  type TopicPartition,
  type TransactionReach,
} from '@millrace/core'
import { startKafka } from '@millrace/dev-kafka'
import { Kafka, logLevel } from 'kafkajs'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClusterLink } from './cluster-link.ts'
import { kafkajs } from './kafkajs.ts'
import { transactionRequests } from './transaction-requests.ts'

/*
 * KAFKA-20734 at will: three brokers, and what a transaction writes to is on one of them alone, with its group's offsets. While that
 * one is away, the others end the transaction, and take its partitions for deleted.
 */
const kafka = await startKafka({
  from: 'jvm',
  // Its brokers have the fault.
  version: '4.3',
  brokers: 3,
  config: { 'offsets.topic.replication.factor': '1', 'offsets.topic.num.partitions': '6', 'min.insync.replicas': '1' },
})
const LIMIT_MS = 30_000
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const plain = new Kafka({ brokers: kafka.brokers.split(','), logLevel: logLevel.NOTHING })
const link = new ClusterLink(plain)
const requests = transactionRequests(link)
const client: KafkaClient = kafkajs({ brokers: kafka.brokers })({ clientId: 't', clock: systemClock, logger: silent })
const away = kafka.brokerIds[2]!
const run = Date.now().toString(36)

beforeAll(() => expect(kafka.source).toBe('jvm'))
afterAll(async () => {
  await Promise.all([client.close(), link.close()])
  await kafka.stop()
})

async function patiently<T>(what: () => Promise<T>, enough: (answer: T) => boolean = () => true): Promise<T> {
  const until = Date.now() + LIMIT_MS
  for (;;) {
    try {
      const answer = await what()
      if (enough(answer)) return answer
      if (Date.now() > until) throw new Error(`not in time: ${JSON.stringify(answer)}`)
    } catch (error) {
      if (Date.now() > until) throw error
    }
    await setTimeout(100)
  }
}

/** The node that coordinates a group, or the transactions of an id; kafkajs leaves much of it out of its types. */
async function coordinatorOf(groupId: string, coordinatorType: 0 | 1): Promise<number> {
  const cluster = await link.open([])
  const { coordinator } = await cluster.findGroupCoordinatorMetadata({ groupId, coordinatorType } as {
    groupId: string
  })
  return coordinator.nodeId
}

/** A group and a partition that only the broker `away` has, and a transactional id that another one coordinates. */
async function setting(name: string) {
  const topic = `${name}-${run}`
  await client.admin().createTopics([{ name: topic, partitions: 6, replicationFactor: 1 }])
  const output = await patiently(async () => {
    await link.open([topic])
    const all = Array.from({ length: 6 }, (_, partition): TopicPartition => ({ topic, partition }))
    return link.leaders(all).get(String(away))![0]!
  })
  const named = async (
    prefix: string,
    wanted: (nodeId: number) => boolean,
    coordinator: (id: string) => Promise<number>,
  ) => {
    for (let number = 0; ; number++) {
      const id = `${prefix}-${run}-${number}`
      if (wanted(await patiently(() => coordinator(id)))) return id
    }
  }
  const groupId = await named(
    `${name}-group`,
    nodeId => nodeId === away,
    id => coordinatorOf(id, 0),
  )
  const transactionalId = await named(
    `${name}-tx`,
    nodeId => nodeId !== away,
    id => coordinatorOf(id, 1),
  )
  const reach = async (): Promise<TransactionReach> => ({ groupId, inputs: [output], outputs: [output] })
  const open = async () => {
    const producer = client.producer({ transactionalId, transactionTimeoutMs: 5_000, reach })
    await patiently(() => producer.init())
    return producer
  }
  const group = { groupId, generationId: -1, memberId: '' }
  const fill = async (producer: Producer, value: string, offset: number) => {
    const bytes = Buffer.from(value)
    producer.begin()
    producer.topic(topic).append(output.partition, 0, bytes, 0, bytes.length, bytes, 0, bytes.length, NO_HEADERS)
    await producer.flush()
    await producer.sendOffsets([{ ...output, offset }], group)
  }
  const committed = async () => (await client.admin().committedOffsets(groupId, [output]))[0]?.offset
  const values = async (count: number) => {
    const consumer = client.consumer({ isolationLevel: 'read_committed' })
    await consumer.assign([{ ...output, offset: 0 }])
    const found: string[] = []
    await patiently(
      async () => {
        for (const batch of await consumer.poll(200)) {
          for (const cursor = batch.cursor(); cursor.advance();) {
            found.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
          }
        }
        return found.length
      },
      length => length >= count,
    )
    await consumer.close()
    return found
  }
  return { output, transactionalId, open, fill, committed, values }
}

/** Ends what is open while the broker is away, and brings it back. */
async function whileAway(transactionalId: string, end: () => Promise<unknown>): Promise<string> {
  await kafka.stopBroker(away)
  await end()
  const { state } = (await patiently(
    () => requests.describe(transactionalId),
    found => found?.state.startsWith('Complete') === true || found?.state === 'Empty',
  ))!
  await kafka.startBroker(away)
  return state
}

/** kafkajs asks any broker for the coordinator; where that is the one that is away, it gives up, and nobody knows what the commit did. */
function isUnknown(error: Error & { readonly code?: string }): void {
  if (error.code !== 'MILLRACE_TRANSACTION_UNKNOWN') throw error
}

/** A transaction whose commit is acknowledged while the broker is away. Where kafkajs gives up, another one is tried. */
async function acknowledged(name: string) {
  for (let attempt = 1; ; attempt++) {
    const scene = await setting(`${name}-${attempt}`)
    const producer = await scene.open()
    await scene.fill(producer, 'a', 5)
    let gaveUp = false
    const commit = () =>
      producer.commit().catch((error: Error) => {
        isUnknown(error)
        gaveUp = true
      })
    const state = await whileAway(scene.transactionalId, commit)
    if (!gaveUp) {
      expect(state).toBe('CompleteCommit')
      return { ...scene, producer }
    }
    expect(attempt, 'kafkajs gave up each time').toBeLessThan(5)
    await producer.close()
  }
}

const isHanging = async (output: TopicPartition) =>
  (await patiently(() => requests.openTransactions([output]))).open.length > 0

describe('a transaction that the broker has left without markers', { timeout: 600_000 }, () => {
  it('is completed by the next producer of its id when it was committed', async () => {
    const { output, open, fill, committed, values } = await acknowledged('committed')
    expect(kafka.logs()).toContain('likely deleted already')
    expect(await isHanging(output)).toBe(true)
    const refusal = () => committed().then(String, (error: Error & { readonly code?: string }) => error.code)
    await patiently(refusal, code => code === 'MILLRACE_OFFSETS_UNSTABLE')
    const next = await open()
    expect(await committed()).toBe(5)
    await fill(next, 'b', 6)
    await next.commit()
    expect(await values(2)).toEqual(['a', 'b'])
  })

  it('keeps its own producer from going on, which would decide about it', async () => {
    const { producer, open, fill, committed, values } = await acknowledged('going-on')
    await expect(fill(producer, 'never', 6)).rejects.toMatchObject({
      code: 'MILLRACE_TRANSACTION_ABORTABLE',
      message: expect.stringContaining('KAFKA-20734'),
    })
    await producer.close()
    const next = await open()
    expect(await committed()).toBe(5)
    await fill(next, 'b', 6)
    await next.commit()
    expect(await values(2)).toEqual(['a', 'b'])
  })

  it('is told by its producer also where nothing more is to be sent', async () => {
    const { producer, open, committed, values } = await acknowledged('idle')
    producer.begin()
    const told = () => Promise.resolve(producer.pending()).then(String, (error: Error) => error.message)
    expect(await patiently(told, message => message !== 'undefined')).toContain('KAFKA-20734')
    await producer.close()
    await open()
    expect(await committed()).toBe(5)
    expect(await values(1)).toEqual(['a'])
  })

  it('is completed as aborted when its time was up', async () => {
    const { output, transactionalId, open, fill, committed, values } = await setting('aborted')
    await fill(await open(), 'never', 5)
    expect(await whileAway(transactionalId, async () => undefined)).toBe('CompleteAbort')
    expect(await isHanging(output)).toBe(true)
    const next = await open()
    expect(await isHanging(output)).toBe(false)
    expect(await committed()).toBeUndefined()
    await fill(next, 'b', 6)
    await next.commit()
    expect(await values(1)).toEqual(['b'])
  })

  it('is named, and waited for, when another client has been initialised since', async () => {
    const { output, transactionalId, open, fill } = await setting('unknown')
    const producer = await open()
    await fill(producer, 'a', 5)
    // Where kafkajs gives up, the transaction is aborted when its time is up, and hangs as well.
    await whileAway(transactionalId, () => producer.commit().catch(isUnknown))
    // It does not look: the broker forgets how the transaction ended.
    const other = client.producer({ transactionalId })
    await patiently(() => other.init())
    await other.close()
    const reach = async () => ({ groupId: 'none', inputs: [], outputs: [output] })
    const next = client.producer({ transactionalId, reach })
    await expect(next.init()).rejects.toMatchObject({
      code: 'MILLRACE_TRANSACTION_HANGING',
      kind: 'retriable',
      message: expect.stringContaining(`${output.topic}-${output.partition}`),
    })
  })
})
