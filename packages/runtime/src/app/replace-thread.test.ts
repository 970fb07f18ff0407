import { StreamsBuilder, string, systemClock } from '@millrace/core'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { KafkaStreams } from './kafka-streams.ts'

it('replaces the member on the calling thread as often as onUncaughtError says so', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const client = memoryClient(cluster)
  const producer = client({ clientId: 'test', clock: systemClock, logger: silentLogger }).producer({})
  await producer.init()
  const bytes = Buffer.from('x')
  producer.topic('in').append(0, 0, bytes, 0, 1, bytes, 0, 1, [])
  await producer.flush()
  let attempts = 0
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => {
    attempts++
    throw new Error('always')
  })
  let asked = 0
  const streams = new KafkaStreams(builder.build(), {
    ...{ applicationId: 'app', client, logger: silentLogger },
    onUncaughtError: () => (++asked < 3 ? 'replace-thread' : 'shutdown-instance'),
  })
  await streams.start()
  await expect(streams.ended()).rejects.toMatchObject({ code: 'MILLRACE_PROCESSING_FAILED' })
  expect([attempts, asked, streams.state]).toEqual([3, 3, 'ERROR'])
})

it('needs a module for threads', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => undefined)
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  const start = (threads: number) => new KafkaStreams(builder.build(), { applicationId: 'app', client, threads })
  expect(() => start(2)).toThrow(expect.objectContaining({ code: 'MILLRACE_THREADS_MODULE' }) as Error)
  for (const threads of [0, 1.5, -1])
    expect(() => start(threads)).toThrow(expect.objectContaining({ code: 'MILLRACE_CONFIG_INVALID' }) as Error)
})
