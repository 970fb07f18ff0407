import { MemoryCluster, memoryClient, type MemoryClient } from '@millrace/client-memory'
import {
  isMillraceError,
  ManualClock,
  NO_HEADERS,
  seededRandom,
  type FetchedBatch,
  type GroupConsumer,
  type Producer,
  type TopicPartition,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { withFaults } from './with-faults.ts'

/*
 * A whole application in small: workers copy records from one topic to another, offsets and output in one transaction. With
 * faults at every call, and workers that are killed, each record must come out once and in order. What fails here is the cluster,
 * the faults or the contract: the runtime is not part of it.
 */
const PARTITIONS = 3
const RECORDS = 120
const logger = { debug() {}, info() {}, warn() {}, error() {} }
const bytes = Buffer.alloc(4)

it.each(Array.from({ length: 25 }, (_, seed) => seed))(
  'copies each record once, whatever fails (seed %i)',
  async seed => {
    const clock = new ManualClock(1_000_000)
    const cluster = new MemoryCluster({ clock, seed })
    for (const name of ['in', 'out']) cluster.createTopic({ name, partitions: PARTITIONS })
    const honest = memoryClient(cluster)({ clientId: 'honest', clock, logger })
    const input = honest.producer({})
    await input.init()
    const probabilities = {
      'drop-request': 0.03,
      'drop-response': 0.03,
      delay: 0.1,
      disconnect: 0.01,
      fence: 0.02,
      'move-coordinator': 0.02,
    }
    // The workers do not tell each other what they hold.
    const factory = memoryClient(cluster, { rebalance: 'eager' })
    const faulty = withFaults(factory, { seed, clock, cluster, probabilities })
    const random = seededRandom(seed + 1_000)
    const workers = ['a', 'b', 'c'].map(name => new Worker(name, clock, faulty))

    const produced = { count: 0 }
    for (let step = 0; step < 4_000 && committedOutput(cluster) < RECORDS; step++) {
      if (produced.count < RECORDS && random() < 0.3) {
        bytes.writeInt32BE(produced.count)
        input.topic('in').append(produced.count++ % PARTITIONS, 0, bytes, 0, 4, bytes, 0, 4, NO_HEADERS)
        await input.flush()
      }
      if (step < 600 && random() < 0.005) workers[Math.floor(random() * workers.length)]!.kill()
      // In the midst of a transaction, too: only the group's metadata then keeps its offsets out.
      if (step < 1_000 && random() < 0.05) evictSomebody(cluster, random)
      if (step === 1_000) faulty.stop()
      await clock.advance(100)
    }
    for (const worker of workers) worker.stop()

    expect(faulty.log.length, 'the run met faults').toBeGreaterThan(50)
    expect(await readOutput(honest)).toEqual(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        Array.from({ length: RECORDS / PARTITIONS }, (_, i) => partition + i * PARTITIONS),
      ),
    )
  },
)

function evictSomebody(cluster: MemoryCluster, random: () => number): void {
  const members = cluster.describeGroup('g')?.memberIds ?? []
  if (members.length > 0) cluster.evictMember('g', members[Math.floor(random() * members.length)]!)
}

type NewClient = (context: { clientId: string; clock: ManualClock; logger: typeof logger }) => MemoryClient

/** One process, with its supervisor: killed, it starts again. */
class Worker {
  readonly #name: string
  readonly #clock: ManualClock
  readonly #newClient: NewClient
  #client: MemoryClient | undefined

  constructor(name: string, clock: ManualClock, newClient: NewClient) {
    this.#name = name
    this.#clock = clock
    this.#newClient = newClient
    this.#start()
  }

  kill(): void {
    this.#client?.crash()
    this.#start()
  }

  stop(): void {
    this.#client?.crash()
  }

  #start(): void {
    const client = this.#newClient({ clientId: this.#name, clock: this.#clock, logger })
    this.#client = client
    void copy(client, this.#name, this.#clock)
  }
}

