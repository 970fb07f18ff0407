import { type MarkerFate, MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, millraceError, NO_HEADERS, type Producer } from '@millrace/core'
import { beforeEach, expect, it, vi } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { KnownLimits } from '../topics/topic-limits.ts'
import { ProducerPool } from './producer-pool.ts'

const IN = { topic: 'in', partition: 0 }
const OUT = { topic: 'out', partition: 0 }
const TASK = { subTopology: 0, partition: 0 }

let clock: ManualClock
let cluster: MemoryCluster
let pool: ProducerPool

beforeEach(async () => {
  clock = new ManualClock(1_000)
  cluster = new MemoryCluster({ clock })
  for (const name of ['in', 'out']) cluster.createTopic({ name, partitions: 1 })
  const client = memoryClient(cluster)
  const options = resolveOptions({
    applicationId: 'app',
    client,
    clock,
    logger: silentLogger,
    processingGuarantee: 'exactly_once',
  })
  const reach = () => Promise.resolve({ groupId: 'app', inputs: [IN], outputs: [OUT] })
  const connected = client({ clientId: 'app', clock, logger: silentLogger })
  pool = new ProducerPool(connected, options, 'member', reach, new KnownLimits(connected.admin(), silentLogger), {
    forMs: 1_000,
    ask: () => Promise.resolve(),
  })
  await pool.begin()
})

async function write(producer: Producer): Promise<void> {
  const bytes = Buffer.from('value')
  producer.topic('out').append(0, 0, bytes, 0, 0, bytes, 0, bytes.length, NO_HEADERS)
  await producer.flush()
}

/** Of the open transactions of the producers, and of what has lost its markers. */
const isStable = () => cluster.log(OUT).lastStableOffset === cluster.log(OUT).highWatermark

/** Rejects while it is not known. */
async function offsetOfInput(): Promise<number | undefined> {
  const admin = memoryClient(cluster)({ clientId: 'test', clock, logger: silentLogger }).admin()
  return (await admin.committedOffsets('app', [IN]))[0]?.offset
}

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    await pool.attend()
    await clock.advance(100)
  }
}

it('ends what a producer that was thrown away has left open, without a task that asks for one', async () => {
  await write(await pool.acquire(TASK))
  await pool.discardAll()
  expect(isStable()).toBe(false)
  await rounds(3)
  expect(isStable()).toBe(true)
  expect(cluster.transactions.open()).toEqual([])
})

it.each(['lost', 'late'] satisfies MarkerFate[])(
  'waits for the brokers before it ends it, where markers of that time are %s',
  async fate => {
    await write(await pool.acquire(TASK))
    await pool.discardAll()
    cluster.loseLeaders(fate)
    await rounds(3)
    // The time of the transaction is over meanwhile, and the broker ends it.
    await clock.advance(120_000)
    await rounds(3)
    expect(isStable()).toBe(false)
    cluster.electLeaders()
    await rounds(20)
    expect(isStable()).toBe(true)
  },
)

it('tells that the last transaction has no markers, also when no task is left to ask', async () => {
  const producer = await pool.acquire(TASK)
  await producer.sendOffsets([{ ...IN, offset: 1 }], { groupId: 'app', generationId: -1, memberId: '' })
  cluster.loseLeaders('lost')
  await producer.commit()
  cluster.electLeaders()
  await expect(pool.attend()).rejects.toThrow('MILLRACE_TRANSACTION_ABORTABLE')
  await pool.discardAll()
  await rounds(3)
  expect(await offsetOfInput()).toBe(1)
})

it('begins again no producer that was closed for good', async () => {
  const init = vi.spyOn(cluster.transactions, 'init')
  await pool.discardAll()
  await pool.closeAll()
  await rounds(10)
  expect(init).not.toHaveBeenCalled()
})

it('waits between attempts where it is refused each time, so that the rounds go on', async () => {
  const init = vi.spyOn(cluster.transactions, 'init').mockImplementation(() => {
    throw millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId: 'app-member' })
  })
  await pool.discardAll()
  let refused = 0
  for (let round = 0; round < 20; round++) {
    try {
      await pool.attend()
    } catch {
      refused++
      await pool.discardAll()
    }
    await clock.advance(100)
  }
  expect(refused).toBe(4)
  expect(init).toHaveBeenCalledTimes(4)
})
