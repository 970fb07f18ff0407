import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type LogFields, type Logger, ManualClock, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Instance } from '../app/instance.ts'

it('says once why no tasks come while the group waits for one that has ended without leaving', async () => {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const warnings: { readonly fields: LogFields; readonly message: string }[] = []
  const logger: Logger = { ...silentLogger, warn: (fields, message) => void warnings.push({ fields, message }) }
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => undefined)
  const start = async (processId: string) => {
    const client = memoryClient(cluster)
    const instance = new Instance(
      builder.build(),
      resolveOptions({ applicationId: 'app', processId, client, clock, logger, sessionTimeoutMs: 45_000 }),
    )
    await instance.begin(new AbortController().signal)
    return instance
  }
  const run = async (instance: Instance, forMs: number) => {
    for (const until = clock.now() + forMs; clock.now() < until; await clock.advance(100)) await instance.step(0)
  }
  const before = await start('before')
  await run(before, 1_000)
  expect(before.ready).toBe(true)
  await before.end({ clean: true, leave: false })

  const after = await start('after')
  await run(after, 4_000)
  expect(warnings).toEqual([])
  await run(after, 25_000)
  expect(warnings).toEqual([
    {
      message: expect.stringContaining('no tasks yet: the group waits for members') as unknown,
      fields: {
        state: 'preparing',
        members: [expect.stringContaining('app-before-'), expect.stringContaining('app-after-')],
        sessionTimeoutMs: 45_000,
      },
    },
  ])
  await run(after, 20_000)
  expect(after.ready).toBe(true)
  expect(warnings).toHaveLength(1)
  await after.end({ clean: true, leave: true })
})
