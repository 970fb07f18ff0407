import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Metrics } from '../observe/metrics.ts'
import { Instance } from './instance.ts'

const RECORDS = 2000
const BUDGET_BYTES = 64 * 1024
const INPUT = [{ topic: 'in', partition: 0 }]
const nothing = () => undefined

it.each(['exactly_once', 'at_least_once'] as const)(
  'commits before the interval is over when the uncommitted state reaches its budget (%s)',
  async processingGuarantee => {
    const clock = new ManualClock(1_000)
    const factory = memoryClient(new MemoryCluster({ clock }))
    const client = factory({ clientId: 'test', clock, logger: silentLogger })
    await client.admin().createTopics([{ name: 'in', partitions: 1 }])
    const producer = client.producer({})
    await producer.init()
    for (let i = 0; i < RECORDS; i++) {
      const key = Buffer.from(`key ${i}`)
      producer.topic('in').append(0, i, key, 0, key.length, key, 0, key.length, NO_HEADERS)
    }
    await producer.flush()

    const builder = new StreamsBuilder()
    builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
    const options = resolveOptions({
      applicationId: 'app',
      client: factory,
      clock,
      logger: silentLogger,
      processingGuarantee,
      commitIntervalMs: 3_600_000,
      stateBufferBytes: BUDGET_BYTES,
    })
    const instance = new Instance(builder.build(), options, new Metrics(), {
      onRebalancing: nothing,
      onWaiting: nothing,
      onRestoreStart: nothing,
      onRestoreProgress: nothing,
      onRestoreEnd: nothing,
    })
    await instance.begin(new AbortController().signal)
    const committed = new Set<number>()
    let mostBuffered = 0
    let processed = 0
    for (let round = 0; processed < RECORDS && round < RECORDS * 3; round++) {
      await instance.step(0, 10)
      await new Promise(resolve => setImmediate(resolve))
      mostBuffered = Math.max(mostBuffered, instance.tasks[0]?.stores.bytes ?? 0)
      const [offset] = await client.admin().committedOffsets('app', INPUT)
      if (offset !== undefined) committed.add(offset.offset)
      processed = instance.tasks[0]?.queues[0]?.position ?? 0
    }
    await instance.end({ clean: true, leave: true })
    await client.close()

    expect(committed.size, 'commits while no time passed').toBeGreaterThan(2)
    expect(mostBuffered).toBeLessThan(BUDGET_BYTES)
  },
)
