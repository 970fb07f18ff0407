import type { Plan } from '@millrace/core'
import { toJsonForm } from '@millrace/query-client'
import {
  type DeadLetter,
  deadLetterOf,
  decodedPart,
  endsOfTopic,
  readStored,
  serdesOfTopic,
  type StoredRecord,
} from '@millrace/runtime'
import type { KafkaClient } from '@millrace/core'
import type { LetterAnswer, LettersAnswer, PartAnswer, RecordAnswer, RecordsAnswer } from './answers.ts'

export interface RecordsRequest {
  readonly topic: string
  /** @default all partitions */
  readonly partition: number | undefined
  /** The highest offsets come first; only those below this one. @default the end */
  readonly before: number | undefined
  readonly limit: number
  readonly signal: AbortSignal
}

interface Known {
  readonly client: KafkaClient
  readonly plan: Plan
  readonly applicationId: string
}

/** The latest records of a topic, newest first. */
export async function latestRecords(known: Known, request: RecordsRequest): Promise<RecordsAnswer> {
  const { topic, limit } = request
  const records = (await latest(known.client, request)).slice(0, limit)
  return { records: await Promise.all(records.map(record => shown(known, record, topic))) }
}

async function latest(client: KafkaClient, request: RecordsRequest): Promise<readonly StoredRecord[]> {
  const { topic, partition, before = Number.POSITIVE_INFINITY, limit, signal } = request
  const ends = (await endsOfTopic(client.admin(), topic)).filter(
    range => partition === undefined || range.partition === partition,
  )
  const records: StoredRecord[] = []
  const ranges = ends.map(range => {
    const to = Math.min(range.to, before)
    // The marks of transactions take offsets too.
    return { ...range, from: Math.max(range.from, to - 2 * limit), to }
  })
  for await (const record of readStored(client, ranges, { signal })) records.push(record)
  return records.sort((a, b) => b.timestamp - a.timestamp || b.offset - a.offset)
}

/** The latest dead letters, newest first. */
export async function latestLetters(known: Known, request: RecordsRequest): Promise<LettersAnswer> {
  const { topic, limit } = request
  const ends = await endsOfTopic(known.client.admin(), topic)
  const total = ends.reduce((sum, { from, to }) => sum + to - from, 0)
  const records = (await latest(known.client, request)).slice(0, limit)
  const letters = await Promise.all(
    records.map(async (record): Promise<LetterAnswer> => {
      const letter = deadLetterOf(record)
      const { exception, message, stack, node, task, resent, origin, cut } = letter
      // Its key and value are of the topic that it came from.
      const bytes = { ...record, headers: letter.headers, timestamp: letter.timestamp }
      return {
        ...(await shown(known, bytes, origin?.topic ?? topic)),
        exception,
        message,
        stack,
        node,
        task,
        resent,
        ...(origin !== undefined && { origin }),
        ...(cut !== undefined && { cut }),
      }
    }),
  )
  return { topic, total, letters }
}

/** The letters at these places. What is no longer there is left out. */
export async function lettersAt(
  client: KafkaClient,
  topic: string,
  places: readonly { readonly partition: number; readonly offset: number }[],
  signal: AbortSignal,
): Promise<readonly DeadLetter[]> {
  const wanted = new Set(places.map(({ partition, offset }) => `${partition}/${offset}`))
  const ends = await endsOfTopic(client.admin(), topic)
  const ranges = ends.flatMap(range => {
    const offsets = places.filter(({ partition }) => partition === range.partition).map(({ offset }) => offset)
    if (offsets.length === 0) return []
    const [from, to] = [Math.max(range.from, Math.min(...offsets)), Math.min(range.to, Math.max(...offsets) + 1)]
    return [{ ...range, from, to }]
  })
  const letters: DeadLetter[] = []
  for await (const record of readStored(client, ranges, { signal }))
    if (wanted.has(`${record.partition}/${record.offset}`)) letters.push(deadLetterOf(record))
  return letters
}

async function shown({ plan, applicationId }: Known, record: StoredRecord, topic: string): Promise<RecordAnswer> {
  const serdes = serdesOfTopic(plan, applicationId, topic)
  const { partition, offset, timestamp, headers } = record
  const part = async (side: 'key' | 'value'): Promise<PartAnswer> => {
    const bytes = record[side]
    const base64 = bytes === null ? null : bytes.toString('base64')
    if (bytes === null || serdes === undefined) return { form: textOf(bytes), base64 }
    const decoded = await decodedPart(serdes[side], bytes, topic, headers)
    if ('failure' in decoded) return { form: textOf(bytes), failure: decoded.failure, base64 }
    return { form: toJsonForm(decoded.value), base64 }
  }
  const [key, value] = await Promise.all([part('key'), part('value')])
  const texts = headers.map(header => ({ key: header.key, value: header.value?.toString() ?? null }))
  return { partition, offset, timestamp, key, value, headers: texts }
}

function textOf(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString()
}
