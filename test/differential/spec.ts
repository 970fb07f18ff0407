import type { AggregationSteps } from './steps/aggregation-steps.ts'
import type { JoinSteps } from './steps/join-steps.ts'
import type { ProcessorSteps } from './steps/processor-steps.ts'
import type { SourceSteps } from './steps/source-steps.ts'
import type { StreamSteps } from './steps/stream-steps.ts'
import type { TableSteps } from './steps/table-steps.ts'

/**
 * A topology as data, for two interpreters: `interpreter.ts` builds it with Millrace's DSL, `java/` with Kafka Streams'.
 * Steps are carried out in their order, which decides the numbers in generated names. Each gives its result an `id`, and
 * takes those of earlier steps.
 *
 * Topics hold strings. Counts are longs, windowed keys are written as Kafka Streams writes them, and every other function
 * gives strings again.
 *
 * A group of operators is a file in each of `steps/`, `interpret/`, `generate/` and of the Java side.
 */
export type TopologySpec = readonly Step[]

export type Step = SourceSteps | StreamSteps | AggregationSteps | JoinSteps | TableSteps | ProcessorSteps

export type Op = Step['op']

/** The step of an operator. */
export type StepOf<O extends Op, S = Step> = S extends { readonly op: infer Ops } ? (O extends Ops ? S : never) : never

/** Identifies the result of a step: a stream, a table, a grouped or a windowed stream. */
export type StepId = string

/** Node name as the user of the DSL would give it. */
export interface Named {
  readonly name?: string
}

export interface Result {
  readonly id: StepId
}

/** Of a stream or a table, whichever `from` is. */
export interface From {
  readonly from: StepId
}

/**
 * A store as the user asks for it. `{}` differs from leaving it out, as `Materialized.with(…)` differs from no
 * `Materialized`: it gives the serdes, and may spend a number.
 */
export interface StoreSpec {
  readonly name?: string
  readonly caching?: boolean
  readonly logging?: boolean
  /** Of window and session stores only. */
  readonly retentionMs?: number
  /** Makes the store a versioned one, which must have a name. Not of windows. */
  readonly historyRetentionMs?: number
  /** Keeps only the entries used last, in a store that must have a name and no `type`. Not of windows. */
  readonly maxEntries?: number
  /** @default that of the run */
  readonly type?: 'memory' | 'persistent'
}

export interface Stored {
  readonly store?: StoreSpec
}
