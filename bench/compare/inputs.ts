import {
  crc32c,
  type KafkaClient,
  NO_HEADERS,
  partitionForKey,
  seededRandom,
  type TopicAppender,
  type TopicPartition,
} from '@millrace/core'

/** The content of an input topic: the same bytes in each run. */
export interface InputSpec {
  /** Part of the name of the topic. Two workloads with the same id and number of records share the topic. */
  readonly id: string
  readonly records: number
  /** @default 4 */
  readonly partitions?: number
  /** Gives record `index` of `records`. `draw(n)` is a random whole number below n. */
  record(index: number, draw: (below: number) => number, records: number): InputRecord
}

export interface InputRecord {
  readonly key: string
  readonly value: string | Buffer
  /** Milliseconds after the first record. @default index */
  readonly at?: number
}

export const FIRST_TIMESTAMP = 1_700_000_000_000
export const PARTITIONS = 4

/** Page views of about 100 bytes, keys evenly spread, one for each millisecond. */
export function pageViews(options: {
  readonly records: number
  readonly keys: number
  readonly id?: string
}): InputSpec {
  const { records, keys, id = 'views' } = options
  return {
    id: `${id}-${keys}`,
    records,
    record(_, draw) {
      const user = `user-${draw(keys)}`
      const value = `{"user":"${user}","page":"page-${draw(1000)}","ms":${draw(5000)},"ref":"campaign-${draw(50)}"}`
      return { key: user, value }
    },
  }
}

/** The records of an input, in order. */
export function* recordsOf(input: InputSpec, records: number): Generator<InputRecord, void, void> {
  const random = seededRandom(crc32c(Buffer.from(input.id), 0, input.id.length))
  const draw = (below: number) => Math.floor(random() * below)
  for (let index = 0; index < records; index++) yield input.record(index, draw, records)
}

/** Creates the topic and writes the records, each to the partition that Kafka's default partitioner gives its key. */
export async function writeInput(client: KafkaClient, topic: string, input: InputSpec, records: number): Promise<void> {
  const partitions = input.partitions ?? PARTITIONS
  await client.admin().createTopics([{ name: topic, partitions }])
  const producer = client.producer({})
  try {
    await producer.init()
    const appender = producer.topic(topic)
    let index = 0
    for (const { key, value, at = index } of recordsOf(input, records)) {
      append(appender, key, value, FIRST_TIMESTAMP + at, partitions)
      if (index++ % 256 === 0) await producer.pending()
    }
    await producer.flush()
  } finally {
    await producer.close()
  }
}

function append(
  appender: TopicAppender,
  key: string,
  value: string | Buffer,
  timestamp: number,
  partitions: number,
): void {
  const k = Buffer.from(key)
  const v = typeof value === 'string' ? Buffer.from(value) : value
  const partition = partitionForKey(k, 0, k.length, partitions)
  appender.append(partition, timestamp, k, 0, k.length, v, 0, v.length, NO_HEADERS)
}

export function partitionsOf(topic: string, partitions: number): readonly TopicPartition[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
}
