import { type Headers, type KafkaClient, millraceError, type TopicPartition } from '@millrace/core'
import { CUT_HEADER } from '../policy/cut-letter.ts'
import type { StoredRecord } from './stored-records.ts'

/** A record of a dead-letter topic, and what its headers say of the failure (KIP-1034). */
export interface DeadLetter {
  /** Where the letter is. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Of the record, in milliseconds since the epoch. */
  readonly timestamp: number
  /** A code such as `MILLRACE_SERDE_DECODE`, or the name of what was thrown. */
  readonly exception: string
  readonly message: string
  readonly stack: string
  readonly node: string
  readonly task: string
  /** Where the record came from; undefined if it came from no topic, as from a punctuation. */
  readonly origin: (TopicPartition & { readonly offset: number }) | undefined
  /** What is missing of a record that was too large for a letter. */
  readonly cut: string | undefined
  /** Whether it was sent back before, and has failed again. */
  readonly resent: boolean
  /** The record as it was. */
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

const PREFIX = '__streams.errors.'
/** On records that are sent back: `topic/partition/offset` of the letter. */
const RESENT_HEADER = 'millrace.resent'
const NO_BYTES = Buffer.alloc(0)

/** Reads a record of a dead-letter topic, of Millrace or of Kafka Streams. */
export function deadLetterOf(record: StoredRecord): DeadLetter {
  const { topic, partition, offset, timestamp, key, value } = record
  const about = (name: string) => record.headers.find(header => header.key === `${PREFIX}${name}`)?.value?.toString()
  const [from, fromPartition, fromOffset] = [about('topic') ?? '', about('partition'), about('offset')]
  return {
    topic,
    partition,
    offset,
    // A broker that refused the record's own time would have refused the letter, too.
    timestamp: Number(about('timestamp') ?? timestamp),
    exception: about('exception') ?? '',
    message: about('message') ?? '',
    stack: about('stacktrace') ?? '',
    node: about('node') ?? '',
    task: about('task') ?? '',
    origin:
      from === '' || fromPartition === undefined
        ? undefined
        : { topic: from, partition: Number(fromPartition), offset: Number(fromOffset ?? -1) },
    cut: record.headers.find(header => header.key === CUT_HEADER)?.value?.toString(),
    resent: record.headers.some(header => header.key === RESENT_HEADER),
    key,
    value,
    headers: record.headers.filter(header => !header.key.startsWith(PREFIX)),
  }
}

/**
 * Writes the records of dead letters to the partitions that they came from, with their bytes, headers and timestamps, and the header
 * `millrace.resent`. The letters stay in their topic. Nothing is written if one of them cannot be sent.
 *
 * @returns how many were written
 * @throws MILLRACE_DEAD_LETTER_UNSENDABLE, MILLRACE_TOPIC_MISSING
 */
export async function resendDeadLetters(client: KafkaClient, letters: readonly DeadLetter[]): Promise<number> {
  for (const letter of letters) {
    const reason =
      letter.origin === undefined
        ? 'it names no topic that the record came from'
        : letter.cut === undefined
          ? undefined
          : `it is not whole (${letter.cut.replaceAll('\n', ', ')})`
    if (reason !== undefined) {
      const { topic, partition, offset } = letter
      throw millraceError('MILLRACE_DEAD_LETTER_UNSENDABLE', { letter: `${topic}/${partition}/${offset}`, reason })
    }
  }
  await checkPartitions(client, letters)
  const producer = client.producer({})
  try {
    await producer.init()
    for (const letter of letters) {
      const { origin, key, value } = letter
      const mark = Buffer.from(`${letter.topic}/${letter.partition}/${letter.offset}`)
      const kept = letter.headers.filter(header => header.key !== RESENT_HEADER)
      producer
        .topic(origin!.topic)
        .append(origin!.partition, letter.timestamp, ...bytesOf(key), ...bytesOf(value), [
          ...kept,
          { key: RESENT_HEADER, value: mark },
        ])
      const full = producer.pending()
      if (full !== undefined) await full
    }
    await producer.flush()
    return letters.length
  } finally {
    await producer.close()
  }
}

async function checkPartitions(client: KafkaClient, letters: readonly DeadLetter[]): Promise<void> {
  const topics = [...new Set(letters.map(({ origin }) => origin!.topic))]
  const described = new Map(
    (await client.admin().describeTopics(topics)).map(({ name, partitions }) => [name, partitions]),
  )
  for (const { origin } of letters)
    if (origin!.partition >= (described.get(origin!.topic) ?? 0))
      throw millraceError('MILLRACE_TOPIC_MISSING', { topic: origin!.topic })
}

function bytesOf(part: Buffer | null): readonly [bytes: Buffer, start: number, end: number] {
  return part === null ? [NO_BYTES, -1, -1] : [part, 0, part.length]
}
