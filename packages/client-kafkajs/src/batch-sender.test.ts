import { ManualClock, millraceError, NO_HEADERS, refusedRecord, type SendPermit, systemClock } from '@millrace/core'
import type { ProducerBatch, RecordMetadata } from 'kafkajs'
import { expect, it } from 'vitest'
import { BatchSender, PermitTooOld } from './batch-sender.ts'
import { timestampText } from './pending-batch.ts'

/** Where batches go in these tests: what came, by partition, and what to do with the next calls. */
class Log {
  readonly requests: string[][] = []
  readonly values = new Map<number, string[]>()
  /** Taken in turn; without one, all is acknowledged. */
  readonly answers: ('lose partition 1' | Error)[] = []
  /** Stops the process for a while in the midst of the next call. */
  stop: (() => void) | undefined
  /** Of a request with these values, the broker's refusal. */
  refuse: (values: readonly string[]) => string | undefined = () => undefined

  readonly send = async ({ topicMessages = [] }: ProducerBatch): Promise<RecordMetadata[]> => {
    await Promise.resolve()
    const answer = this.answers.shift()
    if (answer instanceof Error) throw answer
    const all = topicMessages.flatMap(({ messages }) => messages.map(({ value }) => String(value)))
    const refusal = this.refuse(all)
    if (refusal !== undefined) throw error({ type: refusal, retriable: false })
    const parts = topicMessages.map(({ topic, messages }) => ({ topic, partition: messages[0]!.partition!, messages }))
    this.requests.push(parts.map(({ partition, messages }) => `${partition}:${messages.length}`))
    return parts
      .filter(({ partition }) => answer !== 'lose partition 1' || partition !== 1)
      .map(({ topic, partition, messages }) => {
        const log = this.values.get(partition) ?? []
        const baseOffset = String(log.length)
        this.values.set(partition, [...log, ...messages.map(({ value }) => String(value))])
        return { topicName: topic, partition, errorCode: 0, baseOffset }
      })
  }
}

function senderTo(
  log: Log,
  {
    transactionalId = undefined as string | undefined,
    maxBatchBytes = 10_000,
    permit = undefined as SendPermit | undefined,
    clock = systemClock,
  } = {},
) {
  const options = {
    brokers: 'b',
    clock,
    compression: 'none' as const,
    maxBatchBytes,
    transactionalId,
    permit,
    suspects: new Set<string>(),
    requestTimeoutMs: 30_000,
  }
  const sender: BatchSender = new BatchSender({
    ...options,
    // As kafkajs' partitioner, before each attempt.
    send: batch => {
      log.stop?.()
      log.stop = undefined
      return sender.isPermitted ? log.send(batch) : Promise.reject(error({ cause: new PermitTooOld() }))
    },
  })
  const append = (partition: number, value: string): void => {
    const bytes = Buffer.from(value)
    sender
      .batchFor('t', partition, bytes.length + 40)
      .append(bytes.length + 40, 0, null, bytes, NO_HEADERS, `origin of ${value}`)
  }
  return { sender, append }
}

const error = (fields: object) => Object.assign(new Error('as the test wants it'), fields)
const unreachable = error({ name: 'KafkaJSConnectionError', retriable: true })

it('sends in order what is appended, and tells where the logs go on', async () => {
  const log = new Log()
  const { sender, append } = senderTo(log, { maxBatchBytes: 200 })
  for (let i = 0; i < 50; i++) append(i % 2, `v${i}`)
  const ends = await sender.flush()
  expect(log.values.get(0)).toEqual(Array.from({ length: 25 }, (_, i) => `v${2 * i}`))
  expect(log.values.get(1)).toEqual(Array.from({ length: 25 }, (_, i) => `v${2 * i + 1}`))
  expect(ends.map(({ partition, offset }) => [partition, offset]).sort(([a], [b]) => a! - b!)).toEqual([
    [0, 25],
    [1, 25],
  ])
  expect(await sender.flush()).toEqual([])
})

it('sends again what kafkajs said nothing of', async () => {
  const log = new Log()
  log.answers.push('lose partition 1')
  const { sender, append } = senderTo(log)
  append(0, 'a')
  append(1, 'b')
  await sender.flush()
  expect(log.requests).toEqual([['0:1', '1:1'], ['1:1']])
  expect([...log.values.values()]).toEqual([['a'], ['b']])
})

it('keeps trying outside transactions while no broker answers', async () => {
  const log = new Log()
  log.answers.push(unreachable, unreachable)
  const { sender, append } = senderTo(log)
  append(0, 'a')
  expect(await sender.flush()).toEqual([{ topic: 't', partition: 0, offset: 1 }])
})

