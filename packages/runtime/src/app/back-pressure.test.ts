import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const RECORDS = 3000
const LIMIT_BYTES = 4096
const BATCH_RECORDS = 10

it('pauses a partition of which enough is buffered, goes on when it is worked off, and loses nothing', async () => {
  const app = testApplication({ in: 1 })
  const record = { key: null, value: 'x'.repeat(100) }
  for (let sent = 0; sent < RECORDS; sent += BATCH_RECORDS) {
    await app.send(
      'in',
      Array.from({ length: BATCH_RECORDS }, (_, at) => ({ ...record, timestamp: sent + at })),
    )
  }

  let seen = 0
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => void seen++)
  const instance = await app.start(builder.build(), { bufferedBytesPerPartition: LIMIT_BYTES })
  const pauses: boolean[] = []
  // One record a round: fetching is always ahead of processing.
  for (let round = 0; seen < RECORDS && round < RECORDS * 3; round++) {
    await instance.step(0, 1)
    await new Promise(resolve => setImmediate(resolve))
    const queue = instance.tasks[0]?.queues[0]
    if (queue !== undefined && pauses.at(-1) !== queue.paused) pauses.push(queue.paused)
  }
  await instance.end({ clean: true, leave: true })
  await app.client.close()

  expect(seen).toBe(RECORDS)
  expect(pauses.filter(paused => paused).length).toBeGreaterThan(0)
  expect(pauses.at(-1)).toBe(false)
})
