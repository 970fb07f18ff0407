import type { CommittedOffset } from '@millrace/core'
import type { ReadRecord } from '../../topic-io.ts'

/** The records of a topic, as far as two runs must have the same ones. */
export type Comparable = Readonly<Record<string, unknown>>

/**
 * Of an application with one partition and without caches, every record of each key in order, but for what follows from a
 * restart in Java too, or from which of two tasks is faster:
 *
 * - a join by foreign key drops answers that come too late, so the last result counts;
 * - the stores of a join of streams number their records, from 0 after each restart;
 * - when an unmatched record is given up depends on what was looked at since the restart: by then another one may be at hand,
 *   whose headers and time it takes;
 * - what suppress logs is stamped by the wall clock.
 *
 * Otherwise (`inOrder: false`) what compaction leaves, and nothing of repartition topics, which several tasks write to.
 */
export function comparable(topic: string, records: readonly ReadRecord[], inOrder: boolean): Comparable {
  if (/^supplied$|SUBSCRIPTION-RESPONSE/.test(topic)) return lastOfKeys(records.map(withoutHeaders))
  if (topic === 'until-final-store-changelog') return lastOfKeys(records.map(untimed))
  if (/OUTERSHARED/.test(topic)) return lastOfKeys(records)
  if (/JOINTHIS|OUTEROTHER/.test(topic)) return allOfKeys(records.map(withoutNumber))
  if (topic === 'paid') return allOfKeys(records.map(record => (isUnmatched(record) ? withoutHeaders(record) : record)))
  if (inOrder) return allOfKeys(records)
  return /-repartition$|-topic$/.test(topic) ? {} : lastOfKeys(records.map(withoutHeaders))
}

/** The metadata of committed offsets, and not the offsets themselves: transactions leave marks of their own in the log. */
export function metadataOf(committed: readonly CommittedOffset[]): readonly string[] {
  const entries = committed.map(({ topic, partition, metadata }) => {
    return `${topic} ${partition} ${Buffer.from(metadata ?? '', 'base64').toString('hex')}`
  })
  return entries.sort()
}

function allOfKeys(records: readonly ReadRecord[]): Comparable {
  const keys: Record<string, unknown[]> = {}
  for (const record of records) (keys[keyOf(record)] ??= []).push(shown(record))
  return sorted(keys)
}

/** What compaction leaves in the end: the last record of each key, deletions gone. */
function lastOfKeys(records: readonly ReadRecord[]): Comparable {
  const keys: Record<string, unknown> = {}
  for (const record of records) {
    if (record.value === null) delete keys[keyOf(record)]
    else keys[keyOf(record)] = shown(record)
  }
  return sorted(keys)
}

function sorted(keys: Comparable): Comparable {
  return Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function withoutHeaders(record: ReadRecord): ReadRecord {
  return { ...record, headers: [] }
}

function untimed(record: ReadRecord): ReadRecord {
  return { ...record, timestamp: 0 }
}

function withoutNumber(record: ReadRecord): ReadRecord {
  return { ...record, key: record.key!.subarray(0, -4) }
}

function isUnmatched({ value }: ReadRecord): boolean {
  return value !== null && value.toString().endsWith('/null')
}

function keyOf({ partition, key }: ReadRecord): string {
  return `${partition} ${text(key)}`
}

/** As text, so that a difference can be read. */
function shown({ value, timestamp, headers }: ReadRecord): string {
  return [text(value), timestamp, ...headers.map(header => `${header.key}=${text(header.value)}`)].join(' ')
}

function text(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null'
  const buffer = Buffer.from(bytes)
  const printable = buffer.every(byte => byte >= 0x20 && byte < 0x7f)
  return printable ? buffer.toString('latin1') : `0x${buffer.toString('hex')}`
}