it('throws a failure at every flush from then on', async () => {
  const log = new Log()
  log.answers.push(error({ type: 'INVALID_REQUIRED_ACKS', retriable: false }))
  const { sender, append } = senderTo(log)
  append(0, 'a')
  await expect(sender.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCE_FAILED', kind: 'fatal' })
  await expect(sender.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCE_FAILED' })
})

it.each([
  ['no broker answers', unreachable, 'MILLRACE_TRANSACTION_ABORTABLE'],
  ['the epoch is old', error({ type: 'INVALID_PRODUCER_EPOCH', retriable: false }), 'MILLRACE_PRODUCER_FENCED'],
])('gives a transaction up when %s, and can begin another after it was dropped', async (_what, failure, code) => {
  const log = new Log()
  log.answers.push(failure)
  const { sender, append } = senderTo(log, { transactionalId: 'tx' })
  append(0, 'a')
  await expect(sender.flush()).rejects.toMatchObject({ code })
  await sender.drop()
  append(0, 'b')
  await sender.flush()
  expect(log.values.get(0)).toEqual(['b'])
})

it('sends one partition at a time in a transaction, since a retry of kafkajs doubles what another broker has taken', async () => {
  const log = new Log()
  const { sender, append } = senderTo(log, { transactionalId: 'tx' })
  for (const partition of [0, 1, 2]) append(partition, 'first')
  await sender.flush()
  for (const partition of [0, 1]) append(partition, 'second')
  await sender.flush()
  expect(log.requests).toEqual([['0:1'], ['1:1'], ['2:1'], ['0:1'], ['1:1']])
})

it('asks the appender to wait above its limit, and lets it go on when there is room or no hope', async () => {
  const log = new Log()
  const { sender, append } = senderTo(log, { maxBatchBytes: 20_000_000 })
  const big = 'x'.repeat(17_000_000)
  append(0, big)
  expect(sender.pending()).toBeUndefined()
  append(1, big)
  await sender.pending()
  expect(sender.pending()).toBeUndefined()
  append(0, big)
  append(1, big)
  log.answers.push(error({ type: 'INVALID_REQUIRED_ACKS', retriable: false }))
  await sender.pending()
  await expect(sender.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCE_FAILED' })
})

it('asks again whether it may send, where the process stood still in the midst of a call', async () => {
  const log = new Log()
  const clock = new ManualClock()
  const asked: number[] = []
  const permit = { forMs: 1_000, ask: () => Promise.resolve(void asked.push(clock.monotonic())) }
  const { sender, append } = senderTo(log, { permit, clock })
  log.stop = () => clock.jump(5_000)
  append(0, 'a')
  await sender.flush()
  expect(log.values.get(0)).toEqual(['a'])
  expect(asked).toEqual([0, 5_000])
})

it('sends nothing once it may not, and says why', async () => {
  const log = new Log()
  const fenced = millraceError('MILLRACE_GROUP_FENCED', { groupId: 'g', reason: 'UNKNOWN_MEMBER_ID' })
  const { sender, append } = senderTo(log, { permit: { forMs: 60_000, ask: () => Promise.reject(fenced) } })
  append(0, 'a')
  await expect(sender.flush()).rejects.toBe(fenced)
  expect(log.values.size).toBe(0)
})

it.each(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'])(
  'leaves %s to a new producer at once: kafkajs would number the records in the same way again',
  async type => {
    const log = new Log()
    const { sender, append } = senderTo(log)
    log.answers.push(error({ type, retriable: false }))
    append(0, 'a')
    await expect(sender.flush()).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_NOT_YET', kind: 'retriable' })
    expect(log.requests).toEqual([])
  },
)

it('ends its retries when it is closed', async () => {
  const log = new Log()
  const clock = new ManualClock()
  log.answers.push(unreachable, unreachable)
  const options = {
    brokers: 'b',
    clock,
    compression: 'none' as const,
    maxBatchBytes: 100,
    transactionalId: undefined,
    permit: undefined,
    suspects: new Set<string>(),
    requestTimeoutMs: 30_000,
  }
  const sender = new BatchSender({ ...options, send: log.send })
  sender.batchFor('t', 0, 50).append(50, 0, null, Buffer.from('a'), NO_HEADERS)
  const flushed = sender.flush()
  sender.close()
  await expect(flushed).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_UNAVAILABLE' })
})

it('writes timestamps so that their text sorts as their numbers, and 0 is none that kafkajs takes for "now"', () => {
  const times = [0, 9, 10, 999, 1_700_000_000_000]
  const texts = times.map(timestampText)
  expect([...texts].sort()).toEqual(texts)
  expect(texts.map(Number)).toEqual(times)
  expect(texts.every(text => Boolean(text))).toBe(true)
})

it.each([undefined, 'tx'])('takes apart what is too large as a whole, transaction %s', async transactionalId => {
  const log = new Log()
  log.refuse = values => (values.length > 3 ? 'RECORD_LIST_TOO_LARGE' : undefined)
  const { sender, append } = senderTo(log, { transactionalId })
  for (let i = 0; i < 20; i++) append(0, `v${i}`)
  const [end] = await sender.flush()
  expect(end).toMatchObject({ offset: 20 })
  expect(log.values.get(0)).toEqual(Array.from({ length: 20 }, (_, i) => `v${i}`))
})

it.each([undefined, 'tx'])('names the one record that is refused, transaction %s', async transactionalId => {
  const log = new Log()
  log.refuse = values => (values.includes('bad') ? 'INVALID_TIMESTAMP' : undefined)
  const { sender, append } = senderTo(log, { transactionalId })
  for (const value of ['a', 'b', 'bad', 'c', 'd']) append(0, value)
  const failure = await sender.flush().catch((each: unknown) => each)
  expect(failure).toMatchObject({ code: 'MILLRACE_PRODUCE_RECORD_REFUSED', kind: 'record' })
  expect(refusedRecord(failure)).toEqual({ topic: 't', partition: 0, origin: 'origin of bad' })
  await expect(sender.flush()).rejects.toBe(failure)
})

it('names the record of a transaction that is refused at once, since each batch is sent alone', async () => {
  const log = new Log()
  log.refuse = values => (values.includes('bad') ? 'MESSAGE_TOO_LARGE' : undefined)
  const { sender, append } = senderTo(log, { transactionalId: 'tx' })
  append(0, 'first')
  for (const [partition, value] of ['a', 'bad', 'c'].entries()) append(partition, value)
  expect(refusedRecord(await sender.flush().catch((each: unknown) => each))).toMatchObject({ origin: 'origin of bad' })
  expect(log.requests.every(parts => parts.length === 1)).toBe(true)
})
