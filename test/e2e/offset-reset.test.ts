import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedKafka } from '@millrace/dev-kafka'
import { KafkaStreams, memoryStore, type OffsetReset, silentLogger, StreamsBuilder, string } from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, type TopicIo, topicIo } from '../topic-io.ts'

const PARTITIONS = 2
const LIMIT_MS = 60_000
const MINUTE_MS = 60_000
let brokers: string
let io: TopicIo
let root: string

beforeAll(async () => {
  ;({ brokers } = await sharedKafka())
  io = topicIo(clientUnderTest(brokers))
  root = await mkdtemp(join(tmpdir(), 'millrace-'))
})

afterAll(async () => {
  await io[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

function copy(name: string, offsetReset: OffsetReset) {
  const builder = new StreamsBuilder()
  builder.stream(`${name}-in`, { key: string(), value: string(), offsetReset }).to(`${name}-out`)
  return new KafkaStreams(builder.build(), {
    applicationId: name,
    client: clientUnderTest(brokers),
    store: memoryStore(),
    stateDir: join(root, name),
    logger: silentLogger,
  })
}

async function values(topic: string): Promise<readonly string[]> {
  return (await io.readAll(topic)).map(({ value }) => value!.toString()).sort()
}

/** In the first partition a record of two hours ago, and one of ten minutes; in the second only old ones. */
async function topics(name: string): Promise<void> {
  await io.createTopic(`${name}-in`, PARTITIONS)
  await io.createTopic(`${name}-out`, PARTITIONS)
  const ago = (minutes: number) => Date.now() - minutes * MINUTE_MS
  await io.produce(`${name}-in`, [
    { partition: 0, key: 'k', value: 'two hours', timestamp: ago(120) },
    { partition: 0, key: 'k', value: 'ten minutes', timestamp: ago(10) },
    { partition: 1, key: 'k', value: 'three hours', timestamp: ago(180) },
  ])
}

describe('without committed offsets on a real broker', () => {
  it.each<{ reset: Exclude<OffsetReset, 'none'>; found: readonly string[] }>([
    { reset: 'earliest', found: ['now 0', 'now 1', 'ten minutes', 'three hours', 'two hours'] },
    { reset: 'latest', found: ['now 0', 'now 1'] },
    { reset: { backMs: 60 * MINUTE_MS }, found: ['now 0', 'now 1', 'ten minutes'] },
    { reset: { backMs: 150 * MINUTE_MS }, found: ['now 0', 'now 1', 'ten minutes', 'two hours'] },
    { reset: { backMs: 0 }, found: ['now 0', 'now 1'] },
  ])('offsetReset $reset begins where it says, partition by partition', async ({ reset, found }) => {
    const how = typeof reset === 'string' ? reset : `back-${reset.backMs}`
    const name = `reset-${how}-${Date.now().toString(36)}`
    await topics(name)
    const streams = copy(name, reset)
    try {
      await streams.start()
      // Where it starts is decided by now: what is written from here on comes in any case.
      await io.produce(
        `${name}-in`,
        [0, 1].map(partition => ({ partition, key: 'k', value: `now ${partition}`, timestamp: Date.now() })),
      )
      await eventually(
        'what was written last',
        LIMIT_MS,
        () => values(`${name}-out`),
        seen => seen.includes('now 0') && seen.includes('now 1'),
      )
    } finally {
      await streams.close()
    }
    expect(await values(`${name}-out`)).toEqual(found)
  })

  it('offsetReset "none" ends the application with an error that names the partition', async () => {
    const name = `reset-none-${Date.now().toString(36)}`
    await topics(name)
    const streams = copy(name, 'none')
    const ended = streams.start().then(() => streams.ended())
    await expect(ended).rejects.toMatchObject({
      code: 'MILLRACE_OFFSET_RESET_NONE',
      message: expect.stringContaining(`${name}-in`),
    })
    await streams.close()
  })
})
