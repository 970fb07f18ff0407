import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type KafkaClient, NO_HEADERS, systemClock } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { digestOutput } from './outputs.ts'

type Written = readonly [key: string, value: string | null, timestamp: number, partition?: number]

const client: KafkaClient = memoryClient(new MemoryCluster({ clock: systemClock }))({
  clientId: 'test',
  clock: systemClock,
  logger: silentLogger,
})
let topics = 0

afterAll(() => client.close())

async function topicOf(records: readonly Written[]): Promise<string> {
  const name = `topic-${++topics}`
  await client.admin().createTopics([{ name, partitions: 2 }])
  const producer = client.producer({})
  await producer.init()
  const appender = producer.topic(name)
  for (const [key, value, timestamp, partition = 0] of records) {
    const k = Buffer.from(key)
    const v = Buffer.from(value ?? '')
    appender.append(partition, timestamp, k, 0, k.length, v, value === null ? -1 : 0, v.length, NO_HEADERS)
  }
  await producer.flush()
  await producer.close()
  return name
}

const RECORDS: readonly Written[] = [
  ['ada', '1', 10],
  ['bob', '1', 11],
  ['ada', '2', 12],
  ['eve', '1', 13, 1],
]

describe('digestOutput', () => {
  it.each([
    ['each', 'the same records', RECORDS, true],
    ['each', 'keys that come in another order', [RECORDS[1]!, RECORDS[0]!, RECORDS[2]!, RECORDS[3]!], true],
    ['each', 'one key in another order', [RECORDS[2]!, RECORDS[1]!, RECORDS[0]!, RECORDS[3]!], false],
    ['each', 'a record twice', [...RECORDS, RECORDS[3]!], false],
    ['each', 'a record less', RECORDS.slice(1), false],
    ['each', 'another time', [...RECORDS.slice(0, 3), ['eve', '1', 14, 1]], false],
    ['each', 'another partition', [...RECORDS.slice(0, 3), ['eve', '1', 13]], false],
    ['any-order', 'one key in another order', [RECORDS[2]!, RECORDS[1]!, RECORDS[0]!, RECORDS[3]!], true],
    ['any-order', 'a record twice', [...RECORDS, RECORDS[3]!], false],
    ['any-order', 'another value', [...RECORDS.slice(0, 3), ['eve', '2', 13, 1]], false],
    ['last', 'updates that a cache has left out', RECORDS.slice(1), true],
    ['last', 'another last value', [...RECORDS, ['bob', '2', 20]], false],
    ['last', 'a deletion of what was never there', [...RECORDS, ['kim', null, 20]], true],
    ['last', 'a deletion', [...RECORDS, ['bob', null, 20]], false],
    ['last', 'another time', [...RECORDS, ['bob', '1', 20]], false],
    ['last-value', 'another time', [...RECORDS, ['bob', '1', 20]], true],
    ['last-value', 'another last value', [...RECORDS, ['bob', '2', 20]], false],
  ] as const)('compares %s: %s', async (compare, _, other, equal) => {
    const [one, two] = await Promise.all([topicOf(RECORDS), topicOf(other as readonly Written[])])
    const [first, second] = [await digestOutput(client, one, compare), await digestOutput(client, two, compare)]
    expect(first.digest === second.digest).toBe(equal)
  })

  it.each([
    ['each', 'another time', [...RECORDS.slice(0, 3), ['eve', '1', 14, 1]], true],
    ['each', 'another partition', [...RECORDS.slice(0, 3), ['eve', '1', 13]], true],
    ['each', 'another value', [...RECORDS.slice(0, 3), ['eve', '2', 13, 1]], false],
    ['each', 'one key in another order', [RECORDS[2]!, RECORDS[1]!, RECORDS[0]!, RECORDS[3]!], false],
    ['any-order', 'another partition', [...RECORDS.slice(0, 3), ['eve', '1', 13]], true],
    ['last', 'another time', [...RECORDS, ['bob', '1', 20]], true],
    ['last', 'another last value', [...RECORDS, ['bob', '2', 20]], false],
    ['last', 'another key', [...RECORDS.slice(0, 3), ['kim', '1', 13, 1]], false],
  ] as const)('compares keys and values of %s: %s', async (compare, _, other, equal) => {
    const [one, two] = await Promise.all([topicOf(RECORDS), topicOf(other as readonly Written[])])
    const [first, second] = [await digestOutput(client, one, compare), await digestOutput(client, two, compare)]
    expect(first.values === second.values).toBe(equal)
  })
})
