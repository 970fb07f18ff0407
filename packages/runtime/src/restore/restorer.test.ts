import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type Consumer,
  type KafkaClient,
  ManualClock,
  memoryStore,
  NO_HEADERS,
  type Plan,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { TaskStores } from '../state/task-stores/task-stores.ts'
import { Restorer, type RestoreRequest } from './restorer.ts'

const RECORDS = 500
const LOG = 'app-table-changelog'

let clock: ManualClock
let cluster: MemoryCluster
let client: KafkaClient
let lines: { readonly level: string; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[]

beforeEach(() => {
  clock = new ManualClock(1_000)
  cluster = new MemoryCluster({ clock })
  client = memoryClient(cluster)({ clientId: 'test', clock, logger: silentLogger })
  lines = []
})

const plan: Plan = (() => {
  const builder = new StreamsBuilder()
  builder.table('in', { key: string(), value: string(), store: 'table' })
  return builder.build()
})()

async function fill(partition: number, records: number): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  for (let i = 0; i < records; i++) {
    const key = Buffer.from(`key-${i}`)
    const value = Buffer.alloc(100, i)
    producer.topic(LOG).append(partition, i, key, 0, key.length, value, 0, value.length, NO_HEADERS)
    if (i % 5 === 4) await producer.flush()
  }
  await producer.flush()
  await producer.close()
}

async function requestOf(
  partition: number,
  signal = new AbortController().signal,
  isSource = false,
): Promise<RestoreRequest> {
  const stores = await TaskStores.open({
    stores: [{ plan: plan.stores[0]!, changelogTopic: LOG, changelogIsSource: isSource }],
    partition,
    persistent: memoryStore(),
    directory: `0_${partition}`,
    logger: silentLogger,
    recover: async () => undefined,
  })
  return { task: `0_${partition}`, partition, stores, processed: [{ topic: LOG, partition, offset: 7 }], signal }
}

function restorerOver(over: KafkaClient, budgetBytes: number, events: string[] = []): Restorer {
  const log = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ level, message, fields })
  return new Restorer({
    client: over,
    admin: over.admin(),
    clock,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    budgetBytes: () => budgetBytes,
    listener: {
      onRestoreStart: ({ task }) => void events.push(`start ${task}`),
      onRestoreProgress: ({ task }) => void events.push(`progress ${task}`),
      onRestoreEnd: ({ task, restored }) => void events.push(`end ${task} ${restored}`),
      onRestoreSuspended: ({ task }) => void events.push(`suspended ${task}`),
    },
  })
}

/** The client, each of whose polls is looked at. */
function watched(over: KafkaClient, onPoll: (bytes: number) => void | Promise<void>): KafkaClient {
  const consumer: KafkaClient['consumer'] = options => {
    const inner = over.consumer(options)
    const poll: Consumer['poll'] = async maxWaitMs => {
      const batches = await inner.poll(maxWaitMs)
      await onPoll(batches.reduce((sum, { byteLength }) => sum + byteLength, 0))
      return batches
    }
    return new Proxy(inner, {
      get: (target, name) => (name === 'poll' ? poll : bound(target, name)),
    })
  }
  return new Proxy(over, {
    get: (target, name) => (name === 'consumer' ? consumer : bound(target, name)),
  })
}

function bound(target: object, name: string | symbol): unknown {
  const found: unknown = Reflect.get(target, name)
  return typeof found === 'function' ? (found.bind(target) as unknown) : found
}

const never = (_: unknown, error: unknown) => {
  throw error
}

const count = async ({ stores }: RestoreRequest) => (await stores.positions())[0]?.offset

describe('restoring', () => {
  it('holds no more bytes at a time than it may, however many partitions there are', async () => {
    const partitions = 12
    const budget = 256 << 10
    cluster.createTopic({ name: LOG, partitions })
    for (let partition = 0; partition < partitions; partition++) await fill(partition, RECORDS)
    const requests = await Promise.all(Array.from({ length: partitions }, (_, partition) => requestOf(partition)))
    const held: number[] = []
    const ready: string[] = []
    const over = watched(client, bytes => void held.push(bytes))
    await restorerOver(over, budget).restore(requests, ({ task }) => void ready.push(task), never)
    // While one is written, the next is read, and a client may fetch the one after it.
    expect(3 * Math.max(...held)).toBeLessThanOrEqual(budget)
    expect(held.length).toBeGreaterThanOrEqual(partitions / 2)
    expect(new Set(ready).size).toBe(partitions)
    for (const request of requests) expect(await count(request)).toBe(RECORDS)
  })

  it('stops at what was processed of a source topic', async () => {
    cluster.createTopic({ name: LOG, partitions: 1 })
    await fill(0, RECORDS)
    const request = await requestOf(0, undefined, true)
    const events: string[] = []
    await restorerOver(client, 1 << 20, events).restore([request], () => undefined, never)
    expect(events.at(-1)).toBe('end 0_0 7')
    expect(await count(request)).toBe(7)
  })

  it('begins again, and says so, when the changelog loses the position while it is read', async () => {
    cluster.createTopic({ name: LOG, partitions: 1 })
    await fill(0, RECORDS)
    const request = await requestOf(0)
    let polls = 0
    const over = watched(client, async () => {
      if (++polls === 1) await client.admin().deleteRecords([{ topic: LOG, partition: 0, offset: 450 }])
    })
    await restorerOver(over, 16 << 10).restore([request], () => undefined, never)
    expect(lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['earliest'])).toEqual([450])
    expect(await count(request)).toBe(RECORDS)
  })

  it('keeps what it has when the task is no longer wanted, and tells', async () => {
    cluster.createTopic({ name: LOG, partitions: 1 })
    await fill(0, RECORDS)
    const abort = new AbortController()
    const request = await requestOf(0, abort.signal)
    const events: string[] = []
    let polls = 0
    const over = watched(client, () => {
      if (++polls === 2) abort.abort()
    })
    await restorerOver(over, 16 << 10, events).restore([request], () => undefined, never)
    expect(events.at(-1)).toBe('suspended 0_0')
    const position = await count(request)
    expect(position).toBeGreaterThan(0)
    expect(position).toBeLessThan(RECORDS)
  })

  it('says in one line at intervals how far it is', async () => {
    cluster.createTopic({ name: LOG, partitions: 2 })
    for (const partition of [0, 1]) await fill(partition, RECORDS)
    const requests = [await requestOf(0), await requestOf(1)]
    const over = watched(client, () => clock.jump(4_000))
    await restorerOver(over, 32 << 10).restore(requests, () => undefined, never)
    const progress = lines.filter(({ message }) => message.startsWith('restoring:'))
    expect(progress.length).toBeGreaterThan(0)
    expect(progress[0]!.fields).toMatchObject({ total: 2 * RECORDS, partitions: 2 })
    expect(progress[0]!.message).toMatch(/^restoring: \d+ of 1000 records, 2 of 2 partitions left, \d+ records\/s$/)
  })
})