async function copy(client: MemoryClient, name: string, clock: ManualClock): Promise<never> {
  const consumer = client.groupConsumer({ groupId: 'g', isolationLevel: 'read_committed', sessionTimeoutMs: 6_000 })
  let assigned: readonly TopicPartition[] = []
  const seekBack = async (): Promise<void> => {
    if (assigned.length === 0) return
    const committed = await untilItWorks(clock, () => consumer.committed(assigned))
    for (const { topic, partition } of assigned) {
      const offset = committed.find(found => found.partition === partition)?.offset ?? 0
      consumer.seek({ topic, partition, offset })
    }
  }
  consumer.subscribe({
    topics: ['in'],
    assignor: {
      name: 'in-turn',
      userData: () => new Uint8Array(),
      assign: async members =>
        new Map(
          members.map(({ memberId }, i) => [
            memberId,
            { partitions: share(i, members.length), userData: new Uint8Array() },
          ]),
        ),
    },
    listener: {
      onAssigned: async partitions => {
        assigned = partitions
        await seekBack()
      },
      onRevoked: async () => void (assigned = []),
      onLost: async () => void (assigned = []),
    },
  })
  let producer = await newProducer(client, name, clock)
  for (;;) {
    const batches = await consumer.poll(100).catch(() => undefined)
    if (batches === undefined) await clock.sleep(50)
    if (!batches?.length) continue
    try {
      await copyBatches(batches, producer, consumer)
    } catch (error) {
      producer = await recovered(error, producer, () => newProducer(client, name, clock))
      await seekBack()
    }
  }
}

async function copyBatches(
  batches: readonly FetchedBatch[],
  producer: Producer,
  consumer: GroupConsumer,
): Promise<void> {
  producer.begin()
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.advance()) {
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
      producer
        .topic('out')
        .append(batch.partition, 0, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, NO_HEADERS)
    }
  }
  const offsets = batches.map(({ topic, partition, nextOffset }) => ({ topic, partition, offset: nextOffset }))
  await producer.flush()
  await producer.sendOffsets(offsets, consumer.groupMetadata())
  await producer.commit()
}

/** The producer to go on with: the same after an abort, a new one when it is fenced or nobody knows what became of the commit. */
async function recovered(error: unknown, producer: Producer, replace: () => Promise<Producer>): Promise<Producer> {
  const lost =
    isMillraceError(error) && ['MILLRACE_TRANSACTION_UNKNOWN', 'MILLRACE_PRODUCER_FENCED'].includes(error.code)
  if (!lost) {
    try {
      await producer.abort()
      return producer
    } catch {
      // An abort that failed leaves the transaction to the next producer's init.
    }
  }
  await producer.close()
  return replace()
}

async function newProducer(client: MemoryClient, name: string, clock: ManualClock): Promise<Producer> {
  const producer = client.producer({ transactionalId: name, transactionTimeoutMs: 10_000 })
  await untilItWorks(clock, () => producer.init())
  return producer
}

async function untilItWorks<T>(clock: ManualClock, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
      await clock.sleep(100)
    }
  }
}

function share(index: number, of: number): readonly TopicPartition[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'in', partition })).filter(
    ({ partition }) => partition % of === index,
  )
}

function committedOutput(cluster: MemoryCluster): number {
  let records = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const log = cluster.log({ topic: 'out', partition })
    for (const { header, aborted } of log.batches()) {
      if (!header.control && !aborted && header.baseOffset < log.lastStableOffset) records += header.count
    }
  }
  return records
}

async function readOutput(client: MemoryClient): Promise<readonly (readonly number[])[]> {
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'out', partition, offset: 0 })))
  const found: number[][] = Array.from({ length: PARTITIONS }, () => [])
  for (let batches = await consumer.poll(0); batches.length > 0; batches = await consumer.poll(0)) {
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.advance()) found[batch.partition]!.push(cursor.valueBytes.readInt32BE(cursor.valueStart))
    }
  }
  return found
}
