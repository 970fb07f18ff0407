import { StreamsBuilder, string } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { KafkaStreams, type KafkaStreamsOptions, silentLogger } from '@millrace/runtime'
import { expect, it, onTestFinished } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, topicIo } from '../topic-io.ts'

/** How long the operator computes without a break; MILLRACE_BUSY_MS=30000 for longer. */
const BUSY_MS = Number(process.env['MILLRACE_BUSY_MS'] ?? 9_000)
const LIMIT_MS = 60_000
const texts = { key: string(), value: string() }

/** An application in this process, whose operator `crunch` blocks the thread over one of three records. */
async function crunching(
  options: Pick<KafkaStreamsOptions, 'processingTimeoutMs' | 'onBadRecord' | 'sessionTimeoutMs'>,
) {
  const { brokers } = await sharedKafka()
  const io = topicIo(clientUnderTest(brokers))
  const name = `crunch-${Math.random().toString(36).slice(2)}`
  await io.createTopic(`${name}-in`, 1)
  await io.createTopic(`${name}-out`, 1)
  const seen: string[] = []
  const builder = new StreamsBuilder()
  builder
    .stream(`${name}-in`, texts)
    .mapValues(
      value => {
        seen.push(value)
        if (value === 'long') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS)
        return value.toUpperCase()
      },
      { name: 'crunch' },
    )
    .to(`${name}-out`, texts)
  const streams = new KafkaStreams(builder.build(), {
    applicationId: name,
    client: clientUnderTest(brokers),
    ...options,
    logger: silentLogger,
  })
  const states: string[] = []
  streams.on('state', state => void states.push(state))
  onTestFinished(async () => {
    await streams.close()
    await io[Symbol.asyncDispose]()
  })
  await streams.start()
  const values = ['short', 'long', 'last']
  await io.produce(
    `${name}-in`,
    values.map(value => ({ partition: 0, key: `k-${value}`, value, timestamp: 1 })),
  )
  const committed = async () => (await io.committed(name, `${name}-in`))[0]!
  const out = async () => (await io.readAll(`${name}-out`)).map(({ value }) => String(value))
  return { streams, seen, states, committed, out }
}

it(`computes for ${BUSY_MS} ms without a break and keeps its place in the group`, async () => {
  const { seen, states, committed, out } = await crunching({ sessionTimeoutMs: 6_000 })
  await eventually('all is committed', BUSY_MS + LIMIT_MS, committed, offset => offset === 3)
  expect(await out()).toEqual(['SHORT', 'LONG', 'LAST'])
  expect(seen).toEqual(['short', 'long', 'last'])
  expect(states).toEqual(['REBALANCING', 'RUNNING'])
})

it('ends, with operator, key and offset named, when it computes for longer than a record may take', async () => {
  const { streams, out } = await crunching({ sessionTimeoutMs: 6_000, processingTimeoutMs: BUSY_MS / 3 })
  const ended = await streams.ended().catch((error: unknown) => error)
  expect(ended).toMatchObject({ code: 'MILLRACE_PROCESSING_FAILED', cause: { code: 'MILLRACE_PROCESSING_TIMEOUT' } })
  expect(String(ended)).toMatch(/crunch took more than \d+ ms for the record with key "k-long" at offset 1 of crunch-/)
  expect(await out()).not.toContain('LONG')
})

it('skips such a record where bad records are skipped, as a member of the group that it still is', async () => {
  const { seen, states, committed, out } = await crunching({
    sessionTimeoutMs: 2 * BUSY_MS,
    processingTimeoutMs: BUSY_MS / 3,
    onBadRecord: 'continue',
  })
  await eventually('all is committed', BUSY_MS + LIMIT_MS, committed, offset => offset === 3)
  expect(await out()).toEqual(['SHORT', 'LAST'])
  expect(seen).toEqual(['short', 'long', 'last'])
  expect(states).toEqual(['REBALANCING', 'RUNNING'])
})
