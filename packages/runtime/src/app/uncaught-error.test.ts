import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type ClientContext,
  type GroupConsumerOptions,
  NO_HEADERS,
  StreamsBuilder,
  string,
  systemClock,
} from '@millrace/core'
import { expect, it } from 'vitest'
import type { KafkaStreamsOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { KafkaStreams } from './kafka-streams.ts'

/** What an application logs that fails at its first record; `decide` is its onUncaughtError. */
async function failing(decide: (streams: () => KafkaStreams) => unknown): Promise<readonly string[]> {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const client = memoryClient(cluster)
  const producer = client({ clientId: 'test', clock: systemClock, logger: silentLogger }).producer({})
  await producer.init()
  producer.topic('in').append(0, 1, Buffer.alloc(0), -1, -1, Buffer.from('v'), 0, 1, NO_HEADERS)
  await producer.flush()
  await producer.close()
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => {
    throw new Error('the record is bad')
  })
  const lines: string[] = []
  const streams: KafkaStreams = new KafkaStreams(builder.build(), {
    applicationId: 'app',
    client,
    logger: { ...silentLogger, error: (_fields: object, line: string) => void lines.push(line) },
    closeTimeoutMs: 600_000,
    onUncaughtError: (() => decide(() => streams)) as unknown as NonNullable<KafkaStreamsOptions['onUncaughtError']>,
  })
  await expect((async () => (await streams.start(), await streams.ended()))()).rejects.toThrow('the record is bad')
  expect(streams.state).toBe('ERROR')
  return lines
}

const STOPS = 'the application stops because of an error'

it('may await close(), which does not wait for it', async () => {
  const lines = await failing(async streams => {
    await streams().close()
    return 'shutdown-instance'
  })
  expect(lines).toEqual([STOPS])
})

it.each<[string, () => unknown, string]>([
  [
    'returns something else',
    () => 'restart',
    'onUncaughtError must return replace-thread, shutdown-instance, shutdown-application',
  ],
  [
    'throws',
    () => {
      throw null
    },
    'onUncaughtError failed',
  ],
])('one that %s is named, and the instance stops', async (_what, decide, line) => {
  expect(await failing(decide)).toEqual([line, STOPS])
})

it('lets start() fail when everything is closed, so that the next start finds the state directory free', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => undefined)
  const client = (context: ClientContext) => {
    const made = memoryClient(cluster)(context)
    const consumer = made.groupConsumer.bind(made)
    const poll = () => Promise.reject(new Error('the client is bad'))
    return Object.assign(made, { groupConsumer: (of: GroupConsumerOptions) => Object.assign(consumer(of), { poll }) })
  }
  const streams = new KafkaStreams(builder.build(), { applicationId: 'app', client, logger: silentLogger })
  await expect(streams.start()).rejects.toThrow('the client is bad')
  expect(streams.state).toBe('ERROR')
})
