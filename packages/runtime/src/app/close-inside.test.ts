import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { long, NO_HEADERS, StreamsBuilder, string, systemClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { KafkaStreams } from './kafka-streams.ts'

const texts = { key: string(), value: string() }

/** An application over a cluster with one record in "in"; `close` is what user functions call. */
async function application(define: (builder: StreamsBuilder, close: () => Promise<void>) => void) {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  cluster.createTopic({ name: 'rows', partitions: 1 })
  const client = memoryClient(cluster)
  const producer = client({ clientId: 'test', clock: systemClock, logger: silentLogger }).producer({})
  await producer.init()
  const bytes = Buffer.from('stop')
  for (const topic of ['in', 'rows']) {
    producer.topic(topic).append(0, 1, bytes, 0, bytes.length, bytes, 0, bytes.length, NO_HEADERS)
  }
  await producer.flush()
  await producer.close()
  const builder = new StreamsBuilder()
  let resolved = 0
  const lines: string[] = []
  const keep = (_fields: object, line: string) => void lines.push(line)
  const logger = { ...silentLogger, warn: keep, error: keep }
  const close = async () => {
    await streams.close()
    resolved++
  }
  define(builder, close)
  // A close that waited for its own caller would take all of it.
  const streams: KafkaStreams = new KafkaStreams(builder.build(), {
    applicationId: 'app',
    client,
    logger,
    closeTimeoutMs: 600_000,
  })
  return { streams, cluster, lines, resolved: () => resolved }
}

it.each<[string, (builder: StreamsBuilder, close: () => Promise<void>) => void]>([
  ['an operator', (builder, close) => builder.stream('in', texts).foreach(() => close())],
  [
    'an operator, after a timer',
    (builder, close) =>
      builder.stream('in', texts).foreach(async () => {
        await new Promise(resolve => setTimeout(resolve, 5))
        await close()
      }),
  ],
  [
    'a mapper beside the loop',
    (builder, close) =>
      builder
        .stream('in', texts)
        .mapValuesAsync(async value => {
          await close()
          return value
        })
        .foreach(() => undefined),
  ],
  [
    'a mapper beside the loop that takes its time',
    (builder, close) =>
      builder
        .stream('in', texts)
        .mapValuesAsync(async value => {
          await new Promise(resolve => setTimeout(resolve, 300))
          await close()
          return value
        })
        .foreach(() => undefined),
  ],
  [
    'an aggregator',
    (builder, close) =>
      builder
        .stream('in', texts)
        .groupByKey()
        .aggregate(
          () => 0n,
          async sum => {
            await close()
            return sum + 1n
          },
          { value: long() },
        ),
  ],
  [
    'init of a processor',
    (builder, close) =>
      builder.stream('in', texts).process<string, string>(() => ({ init: () => close(), process() {} })),
  ],
  [
    'a timer of a processor',
    (builder, close) =>
      builder.stream('in', texts).process<string, string>(() => ({
        init: context => void context.schedule(1, 'wall-clock', () => close()),
        process() {},
      })),
  ],
  [
    'close of a processor, too',
    (builder, close) =>
      builder.stream('in', texts).process<string, string>(() => ({
        init: context => void context.schedule(1, 'wall-clock', () => close()),
        process() {},
        close: () => close(),
      })),
  ],
  [
    'the choice of a topic',
    (builder, close) =>
      builder.stream('in', texts).to(() => {
        void close()
        return 'in'
      }, texts),
  ],
])('await close() in %s ends the application in order', async (_where, define) => {
  const { streams, lines, resolved } = await application(define)
  await streams.start().catch(() => undefined)
  await streams.ended()
  expect([streams.state, lines]).toEqual(['NOT_RUNNING', []])
  await expect.poll(resolved).toBeGreaterThan(0)
})

it.each(['REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN'])('await close() in a listener of %s', async wanted => {
  const { streams, lines } = await application(builder => builder.stream('in', texts).foreach(() => undefined))
  const closed = Promise.withResolvers<void>()
  streams.on('state', state => {
    if (state === wanted) streams.close().then(closed.resolve, closed.reject)
  })
  await streams.start()
  await streams.close()
  await closed.promise
  expect([streams.state, lines]).toEqual(['NOT_RUNNING', []])
})

it('a close that an operator has not waited for is waited for by others', async () => {
  const { streams, cluster } = await application((builder, close) =>
    builder.stream('in', texts).foreach(() => void close()),
  )
  await streams.start()
  await streams.ended()
  await streams.close()
  expect([streams.state, cluster.committedOffsets('app')]).toMatchObject(['NOT_RUNNING', [{ offset: 1 }]])
})

it('what an operator has begun and does not wait for waits for the end when it closes', async () => {
  const states: string[] = []
  const { streams } = await application((builder, close) =>
    builder.stream('in', texts).foreach(() => {
      setTimeout(() => void close().then(() => states.push(streams.state)), 20)
    }),
  )
  await streams.start()
  await streams.ended()
  await expect.poll(() => states).toEqual(['NOT_RUNNING'])
})

it('a listener that fails concerns neither the application nor other listeners', async () => {
  const { streams, lines } = await application(builder => builder.stream('in', texts).foreach(() => undefined))
  const seen: string[] = []
  streams.on('state', () => {
    throw undefined
  })
  // oxlint-disable-next-line typescript/no-misused-promises -- as a user may write it
  streams.on('state', async () => {
    throw Object.create(null)
  })
  streams.on('state', state => void seen.push(state))
  await streams.start()
  await streams.close()
  expect(seen).toEqual(['REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
  await new Promise(resolve => setImmediate(resolve))
  expect(lines).toEqual(Array.from({ length: 8 }, () => 'a listener failed'))
})

it('an application starts once, and closes as often as one likes', async () => {
  const { streams } = await application(builder => builder.stream('in', texts).foreach(() => undefined))
  const first = streams.start()
  await expect(streams.start()).rejects.toMatchObject({ code: 'MILLRACE_STATE_STARTED', kind: 'config' })
  // In the middle of the start, twice at once, and again.
  await Promise.all([streams.close(), streams.close()])
  await first
  await streams.close()
  expect(streams.state).toBe('NOT_RUNNING')
  for (const again of [() => streams.start(), () => streams.run()]) {
    await expect(again()).rejects.toMatchObject({ code: 'MILLRACE_STATE_STARTED' })
  }
})

it('one that was closed before it was started does not start', async () => {
  const { streams } = await application(builder => builder.stream('in', texts).foreach(() => undefined))
  await streams.close()
  await streams.close()
  await expect(streams.run()).rejects.toMatchObject({ code: 'MILLRACE_STATE_STARTED' })
  expect(streams.state).toBe('NOT_RUNNING')
})
