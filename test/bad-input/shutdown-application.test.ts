import { type KafkaStreams, memoryClient, MemoryCluster, StreamsBuilder, string } from 'millrace'
import { systemClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { eventually, topicIo } from '../topic-io.ts'
import { memoryApps } from './memory-app.ts'

const PARTITIONS = 3
const texts = { key: string(), value: string() }

/** Copies, and fails on a bad record as often as it is told. */
function copying(failures: { left: number }) {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValues(value => {
      if (value === 'bad' && failures.left-- > 0) throw new Error('bad record')
      return value
    })
    .to('out', { value: string() })
  return builder.build()
}

const endOf = (app: KafkaStreams) =>
  app.ended().then(
    () => 'no error',
    (error: { readonly code: string }) => error.code,
  )

it.each(['cooperative', 'eager'] as const)(
  'an error that is to end the application ends every instance, and what they have processed is committed, %s',
  async rebalance => {
    await using apps = await memoryApps()
    const cluster = new MemoryCluster({ clock: systemClock })
    const client = memoryClient(cluster, { rebalance })
    await using io = topicIo(client)
    for (const topic of ['in', 'out']) await io.createTopic(topic, PARTITIONS)
    const asked: unknown[] = []
    const all = ['a', 'b', 'c'].map(processId =>
      apps.app(copying({ left: Infinity }), {
        ...{ client, processId, processingGuarantee: 'exactly_once', commitIntervalMs: 60_000 },
        onUncaughtError: error => {
          asked.push(error)
          return 'shutdown-application'
        },
      }),
    )
    await Promise.all(all.map(app => app.start()))
    await eventually(
      'a share for each',
      10_000,
      async () => all.map(app => app.tasks().length),
      shares => shares.every(n => n === 1),
    )
    const record = (partition: number, value: string) => ({ partition, key: null, value, timestamp: 1 })
    await io.produce(
      'in',
      [0, 1, 2].map(partition => record(partition, 'good')),
    )
    const processed = async () => all.flatMap(app => app.tasks()).reduce((sum, task) => sum + task.processed, 0)
    await eventually('the good ones', 10_000, processed, count => count === PARTITIONS)
    await io.produce('in', [record(1, 'bad')])
    const ends = await Promise.all(all.map(endOf))
    expect(ends.toSorted()).toEqual([
      'MILLRACE_APPLICATION_SHUTDOWN',
      'MILLRACE_APPLICATION_SHUTDOWN',
      'MILLRACE_PROCESSING_FAILED',
    ])
    expect(all.map(app => app.state)).toEqual(['ERROR', 'ERROR', 'ERROR'])
    expect(asked).toMatchObject([{ code: 'MILLRACE_PROCESSING_FAILED' }])
    // What the failed one had not committed is processed again when all are started again.
    expect(await io.committed('app', 'in')).toEqual([1, 0, 1])
    const again = apps.app(copying({ left: 0 }), { client, processId: 'again' })
    await again.start()
    await eventually(
      'everything',
      10_000,
      () => io.readAll('out'),
      records => records.length === PARTITIONS + 1,
    )
  },
)

it('an error ends nobody else by default, nor when the handler fails itself', async () => {
  await using apps = await memoryApps()
  for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 1)
  const failures = { left: 2 }
  const last = apps.app(copying(failures), { processId: 'last' })
  const first = apps.app(copying(failures), { processId: 'first' })
  await first.start()
  const second = apps.app(copying(failures), {
    processId: 'second',
    onUncaughtError: () => {
      throw new Error('a handler that fails')
    },
  })
  await second.start()
  await apps.io.produce('in', [{ partition: 0, key: null, value: 'bad', timestamp: 1 }])
  expect(await Promise.all([endOf(first), endOf(second)])).toEqual([
    'MILLRACE_PROCESSING_FAILED',
    'MILLRACE_PROCESSING_FAILED',
  ])
  expect(apps.lines.map(({ message }) => message)).toContain('onUncaughtError failed')
  await last.start()
  await eventually(
    'the record',
    10_000,
    () => apps.io.readAll('out'),
    records => records.length === 1,
  )
  expect(last.state).toBe('RUNNING')
})
