import { memoryClient } from '@millrace/client-memory'
import { type KeyValueStore, long, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'

const PARTITIONS = 4

/** Counts by key with a cache; below it, the count 2 fails: the record that made it has had its turn then. */
function failingBelowTheCache() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: string() })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .mapValues(count => {
      if (count === 2n) throw new Error('two')
      return count
    })
    .to('out', { key: string(), value: long() })
  return builder.build()
}

const SETTINGS = (['exactly_once', 'at_least_once'] as const).flatMap(guarantee =>
  (['cooperative', 'eager'] as const).map(rebalance => ({ guarantee, rebalance })),
)

it.each(SETTINGS)(
  'a record that fails late while its task moves to another instance: $guarantee, $rebalance',
  async ({ guarantee, rebalance }) => {
    const app = testApplication({ in: PARTITIONS, out: PARTITIONS })
    const start = (processId: string) =>
      app.start(failingBelowTheCache(), {
        processId,
        client: memoryClient(app.cluster, { rebalance }),
        processingGuarantee: guarantee,
        onBadRecord: 'continue',
        commitIntervalMs: 2_000,
      })
    const each = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    const sendToEach = () =>
      app.send(
        'in',
        each.map(partition => ({ partition, key: `key-${partition}`, value: 'x' })),
      )

    const first = await start('first')
    await app.run([first], 10)
    await sendToEach()
    await first.step(0)
    await first.commit()
    await sendToEach()
    await first.step(0)
    const second = await start('second')
    await app.run([first, second], 150)

    const shares = [first, second].map(({ tasks }) => tasks.length)
    expect(shares).toEqual([PARTITIONS / 2, PARTITIONS / 2])
    expect(await countsOf([first, second])).toEqual(
      Object.fromEntries(each.map(partition => [`key-${partition}`, { value: 1n, timestamp: 0 }])),
    )
    for (const partition of each) expect(await app.committed('in', partition)).toBe(2)
    for (const instance of [first, second]) await instance.end({ clean: true, leave: true })
  },
)

async function countsOf(instances: readonly Instance[]): Promise<Readonly<Record<string, unknown>>> {
  const found: (readonly [string, unknown])[] = []
  for (const { store } of instances.flatMap(instance => instance.stores('counts'))) {
    for await (const entry of (store as KeyValueStore<string, unknown>).all()) found.push(entry)
  }
  return Object.fromEntries(found)
}
