import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { systemClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { type DeadLetter, deadLetterOf, resendDeadLetters } from './dead-letters.ts'
import { endsOfTopic, readStored, type StoredRecord } from './stored-records.ts'

const header = (key: string, value: string) => ({ key, value: Buffer.from(value) })
const about = (name: string, value: string) => header(`__streams.errors.${name}`, value)

const record: StoredRecord = {
  topic: 'dead',
  partition: 0,
  offset: 4,
  timestamp: 50,
  key: Buffer.from('k'),
  value: null,
  headers: [
    header('own', 'x'),
    about('exception', 'RangeError'),
    about('message', 'too much'),
    about('topic', 'orders'),
    about('partition', '1'),
    about('offset', '7'),
    about('node', 'MAP'),
    about('task', '0_1'),
  ],
}

const letter: DeadLetter = deadLetterOf(record)

function client() {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'orders', partitions: 2 })
  return memoryClient(cluster)({ clientId: 'test', clock: systemClock, logger: silentLogger })
}

it('reads what the headers say of the failure, and leaves those of the record', () => {
  expect(letter).toMatchObject({ exception: 'RangeError', message: 'too much', node: 'MAP', task: '0_1' })
  expect(letter.origin).toEqual({ topic: 'orders', partition: 1, offset: 7 })
  expect(letter.headers).toEqual([header('own', 'x')])
  expect(deadLetterOf({ ...record, headers: [] })).toMatchObject({ origin: undefined, exception: '', timestamp: 50 })
  const refusedTime = { ...record, headers: [...record.headers, about('timestamp', '9')] }
  expect(deadLetterOf(refusedTime).timestamp).toBe(9)
})

it('sends a record back as it was, to the partition that it came from', async () => {
  const kafka = client()
  expect(await resendDeadLetters(kafka, [letter])).toBe(1)
  const sent: StoredRecord[] = []
  for await (const each of readStored(kafka, await endsOfTopic(kafka.admin(), 'orders'))) sent.push(each)
  expect(sent).toEqual([
    {
      topic: 'orders',
      partition: 1,
      offset: 0,
      timestamp: 50,
      key: Buffer.from('k'),
      value: null,
      headers: [header('own', 'x'), header('millrace.resent', 'dead/0/4')],
    },
  ])
  expect(deadLetterOf({ ...record, headers: [...record.headers, ...sent[0]!.headers] }).resent).toBe(true)
  await kafka.close()
})

it('sends nothing if one of the letters cannot be sent', async () => {
  const kafka = client()
  for (const [bad, code] of [
    [{ ...letter, cut: 'value: 10 of 20 bytes' }, 'MILLRACE_DEAD_LETTER_UNSENDABLE'],
    [{ ...letter, origin: undefined }, 'MILLRACE_DEAD_LETTER_UNSENDABLE'],
    [{ ...letter, origin: { topic: 'gone', partition: 0, offset: 0 } }, 'MILLRACE_TOPIC_MISSING'],
    [{ ...letter, origin: { topic: 'orders', partition: 2, offset: 0 } }, 'MILLRACE_TOPIC_MISSING'],
  ] as const)
    await expect(resendDeadLetters(kafka, [letter, bad])).rejects.toMatchObject({ code })
  expect((await endsOfTopic(kafka.admin(), 'orders')).map(({ to }) => to)).toEqual([0, 0])
  await expect(endsOfTopic(kafka.admin(), 'gone')).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
  await kafka.close()
})
