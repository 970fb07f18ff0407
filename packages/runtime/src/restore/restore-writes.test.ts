import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type FetchedBatch,
  ManualClock,
  memoryStore,
  NO_HEADERS,
  type StoreBackend,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { beforeEach, expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { TaskStores } from '../state/task-stores/task-stores.ts'
import { RestoreWrites } from './restore-writes.ts'

const LOG = { topic: 'app-table-changelog', partition: 0 }

/** Lets the writes of the backend end, one at each call; or fails one. */
let next: ((error?: Error) => void)[]

beforeEach(() => {
  next = []
})

/** A backend whose writes end when the test says so. */
function heldBackend(): StoreBackend {
  const inner = memoryStore()
  return {
    ...inner,
    async open(options) {
      const state = await inner.open(options)
      return {
        ...state,
        async write(changes, offsets) {
          await new Promise<void>((resolve, reject) =>
            next.push(error => (error === undefined ? resolve() : reject(error))),
          )
          await state.write(changes, offsets)
        },
      }
    },
  }
}

async function openStores(): Promise<TaskStores> {
  const builder = new StreamsBuilder()
  builder.table('in', { key: string(), value: string(), store: 'table' })
  return TaskStores.open({
    stores: [{ plan: builder.build().stores[0]!, changelogTopic: LOG.topic, changelogIsSource: false }],
    partition: 0,
    persistent: heldBackend(),
    directory: '0_0',
    logger: silentLogger,
    recover: async () => undefined,
  })
}

/** A batch for each of these counts of records. */
async function batchesOf(counts: readonly number[]): Promise<readonly FetchedBatch[]> {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: LOG.topic, partitions: 1 })
  const client = memoryClient(cluster)({ clientId: 'test', clock, logger: silentLogger })
  const producer = client.producer({})
  await producer.init()
  let key = 0
  for (const count of counts) {
    for (let index = 0; index < count; index++) {
      const bytes = Buffer.from(`key-${key++}`)
      producer.topic(LOG.topic).append(0, key, bytes, 0, bytes.length, bytes, 0, bytes.length, NO_HEADERS)
    }
    await producer.flush()
  }
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ ...LOG, offset: 0 }])
  const batches = await consumer.poll(0)
  await Promise.all([consumer.close(), producer.close()])
  await client.close()
  return batches
}

/** Gives other promises their turn. */
const turn = () => new Promise(resolve => setImmediate(resolve))

it('reads on while the backend writes, and has one write at a time', async () => {
  const stores = await openStores()
  const [one, two] = await batchesOf([3, 4])
  const writes = new RestoreWrites({ stores, store: 'table', ...LOG }, 0)
  await writes.add(one!)
  await writes.write()
  await turn()
  await writes.add(two!)
  expect([writes.position, writes.written, next.length]).toEqual([7, 0, 1])
  let finished = false
  const finishing = writes.finish().then(() => (finished = true))
  await turn()
  expect([finished, next.length]).toEqual([false, 1])
  next[0]!()
  await turn()
  expect([finished, writes.written, next.length]).toEqual([false, 3, 2])
  next[1]!()
  await finishing
  expect(writes.written).toBe(7)
  expect(await stores.positions()).toEqual([{ ...LOG, offset: 7 }])
})

it('leaves out what is not yet being written when it begins elsewhere', async () => {
  const stores = await openStores()
  const [one, two] = await batchesOf([3, 4])
  const writes = new RestoreWrites({ stores, store: 'table', ...LOG }, 0)
  await writes.add(one!)
  await writes.write()
  await writes.add(two!)
  const restarting = writes.restart(5)
  await turn()
  next[0]!()
  await restarting
  await writes.finish()
  expect([writes.position, writes.written, next.length]).toEqual([5, 3, 1])
  expect(await stores.positions()).toEqual([{ ...LOG, offset: 3 }])
})

it('a write that fails is told by the next call', async () => {
  const stores = await openStores()
  const [one] = await batchesOf([3])
  const writes = new RestoreWrites({ stores, store: 'table', ...LOG }, 0)
  await writes.add(one!)
  await writes.write()
  await turn()
  next[0]!(new Error('no space left'))
  await expect(writes.settle()).rejects.toThrow('no space left')
  await expect(writes.write()).rejects.toThrow('no space left')
  expect(writes.written).toBe(0)
})
