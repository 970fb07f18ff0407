import { fileURLToPath } from 'node:url'
import type { Described } from './described-value.ts'
import { type Judge, startJudge } from './start-judge.ts'

/** What Java's Avro is asked. */
export interface SchemaCase {
  readonly writer: string
  readonly reader: string
  readonly data: readonly Described[]
}

export interface Verdict {
  readonly writer: ParsedVerdict
  readonly reader: ParsedVerdict
  /** As `KIND path message`; missing if a schema was refused or `comparisonFailed`. */
  readonly incompatibilities?: readonly string[]
  readonly comparisonFailed?: string
  readonly results?: readonly RoundTrip[]
}

export type ParsedVerdict = { readonly text: string } | { readonly refused: string }

export interface RoundTrip {
  /** In base64. */
  readonly written?: string
  readonly writeRefused?: string
  readonly value?: Described
  readonly refused?: string
}

export type AvroJudge = Judge<SchemaCase, Verdict>

/** Java's Avro in a JVM beside this process. */
export function startAvroJudge(): Promise<AvroJudge> {
  const sources = fileURLToPath(new URL('./java/', import.meta.url))
  return startJudge({ sources, cache: 'millrace-avro-judge', main: 'millrace.schemas.Judge' })
}
