import type { Headers } from '../record/headers.ts'

/** The record at hand, as a tracer sees it. What it sets as `headers` is what a sink writes. */
export interface TracedRecord {
  /** Null where the record comes from no topic, for example from a punctuation. */
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  headers: Headers
}

/** Follows records through a topology. `@millrace/opentelemetry` has one. */
export interface RecordTracer {
  /** Returns what follows the records of one task. */
  task(task: { readonly applicationId: string; readonly taskId: string }): TaskTracer
}

/** Each function calls `run` once and returns what it returns, or throws what it throws. In a task records come one after another. */
export interface TaskTracer {
  /** A source passes a record on. */
  source<R>(node: string, record: TracedRecord, run: () => R): R
  /** A processor works on the record at hand. */
  processor<R>(node: string, record: TracedRecord, run: () => R): R
  /** A sink writes the record at hand. */
  sink<R>(node: string, record: TracedRecord, run: () => R): R
  /** An operator calls a store. `key` is the first argument of the call, if it has one. */
  store<R>(store: string, operation: string, key: unknown, run: () => R): R
}
