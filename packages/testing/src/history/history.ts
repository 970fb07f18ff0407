import type { Headers } from '@millrace/core'

/** A record of a topic, with what became of it. */
export interface HistoryRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
  /** `hidden`: readers of committed records do not get it, because its transaction was aborted or has not ended. */
  readonly fate: 'committed' | 'hidden'
  /** The transaction that it belongs to, as far as it is known. */
  readonly transaction?: string
}

/** Offsets of a partition that a group has committed, in the order in which they took effect. */
export interface HistoryCommit {
  readonly topic: string
  readonly partition: number
  /** The next record to process. */
  readonly offset: number
  readonly transaction?: string
}

/** A transaction with what became of each of its parts. */
export interface HistoryTransaction {
  readonly name: string
  /** What was decided. @default not known: then its parts only have to agree */
  readonly committed?: boolean
  readonly parts: readonly TransactionPart[]
}

export interface TransactionPart {
  /** Such as `out-0, offsets 3 to 5`. */
  readonly what: string
  readonly committed: boolean
}

/** What is known of a run. What is left out is not checked. */
export interface History {
  readonly guarantee: 'exactly_once' | 'at_least_once' | 'at_most_once'
  readonly records: readonly HistoryRecord[]
  readonly commits: readonly HistoryCommit[]
  readonly transactions?: readonly HistoryTransaction[]
  /** Whether the topology was given the record. @default not known */
  readonly wasRead?: (record: HistoryRecord) => boolean
  /** Whether the record is left out, because a policy for bad records says so. @default none is */
  readonly isLeftOut?: (record: HistoryRecord) => boolean
  /** What the records of a topic come to in another one. Only topics in a link are checked for lost, doubled and disordered records. */
  readonly links?: readonly HistoryLink[]
}

/** A step of a topology, as what comes out of each record that goes in. */
export type HistoryLink = EachLink | CountLink

/** Each record of `from` comes to these records of `to`, in order. */
export interface EachLink {
  readonly kind: 'each'
  readonly from: string
  readonly to: string
  effects(record: HistoryRecord): readonly Effect[]
  /** The same of a record that has come out. */
  shown(record: HistoryRecord): Effect
}

/**
 * Each record of `from` raises the counts of some keys by one, and a record of `to` says how far a count is. A count stands for all that
 * was counted before it, as a list would, so that some may be left out (by a cache), but no last one.
 */
export interface CountLink {
  readonly kind: 'count'
  readonly from: string
  readonly to: string
  /** The keys that a record counts for, one of them as often as it counts. */
  keysOf(record: HistoryRecord): readonly string[]
  shown(record: HistoryRecord): { readonly key: string; readonly count: number }
}

/** A record that something comes to. Two of the same text cannot be told apart, so a text should hold all that is known. */
export interface Effect {
  readonly key: string
  readonly text: string
}
