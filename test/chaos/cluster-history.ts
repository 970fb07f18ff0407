import type { HistoryCommit, HistoryLink, HistoryRecord, HistoryTransaction } from '@millrace/testing'
import type { ReadRecord, TopicIo } from '../topic-io.ts'

/**
 * All records of a topic that are still there, those of aborted transactions too.
 * @param transactions whether there may be some
 */
export async function recordsOf(io: TopicIo, topic: string, transactions: boolean): Promise<readonly HistoryRecord[]> {
  const committed = await io.readAll(topic)
  if (!transactions) return committed.map(record => ({ ...record, fate: 'committed' }))
  const seen = new Set(committed.map(placeOf))
  return (await io.readAll(topic, { isolationLevel: 'read_uncommitted' })).map(record => ({
    ...record,
    fate: seen.has(placeOf(record)) ? 'committed' : 'hidden',
    ...(record.producer !== undefined && { transaction: `producer ${record.producer}` }),
  }))
}

function placeOf({ partition, offset }: ReadRecord): string {
  return `${partition}/${offset}`
}

const OFFSETS = '__consumer_offsets'

/** The offsets that a group has committed and those that it has not, as the log of its coordinator has them. */
export async function offsetsOf(
  io: TopicIo,
  groupId: string,
  transactions: boolean,
): Promise<readonly (HistoryCommit & HistoryRecord)[]> {
  return (await recordsOf(io, OFFSETS, transactions)).flatMap(record => {
    const commit = committedOffset(record, groupId)
    return commit === undefined ? [] : [{ ...record, ...commit }]
  })
}

/** Undefined for what is no offset of the group. */
export function committedOffset(
  { key, value }: Pick<HistoryRecord, 'key' | 'value'>,
  groupId: string,
): { readonly topic: string; readonly partition: number; readonly offset: number } | undefined {
  if (key === null || value === null || key.readInt16BE(0) > 1) return undefined
  const [group, afterGroup] = textAt(key, 2)
  const [topic, afterTopic] = textAt(key, afterGroup)
  if (group !== groupId) return undefined
  return { topic, partition: key.readInt32BE(afterTopic), offset: Number(value.readBigInt64BE(2)) }
}

function textAt(bytes: Buffer, at: number): readonly [text: string, end: number] {
  const end = at + 2 + bytes.readInt16BE(at)
  return [bytes.toString('utf8', at + 2, end), end]
}

/**
 * Transactions with their parts. By `transaction.version` 2 each has an epoch of its own, so that all records of a producer and an epoch are
 * one (KIP-890).
 */
export function transactionsOf(
  records: readonly (HistoryRecord & { readonly part?: string })[],
): readonly HistoryTransaction[] {
  const byName = new Map<string, Map<string, { first: number; last: number; committed: boolean }>>()
  for (const { transaction, topic, partition, offset, fate, part } of records) {
    if (transaction === undefined) continue
    const parts = byName.get(transaction) ?? new Map()
    byName.set(transaction, parts)
    const name = `${part ?? `${topic}-${partition}`} ${fate}`
    const known = parts.get(name)
    if (known === undefined) parts.set(name, { first: offset, last: offset, committed: fate === 'committed' })
    else known.last = offset
  }
  return [...byName].map(([name, parts]) => ({
    name,
    parts: [...parts].map(([part, { first, last, committed }]) => {
      return { what: `${part.replace(/ \w+$/, '')}, offsets ${first} to ${last}`, committed }
    }),
  }))
}

const textOf = (bytes: Buffer | null) => bytes?.toString() ?? 'null'

/** What the word count makes of its topics. @param whole whether the repartition topic still has all its records */
export function wordCountLinks(name: string, whole: boolean): readonly HistoryLink[] {
  const [lines, repartition] = [`${name}-lines`, `${name}-counts-repartition`]
  const wordsOf = ({ value }: HistoryRecord) => textOf(value).split(' ')
  const counted = (from: string, to: string, keysOf: (record: HistoryRecord) => readonly string[]): HistoryLink => ({
    kind: 'count',
    from,
    to,
    keysOf,
    shown: ({ key, value }) => ({
      key: textOf(key),
      count: value === null ? Number.NaN : Number(value.readBigInt64BE()),
    }),
  })
  const results = [`${name}-counts`, `${name}-counts-changelog`]
  if (!whole) return results.map(to => counted(lines, to, wordsOf))
  return [
    {
      kind: 'each',
      from: lines,
      to: repartition,
      effects: record => wordsOf(record).map(word => ({ key: word, text: `${word} ${record.timestamp}` })),
      shown: ({ key, value, timestamp }) => ({ key: textOf(key), text: `${textOf(value)} ${timestamp}` }),
    },
    ...results.map(to => counted(repartition, to, ({ key }) => [textOf(key)])),
  ]
}
