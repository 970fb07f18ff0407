import type { OwnName } from '../compare/contender-names.ts'
import { medianOf } from '../compare/statistics.ts'
import type { LoadResult } from './load.ts'
import type { MeasuredReads } from './measure.ts'

/** Medians of the rounds. */
export interface QueryRow {
  readonly contender: OwnName
  /** Requests on their way at once. */
  readonly connections: number
  /** Processed records a second. */
  readonly records: number
  /** How much slower it processes than in the same round without readers, as a share. */
  readonly slowdown: number | undefined
  readonly busy: Reads | undefined
  readonly idle: Reads | undefined
  /** Answers that cannot be, of all rounds. */
  readonly wrong: number
  readonly noisy: boolean
}

export interface Reads {
  /** A second. */
  readonly reads: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** @param alone the same contender without readers, by round */
export function rowOfReads(
  contender: OwnName,
  connections: number,
  rounds: readonly MeasuredReads[],
  alone: readonly MeasuredReads[],
): QueryRow {
  const parts = rounds.flatMap(({ busy, idle }) => [busy, idle]).filter(part => part !== undefined)
  return {
    contender,
    connections,
    records: medianOf(rounds.map(({ rate }) => rate))!,
    slowdown: connections === 0 ? undefined : medianOf(rounds.map(({ rate }, round) => 1 - rate / alone[round]!.rate)),
    busy: readsOf(rounds.map(({ busy }) => busy)),
    idle: readsOf(rounds.map(({ idle }) => idle)),
    wrong: parts.reduce((sum, { wrong }) => sum + wrong, 0),
    noisy: rounds.some(({ noise }) => noise.noisy),
  }
}

function readsOf(parts: readonly (LoadResult | undefined)[]): Reads | undefined {
  const median = (value: (part: LoadResult) => number) => medianOf(parts.map(part => part && value(part)))
  const [reads, p50, p99] = [median(part => part.reads), median(part => part.p50), median(part => part.p99)]
  return reads === undefined || p50 === undefined || p99 === undefined ? undefined : { reads, p50, p99 }
}
