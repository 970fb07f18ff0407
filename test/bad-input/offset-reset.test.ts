import { StreamsBuilder, string, type OffsetReset } from 'millrace'
import { expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { memoryApps } from './memory-app.ts'

const NOW = Date.now()
const HOUR = 3_600_000

function copy(offsetReset: OffsetReset) {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string(), offsetReset }).to('out')
  return builder.build()
}

async function withRecords() {
  const apps = await memoryApps()
  for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 2)
  const record = (partition: number, value: string, hoursAgo: number) => {
    return { partition, key: null, value, timestamp: NOW - hoursAgo * HOUR }
  }
  await apps.io.produce('in', [record(0, 'old', 5), record(0, 'young', 1), record(1, 'older', 9)])
  return apps
}

it.each([
  ['earliest', ['new 0', 'new 1', 'old', 'older', 'young']],
  [{ backMs: 2 * HOUR }, ['new 0', 'new 1', 'young']],
  ['latest', ['new 0', 'new 1']],
] as const)('starts a partition without a committed offset at %j', async (offsetReset, expected) => {
  await using apps = await withRecords()
  const app = apps.app(copy(offsetReset))
  await app.start()
  await apps.io.produce(
    'in',
    [0, 1].map(partition => ({ partition, key: null, value: `new ${partition}`, timestamp: NOW })),
  )
  const records = await eventually(
    'out',
    10_000,
    () => apps.io.readAll('out'),
    read => read.length >= expected.length,
  )
  expect(records.map(({ value }) => String(value)).toSorted()).toEqual(expected)
})

it('ends the application where nothing is committed and nothing is to be guessed', async () => {
  await using apps = await withRecords()
  const app = apps.app(copy('none'))
  await expect(app.start().then(() => app.ended())).rejects.toMatchObject({
    code: 'MILLRACE_OFFSET_RESET_NONE',
    message: expect.stringContaining('in-'),
  })
})
