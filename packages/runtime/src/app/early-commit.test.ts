import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const RECORDS = 2000
const BUDGET_BYTES = 64 * 1024

it.each(['exactly_once', 'at_least_once'] as const)(
  'commits before the interval is over when the uncommitted state reaches its budget (%s)',
  async processingGuarantee => {
    const app = testApplication({ in: 1 })
    await app.send(
      'in',
      Array.from({ length: RECORDS }, (_, i) => ({ value: `key ${i}`, timestamp: i })),
    )
    const builder = new StreamsBuilder()
    builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
    const instance = await app.start(builder.build(), {
      processingGuarantee,
      commitIntervalMs: 3_600_000,
      stateBufferBytes: BUDGET_BYTES,
    })
    const committed = new Set<number>()
    let mostBuffered = 0
    let processed = 0
    for (let round = 0; processed < RECORDS && round < RECORDS * 3; round++) {
      await instance.step(0, 10)
      await new Promise(resolve => setImmediate(resolve))
      mostBuffered = Math.max(mostBuffered, instance.tasks[0]?.stores.bytes ?? 0)
      const offset = await app.committed('in')
      if (offset !== undefined) committed.add(offset)
      processed = instance.tasks[0]?.queues[0]?.position ?? 0
    }
    await instance.end({ clean: true, leave: true })
    await app.client.close()

    expect(committed.size, 'commits while no time passed').toBeGreaterThan(2)
    expect(mostBuffered).toBeLessThan(BUDGET_BYTES)
  },
)
