import type { CommittedOffset } from '@millrace/core'
import type { ReadRecord } from '../../topic-io.ts'

/** The records of a topic, as far as two runs must have the same ones. */
export type Comparable = Readonly<Record<string, unknown>>

const NOTHING_IN_COMMON: Comparable = {}

/** What decides how much of the order of records is right. */
export interface Order {
  /** With several, tasks write to one repartition topic in no fixed order. */
  readonly partitions: number
  /** Which updates a cache leaves out depends on when it is flushed. */
  readonly caching: boolean
  /**
   * Whether Kafka Streams has restored state. Where records wait for a versioned table it looks for their time at the wrong end
   * of their key then (4.3.1): it loses those that wait, and lets none wait any longer.
   */
  readonly javaRestores: boolean
}

/**
 * Every record of each key in order, but for what follows from a restart in Java too, or from which of two tasks is faster:
 *
 * - a join by foreign key drops answers that come too late, so the last result counts;
 * - the stores of a join of streams number their records, from 0 after each restart;
 * - when an unmatched record is given up depends on what was looked at since the restart: by then another one may be at hand,
 *   whose headers and time it takes;
 * - what suppress logs, and what waits for a versioned table, is stamped by the wall clock, the latter numbered too.
 */
export function comparable(topic: string, records: readonly ReadRecord[], order: Order): Comparable {
  if (order.javaRestores && /^rated(-Buffer-changelog)?$/.test(topic)) return NOTHING_IN_COMMON
  if (order.caching) return cached(topic, records, order.partitions > 1)
  if (order.partitions > 1 && behindSeveralTasks(topic)) return mixed(topic, records)
  if (/^supplied$|SUBSCRIPTION-RESPONSE/.test(topic)) return lastOfKeys(records.map(withoutHeaders))
  if (/^until-final-.*changelog/.test(topic)) return lastOfKeys(records.map(untimed))
  if (/OUTERSHARED/.test(topic)) return lastOfKeys(records)
  if (/JOINTHIS|OUTEROTHER/.test(topic)) return allOfKeys(records.map(withoutNumber))
  if (topic === 'rated-Buffer-changelog') return allOfKeys(records.map(withoutNumber).map(untimed))
  if (topic === 'paid') return allOfKeys(records.map(record => (isUnmatched(record) ? withoutHeaders(record) : record)))
  return allOfKeys(records)
}

function behindSeveralTasks(topic: string): boolean {
  return /-repartition$|-topic$|^page-windows$|^clicks-per-page-|^stock|^supplied$/.test(topic)
}

/** Each key has records of several tasks: all of them where nothing depends on their order, otherwise what is left in the end. */
function mixed(topic: string, records: readonly ReadRecord[]): Comparable {
  if (/SUBSCRIPTION-RESPONSE/.test(topic)) return NOTHING_IN_COMMON
  if (/-repartition$|-topic$/.test(topic)) return anyOrder(allOfKeys(records))
  return lastOfKeys(records.map(withoutHeaders))
}

/** What is left in the end, without what tells of updates that a cache has left out or let through. */
function cached(topic: string, records: readonly ReadRecord[], several: boolean): Comparable {
  // No cache comes before these.
  if (topic === 'by-page-repartition') return several ? mixed(topic, records) : allOfKeys(records)
  if (topic === 'paid' || /JOINTHIS|OUTEROTHER|OUTERSHARED|^rate/.test(topic)) {
    return comparable(topic, records, { partitions: 1, caching: false, javaRestores: true })
  }
  if (/-repartition$|-topic$/.test(topic)) return NOTHING_IN_COMMON
  if (/^stock|^supplied$/.test(topic)) return lastOfKeys(records.map(withoutHeaders).map(untimed))
  if (/^until-final-.*changelog/.test(topic)) return lastOfKeys(records.map(untimed).map(withoutOldValue))
  if (/SUBSCRIPTION-STATE/.test(topic)) return lastOfKeys(records.map(withoutInstruction))
  return lastOfKeys(several && behindSeveralTasks(topic) ? records.map(withoutHeaders) : records)
}

/** The metadata of committed offsets, and not the offsets themselves: transactions leave marks of their own in the log. */
export function metadataOf(committed: readonly CommittedOffset[]): readonly string[] {
  const entries = committed.map(({ topic, partition, metadata }) => {
    return `${topic} ${partition} ${Buffer.from(metadata ?? '', 'base64').toString('hex')}`
  })
  return entries.sort()
}

function allOfKeys(records: readonly ReadRecord[]): Readonly<Record<string, readonly string[]>> {
  const keys: Record<string, string[]> = {}
  for (const record of records) (keys[keyOf(record)] ??= []).push(shown(record))
  return sorted(keys)
}

/** What compaction leaves in the end: the last record of each key, deletions gone. */
function lastOfKeys(records: readonly ReadRecord[]): Comparable {
  const keys: Record<string, string> = {}
  for (const record of records) {
    if (record.value === null) delete keys[keyOf(record)]
    else keys[keyOf(record)] = shown(record)
  }
  return sorted(keys)
}

function anyOrder(keys: Readonly<Record<string, readonly string[]>>): Comparable {
  return Object.fromEntries(Object.entries(keys).map(([key, records]) => [key, [...records].sort()]))
}

function sorted<T>(keys: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
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

/** Of a count that is held back, its length, itself and its time: what came before it is what the cache had let through. */
function withoutOldValue(record: ReadRecord): ReadRecord {
  return record.value === null ? record : { ...record, value: record.value.subarray(-(4 + 8 + 8)) }
}

/** Whether the row's foreign key is new (KIP-213: the second byte) depends on the last one that came out of the cache. */
function withoutInstruction(record: ReadRecord): ReadRecord {
  if (record.value === null) return record
  return { ...record, value: Buffer.concat([record.value.subarray(0, 1), record.value.subarray(2)]) }
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
