import {
  ManualClock,
  NO_HEADERS,
  type Assignor,
  type Consumer,
  type FetchedBatch,
  type GroupConsumer,
  type GroupConsumerOptions,
  type MemberAssignment,
  type Producer,
} from '@millrace/core'
import { memoryClient, type MemoryClient, type MemoryClientOptions } from './client/memory-client.ts'
import { MemoryCluster, type MemoryClusterOptions } from './memory-cluster.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A cluster with a clock that the test moves, one topic `t`, and clients of it. */
export function clusterWithTopic(
  partitions = 1,
  configs: Readonly<Record<string, string>> = {},
  options: Partial<MemoryClusterOptions> = {},
) {
  const clock = new ManualClock(1_000_000)
  const cluster = new MemoryCluster({ clock, ...options })
  cluster.createTopic({ name: 't', partitions, configs })
  const client = (clientId = 'client', clientOptions: MemoryClientOptions = {}): MemoryClient =>
    memoryClient(cluster, clientOptions)({ clientId, clock, logger })
  return { clock, cluster, client }
}

export type Written = readonly [key: string | null, value: string | null]

export function append(producer: Producer, records: readonly Written[], { partition = 0, timestamp = 0 } = {}): void {
  for (const [key, value] of records) {
    const keyBytes = Buffer.from(key ?? '')
    const valueBytes = Buffer.from(value ?? '')
    producer
      .topic('t')
      .append(
        partition,
        timestamp,
        keyBytes,
        key === null ? -1 : 0,
        key === null ? -1 : keyBytes.length,
        valueBytes,
        value === null ? -1 : 0,
        value === null ? -1 : valueBytes.length,
        NO_HEADERS,
      )
  }
}

/** All in one batch. */
export async function produce(
  client: MemoryClient,
  records: readonly Written[],
  at: { partition?: number; timestamp?: number } = {},
) {
  const producer = client.producer({})
  await producer.init()
  append(producer, records, at)
  await producer.flush()
}

export function recordsOf(batches: readonly FetchedBatch[]): readonly string[] {
  return batches.flatMap(batch => {
    const found: string[] = []
    const cursor = batch.cursor()
    while (cursor.advance()) {
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
      const key = keyStart < 0 ? 'null' : keyBytes.toString('utf8', keyStart, keyEnd)
      const value = valueStart < 0 ? 'null' : valueBytes.toString('utf8', valueStart, valueEnd)
      found.push(`${cursor.offset} ${key}=${value}`)
    }
    return found
  })
}

/** Everything in partition 0 that a reader sees, as `offset key=value`. */
export async function everything(client: MemoryClient, from = 0): Promise<readonly string[]> {
  const consumer: Consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: 't', partition: 0, offset: from }])
  const found: string[] = []
  for (let batches = await consumer.poll(0); batches.length > 0; batches = await consumer.poll(0))
    for (const record of recordsOf(batches)) found.push(record)
  return found
}

/**
 * A member that takes partitions of `t` in turn with the others, and keeps a diary of what comes and goes.
 *
 * @param onAssign runs before it assigns, when it leads
 */
export function member(client: MemoryClient, options: Partial<GroupConsumerOptions> = {}, onAssign = (): void => {}) {
  const consumer: GroupConsumer = client.groupConsumer({ groupId: 'g', isolationLevel: 'read_committed', ...options })
  const diary: string[] = []
  const write = (event: string) => async (partitions: readonly { partition: number }[]) => {
    if (partitions.length > 0) diary.push(`${event} ${partitions.map(({ partition }) => partition).join()}`)
  }
  const partitions = async (): Promise<number> => (await client.admin().describeTopics(['t']))[0]!.partitions
  consumer.subscribe({
    topics: ['t'],
    assignor: inTurn(partitions, onAssign),
    listener: { onAssigned: write('assigned'), onRevoked: write('revoked'), onLost: write('lost') },
  })
  return { consumer, diary }
}

function inTurn(partitionCount: () => Promise<number>, onAssign: () => void): Assignor {
  return {
    name: 'in-turn',
    userData: () => new Uint8Array(),
    async assign(members) {
      onAssign()
      const count = await partitionCount()
      const all = Array.from({ length: count }, (_, partition) => ({ topic: 't', partition }))
      return new Map<string, MemberAssignment>(
        members.map(({ memberId }, index) => [
          memberId,
          {
            partitions: all.filter(({ partition }) => partition % members.length === index),
            userData: new Uint8Array(),
          },
        ]),
      )
    },
  }
}
