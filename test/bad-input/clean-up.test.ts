import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { rocksdb, StreamsBuilder, string } from 'millrace'
import { expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { countByKey } from './count-by-key.ts'
import { memoryApps } from './memory-app.ts'

it('cleanUp deletes the state before a start and after the end, and never in between', async () => {
  await using apps = await memoryApps()
  for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 1)
  const results = async (length: number) => {
    const records = await eventually(
      'results',
      20_000,
      () => apps.io.readAll('out'),
      found => found.length >= length,
    )
    return records.map(({ value }) => value!.readBigInt64BE())
  }
  const first = apps.app(countByKey(), { store: rocksdb() })
  await first.cleanUp()
  await first.start()
  await apps.io.produce('in', [{ partition: 0, key: 'a', value: 'x', timestamp: 1 }])
  expect(await results(1)).toEqual([1n])
  await expect(first.cleanUp()).rejects.toMatchObject({
    code: 'MILLRACE_STORE_CLEANUP',
    message: expect.stringContaining('while the application is RUNNING') as unknown,
  })
  await first.close()
  const directory = join(apps.stateDir, 'app')
  expect(existsSync(join(directory, '0_0'))).toBe(true)
  await first.cleanUp()
  expect(existsSync(directory)).toBe(false)

  // The changelog has it still.
  const second = apps.app(countByKey(), { store: rocksdb() })
  const restored: number[] = []
  second.on('restoreEnd', event => restored.push(event.restored))
  await second.start()
  await apps.io.produce('in', [{ partition: 0, key: 'a', value: 'x', timestamp: 2 }])
  expect([await results(2), restored]).toEqual([[1n, 2n], [1]])
})

it('cleanUp deletes the state after an error, and not while another instance uses it', async () => {
  await using apps = await memoryApps()
  for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 1)
  const running = apps.app(countByKey(), { store: rocksdb() })
  await running.start()
  const builder = new StreamsBuilder()
  builder.stream('missing', { key: string(), value: string() }).to('out')
  const failing = apps.app(builder.build(), { store: rocksdb() })
  await expect(failing.cleanUp()).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' })
  await running.close()
  await expect(failing.start()).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
  expect(failing.state).toBe('ERROR')
  await failing.cleanUp()
  expect(existsSync(join(apps.stateDir, 'app'))).toBe(false)
})
