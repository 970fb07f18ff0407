import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type Logger, StreamsBuilder, string, systemClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { consoleLogger, silentLogger } from '../observe/console-logger.ts'
import { KafkaStreams } from './kafka-streams.ts'

const TEXT = { key: string(), value: string() }

function application(cluster: MemoryCluster, lines: string[]): KafkaStreams {
  const builder = new StreamsBuilder()
  builder.stream('in', TEXT).groupByKey().count({ store: 'counts' })
  const info: Logger['info'] = (_fields, message) => void lines.push(message)
  const warn: Logger['warn'] = (_fields, message) => void lines.push(message)
  return new KafkaStreams(builder.build(), {
    applicationId: 'app',
    client: memoryClient(cluster),
    logger: { ...silentLogger, info, warn },
  })
}

it('the log says in one line each that it starts, runs, closes and is closed', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 2 })
  const lines: string[] = []
  const streams = application(cluster, lines)
  await streams.start()
  await streams.close()
  expect(lines).toEqual([
    'app is starting: it checks its topics and joins the group',
    'internal topic created',
    'app is running with 2 tasks',
    'app is closing',
    'app is closed',
  ])
})

it('an instance for which no task is left says so', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const lines: string[] = []
  const [first, second] = [application(cluster, []), application(cluster, lines)]
  await first.start()
  await second.start()
  expect(lines).toContain('app is running, without tasks: other instances have them all')
  await second.close()
  await first.close()
})

it('one line says that state was restored, and no line that there was nothing to restore', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 2 })
  const producer = memoryClient(cluster)({ clientId: 'test', clock: cluster.clock, logger: consoleLogger('error') })
  const lines: string[] = []
  const first = application(cluster, lines)
  await first.start()
  const writer = producer.producer({})
  await writer.init()
  for (const partition of [0, 1]) {
    const bytes = Buffer.from('word')
    writer.topic('in').append(partition, 1, bytes, 0, 4, bytes, 0, 4, [])
  }
  await writer.flush()
  while (first.tasks().some(({ processed }) => processed === 0)) await new Promise(resolve => setImmediate(resolve))
  await first.close()
  expect(lines.filter(line => line.startsWith('restor'))).toEqual([])

  const again: string[] = []
  const second = application(cluster, again)
  await second.start()
  await second.close()
  expect(again.filter(line => line.startsWith('restored'))).toEqual([
    expect.stringMatching(/^restored 2 records of 2 changelog partitions in \d+ ms$/),
  ])
  await producer.close()
})
