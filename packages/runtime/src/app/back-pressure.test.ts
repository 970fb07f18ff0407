import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Metrics } from '../observe/metrics.ts'
import { Instance } from './instance.ts'

const RECORDS = 3000
const LIMIT_BYTES = 4096
const BATCH_RECORDS = 10

it('pauses a partition of which enough is buffered, goes on when it is worked off, and loses nothing', async () => {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  const factory = memoryClient(cluster)
  const client = factory({ clientId: 'test', clock, logger: silentLogger })
  await client.admin().createTopics([{ name: 'in', partitions: 1 }])
  const producer = client.producer({})
  await producer.init()
  const value = Buffer.from('x'.repeat(100))
  for (let i = 0; i < RECORDS; i++) {
    producer.topic('in').append(0, i, value, -1, -1, value, 0, value.length, NO_HEADERS)
    if (i % BATCH_RECORDS === BATCH_RECORDS - 1) await producer.flush()
  }

  let seen = 0
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => void seen++)
  const nothing = () => undefined
  const instance = new Instance(
    builder.build(),
    resolveOptions({
      applicationId: 'app',
      client: factory,
      clock,
      logger: silentLogger,
      bufferedBytesPerPartition: LIMIT_BYTES,
    }),
    new Metrics(),
    {
      onRebalancing: nothing,
      onWaiting: nothing,
      onRestoreStart: nothing,
      onRestoreProgress: nothing,
      onRestoreEnd: nothing,
    },
  )
  await instance.begin(new AbortController().signal)
  const pauses: boolean[] = []
  // One record a round: fetching is always ahead of processing.
  for (let round = 0; seen < RECORDS && round < RECORDS * 3; round++) {
    await instance.step(0, 1)
    await new Promise(resolve => setImmediate(resolve))
    const queue = instance.tasks[0]?.queues[0]
    if (queue !== undefined && pauses.at(-1) !== queue.paused) pauses.push(queue.paused)
  }
  await instance.end({ clean: true, leave: true })
  await client.close()

  expect(seen).toBe(RECORDS)
  expect(pauses.filter(paused => paused).length).toBeGreaterThan(0)
  expect(pauses.at(-1)).toBe(false)
})
