import { millraceError } from '../errors/millrace-error.ts'
import { mergedPosition, type Position } from './position.ts'

/**
 * Why a partition gave no answer. The names are those of Kafka Streams' `FailureReason`:
 *
 * - `UNKNOWN_QUERY_TYPE`: a store of this kind does not know the query
 * - `NOT_ACTIVE`: this instance has the partition, but its task does not run here: it is a standby, or it is being restored
 * - `NOT_UP_TO_BOUND`: the state does not include the wanted position yet, or lags too much
 * - `NOT_PRESENT`: the partition is on another instance, or has just moved there
 * - `DOES_NOT_EXIST`: the store has no such partition
 * - `STORE_EXCEPTION`: reading the store failed
 */
export type FailureReason =
  | 'UNKNOWN_QUERY_TYPE'
  | 'NOT_ACTIVE'
  | 'NOT_UP_TO_BOUND'
  | 'NOT_PRESENT'
  | 'DOES_NOT_EXIST'
  | 'STORE_EXCEPTION'

/** The answer of one partition of a store. */
export type PartitionResult<R> = PartitionAnswer<R> | PartitionFailure

export interface PartitionAnswer<R> {
  readonly ok: true
  readonly value: R
  /** The list was cut at the limit of the query. */
  readonly more: boolean
  /** The state that was read includes at least this. */
  readonly position: Position
  readonly source: 'active' | 'standby' | 'global'
}

export interface PartitionFailure {
  readonly ok: false
  readonly reason: FailureReason
  readonly message: string
}

/** The answers of the partitions of a store. Kafka Streams' `StateQueryResult`. */
export class QueryResult<R> {
  readonly store: string
  /** By partition, in ascending order. A global store has one answer, under 0. */
  readonly partitions: ReadonlyMap<number, PartitionResult<R>>

  constructor(store: string, partitions: ReadonlyMap<number, PartitionResult<R>>) {
    this.store = store
    this.partitions = new Map([...partitions].sort(([a], [b]) => a - b))
  }

  /** Whether every partition that was asked gave an answer. */
  get complete(): boolean {
    for (const result of this.partitions.values()) if (!result.ok) return false
    return true
  }

  /** What the states that were read include. A later query can have it as its `position`, so that it sees no older state. */
  get position(): Position {
    return mergedPosition(...this.#answers().map(([, { position }]) => position))
  }

  /**
   * The values of all partitions, in the order of the partitions.
   * @throws MILLRACE_QUERY_INCOMPLETE if a partition gave no answer
   */
  values(): readonly R[] {
    for (const [partition, result] of this.partitions) if (!result.ok) throw this.#incomplete(partition, result)
    return this.#answers().map(([, { value }]) => value)
  }

  /**
   * The one value that is not undefined, as of a query of a key; undefined if no partition has one. Kafka Streams'
   * `getOnlyPartitionResult`.
   * @throws MILLRACE_QUERY_INCOMPLETE if none of the answers has a value, and a partition gave no answer; MILLRACE_QUERY_AMBIGUOUS if
   * several partitions have one
   */
  onlyValue(): R | undefined {
    const found = this.#answers().filter(([, { value }]) => value !== undefined)
    if (found.length > 1) {
      const partitions = found.map(([partition]) => partition).join(', ')
      throw millraceError('MILLRACE_QUERY_AMBIGUOUS', { store: this.store, partitions })
    }
    if (found.length === 0) this.values()
    return found[0]?.[1].value
  }

  #answers(): readonly (readonly [number, PartitionAnswer<R>])[] {
    return [...this.partitions].flatMap(([partition, result]) => (result.ok ? [[partition, result] as const] : []))
  }

  #incomplete(partition: number, { reason, message }: PartitionFailure): Error {
    return millraceError('MILLRACE_QUERY_INCOMPLETE', { store: this.store, partition, reason, message })
  }
}
