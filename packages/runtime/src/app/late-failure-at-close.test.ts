import { type KeyValueStore, long, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const keys = ['a', 'b', 'c'].map(letter => letter.repeat(600))

it.each(['exactly_once', 'at_least_once'] as const)(
  'a record that fails late while the application closes leaves nothing behind, %s',
  async processingGuarantee => {
    const app = testApplication({ in: 1, out: 1 })
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: string(), value: string() })
      .groupByKey()
      .count({ store: 'counts' })
      .toStream()
      .mapValues((count, key) => {
        if (key === keys[2] && count === 2n) throw new Error('two')
        return count
      })
      .to('out', { key: string(), value: long() })
    const start = (processId: string) =>
      app.start(builder.build(), {
        ...{ processId, processingGuarantee, onBadRecord: 'continue', commitIntervalMs: 1_000 },
        // A batch for each change: those of before the failure have reached the changelog.
        maxRequestBytes: 1024,
        transactionTimeoutMs: 2_000,
      })
    const sendEach = () =>
      app.send(
        'in',
        keys.map(key => ({ key, value: 'x' })),
      )

    const first = await start('first')
    await app.run([first], 10)
    await sendEach()
    await first.step(0)
    await first.commit()
    await sendEach()
    await first.step(0)
    expect(first.tasks.map(({ processed }) => processed)).toEqual([6])
    await first.end({ clean: true, leave: true })
    expect(await app.committed('in')).toBe(3)
    if (processingGuarantee === 'exactly_once') {
      expect(app.cluster.transactions.describe('app-first')?.state, 'nobody waits for a timeout').toBe('complete-abort')
    }

    const second = await start('second')
    await app.run([second], 100)
    const counts: unknown[] = []
    for (const { store } of second.stores('counts')) {
      for await (const entry of (store as KeyValueStore<string, unknown>).all()) counts.push(entry[1])
    }
    expect(counts).toEqual([2n, 2n, 1n].map(value => ({ value, timestamp: 0 })))
    expect(await app.committed('in')).toBe(6)
    await second.end({ clean: true, leave: true })
    await app.client.close()
  },
)
