import { sharedKafka } from '@millrace/dev-kafka'
import { systemClock } from '@millrace/core'
import { KafkaStreams, long, type ProcessingGuarantee, silentLogger, string, StreamsBuilder } from 'millrace'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, type TopicIo, topicIo } from '../topic-io.ts'

const PARTITIONS = 2
const RECORDS = 100
const LIMIT_MS = 60_000
let brokers: string
let io: TopicIo

beforeAll(async () => {
  ;({ brokers } = await sharedKafka())
  io = topicIo(clientUnderTest(brokers))
})

afterAll(() => io[Symbol.asyncDispose]())

function application(name: string, processingGuarantee: ProcessingGuarantee) {
  const builder = new StreamsBuilder()
  builder
    .stream(`${name}-words`, { key: string(), value: string() })
    .groupBy(word => word, { name: 'by-word', key: string(), value: string() })
    .count({ store: 'counts' })
    .toStream()
    .to(`${name}-counts`, { key: string(), value: long() })
  return new KafkaStreams(builder.build(), {
    applicationId: name,
    client: clientUnderTest(brokers),
    processingGuarantee,
    commitIntervalMs: 100,
    repartitionPurgeIntervalMs: 500,
    logger: silentLogger,
  })
}

const words = () =>
  Array.from({ length: RECORDS }, (_, n) => ({
    partition: n % PARTITIONS,
    key: null,
    value: n % 2 === 0 ? 'tea' : 'coffee',
    timestamp: Date.now(),
  }))

const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0)

it.each(['at_least_once', 'at_most_once', 'exactly_once'] as const)(
  'on a real broker a repartition topic begins where the application has committed, %s',
  async guarantee => {
    const name = `purge-${guarantee.slice(0, 5)}-${Date.now().toString(36)}`.replaceAll('_', '-')
    const repartition = `${name}-by-word-repartition`
    for (const topic of ['words', 'counts']) await io.createTopic(`${name}-${topic}`, PARTITIONS)
    const client = clientUnderTest(brokers)({ clientId: 'test', clock: systemClock, logger: silentLogger })
    const admin = client.admin()
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: repartition, partition }))
    const starts = async () => (await admin.earliestOffsets(partitions)).map(({ offset }) => offset)
    const committed = () => io.committed(name, repartition)
    try {
      for (const round of [1, 2]) {
        await io.produce(`${name}-words`, words())
        // The second round begins with what the first has left: offsets behind which nothing is.
        const streams = application(name, guarantee)
        await streams.start()
        const done = async () => ({ begins: sum(await starts()), committed: sum(await committed()) })
        await eventually(
          `round ${round} is purged`,
          LIMIT_MS,
          done,
          found => found.begins >= round * RECORDS && found.begins === found.committed,
        )
        await streams.close()
      }
      expect(sum((await io.readAll(`${name}-words`)).map(() => 1)), 'topics of the user are left alone').toBe(
        2 * RECORDS,
      )
      const last = new Map<string, number>()
      for (const { key, value } of await io.readAll(`${name}-counts`)) {
        last.set(key!.toString(), Number(value!.readBigInt64BE()))
      }
      expect(Object.fromEntries(last)).toEqual({ tea: RECORDS, coffee: RECORDS })
    } finally {
      await admin.close()
      await client.close()
    }
  },
)
