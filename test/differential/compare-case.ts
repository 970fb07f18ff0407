import type { Optimization, Plan } from '@millrace/core'
import { compareDescribe, type Described, javaOptimization } from './compare-describe.ts'
import { compareRuns } from './compare-run.ts'
import { downstream } from './downstream.ts'
import { readersOfExpiredWindows, withoutExpiredWindows } from './expired-windows.ts'
import { interpret } from './interpreter.ts'
import { JavaFailed, type JavaPeer, type RunInput, type RunResult } from './java-peer.ts'
import { knownFailure } from './known-differences.ts'
import { withoutPatternOffsets } from './pattern-offsets.ts'
import { sameReason } from './refusals.ts'
import { MillraceFailed, runMillrace } from './run-millrace.ts'
import type { TopologySpec } from './spec.ts'
import { tiedCogroups, tiedJoins, tiedUses } from './tied-joins.ts'
import { sharedStreamTime } from './uncompared.ts'
import { filtersOfWindowedCogroups } from './windowed-cogroups.ts'

/** One topology with what goes into it. */
export interface Case {
  readonly topology: TopologySpec
  readonly inputs: readonly RunInput[]
  /** Record caches as planned, or none. */
  readonly caching: boolean
  readonly optimization: readonly Optimization[]
  /** @default false */
  readonly repartitionAfterProcess?: boolean
  /** What Kafka Streams keeps stores in that do not say so themselves. @default 'persistent' */
  readonly stores?: 'memory' | 'persistent'
  /** @default 'each' */
  readonly commits?: 'each' | 'asked'
  /** @default 0 */
  readonly emitIntervalMs?: number
  /** Millrace keeps its stores in RocksDB. @default false: in memory */
  readonly rocksdb?: boolean
}

/**
 * `same`: descriptions, records and stores agree. `same, ties left out`: they do, but for what is below a tied join.
 * `both refuse` to build the topology or to start it, and `both fail` on the same input, for the same reason; all that comes
 * before that input agrees.
 */
export type Verdict = 'same' | 'same, ties left out' | 'both refuse' | 'both fail' | 'known difference' | 'different'

export interface CaseComparison {
  readonly verdict: Verdict
  /** What differs, for a reader; empty unless something does. */
  readonly differences: readonly string[]
}

/** Builds and runs a case on both sides and compares all that can be seen of it. */
export async function compareCase(whole: Case, java: JavaPeer): Promise<CaseComparison> {
  const { topology, optimization, repartitionAfterProcess = false } = whole
  const described = await compareDescribe(topology, java, { optimization, repartitionAfterProcess })
  if (described.verdict === 'different') return { verdict: 'different', differences: describedAs(described) }
  if (described.verdict !== 'same') return { verdict: described.verdict, differences: [] }
  return compareRunsOf(whole, java, interpret(topology, { optimization, repartitionAfterProcess }))
}

async function compareRunsOf(whole: Case, java: JavaPeer, plan: Plan): Promise<CaseComparison> {
  const { topology, inputs, caching, optimization, repartitionAfterProcess = false, stores = 'persistent' } = whole
  const { commits = 'each', emitIntervalMs = 0, rocksdb = false } = whole
  const built = { caching, repartitionAfterProcess, commits, emitIntervalMs }
  const theirs = await attempt(() =>
    java.run(topology, inputs, { ...built, stores, ...javaOptimization(optimization) }),
  )
  const ours = await attempt(() => runMillrace(topology, inputs, { ...built, optimization, rocksdb }))
  if ('failure' in theirs && knownFailure(theirs.failure)) return { verdict: 'known difference', differences: [] }
  const depends = [
    ...tiedJoins(plan),
    ...tiedUses(plan),
    ...tiedCogroups(plan),
    ...sharedStreamTime(topology, plan),
    ...readersOfExpiredWindows(plan, inputs, caching),
    ...filtersOfWindowedCogroups(plan),
  ]
  if ('failure' in ours && 'failure' in theirs && ours.at === theirs.at && sameReason(ours.failure, theirs.failure)) {
    if (ours.at === undefined) return { verdict: 'both refuse', differences: [] }
    if (inputs.length === 0) return { verdict: 'both fail', differences: [] }
    const end = ours.at < inputs.length ? ours.at : beforeLastCommit(inputs, commits)
    const before = await compareRunsOf({ ...whole, inputs: inputs.slice(0, end) }, java, plan)
    return before.verdict === 'same' ? { ...before, verdict: 'both fail' } : before
  }
  if ('failure' in ours || 'failure' in theirs) {
    if (depends.length > 0 && neverRefused(ours) && neverRefused(theirs))
      return { verdict: 'same, ties left out', differences: [] }
    return { verdict: 'different', differences: [`Millrace ${ended(ours)}`, `Kafka Streams ${ended(theirs)}`] }
  }
  const compared = (result: RunResult): RunResult =>
    withoutExpiredWindows(withoutPatternOffsets(withoutWallClockTimes(result, plan), plan, topology), plan, inputs)
  const differences = compareRuns(compared(theirs.result), compared(ours.result), loggedInHashOrder(plan))
  if (differences.length === 0) return { verdict: 'same', differences: [] }
  const { topics, stores: keptStores } = downstream(plan, depends)
  const certain = differences.filter(({ what, name }) => !(what === 'topic' ? topics : keptStores).has(name))
  if (certain.length === 0) return { verdict: 'same, ties left out', differences: [] }
  return { verdict: 'different', differences: certain.map(({ shown }) => shown) }
}

/**
 * How many inputs are left of a run that fails on the commit at its end. Every run commits at its end: with the same inputs it
 * would fail there again.
 */
function beforeLastCommit(inputs: readonly RunInput[], commits: 'each' | 'asked'): number {
  if (commits === 'each') return inputs.length - 1
  return Math.max(
    0,
    inputs.findLastIndex(input => 'commit' in input),
  )
}

/** Changelogs of `suppress` and of joins with grace: Java writes the keys that changed as they come out of a hash table. */
function loggedInHashOrder({ stores }: Plan): ReadonlySet<string> {
  return new Set(
    stores.flatMap(({ name, suppression, waiting }) => (suppression || waiting ? [`app-${name}-changelog`] : [])),
  )
}

/** What waits in `suppress`, or in a join with grace, is logged with the wall clock, of which Java's producer has none. */
function withoutWallClockTimes(result: RunResult, plan: Plan): RunResult {
  const topics = loggedInHashOrder(plan)
  const outputs = Object.entries(result.outputs).map(([topic, records]) => [
    topic,
    topics.has(topic) ? records.map(record => ({ ...record, timestamp: 0 })) : records,
  ])
  return { ...result, outputs: Object.fromEntries(outputs) as RunResult['outputs'] }
}

function describedAs({ ours, java }: { readonly ours: Described; readonly java: Described }): readonly string[] {
  const shown = (side: Described): string => ('described' in side ? side.described : `refused: ${side.refused}`)
  return [`Millrace describes it as\n${shown(ours)}`, `Kafka Streams as\n${shown(java)}`]
}

/** How a run ended. `at` is the number of the input that it fails on, undefined where it does not even start. */
type Outcome = { readonly result: RunResult } | { readonly failure: string; readonly at: number | undefined }

function neverRefused(outcome: Outcome): boolean {
  return 'result' in outcome || outcome.at !== undefined
}

function ended(outcome: Outcome): string {
  if ('result' in outcome) return 'goes through'
  return `${outcome.at === undefined ? 'does not start' : `fails on input ${outcome.at}`}: ${outcome.failure}`
}

async function attempt(run: () => Promise<RunResult>): Promise<Outcome> {
  try {
    return { result: await run() }
  } catch (error) {
    const at = error instanceof JavaFailed || error instanceof MillraceFailed ? error.at : undefined
    return { failure: (error as Error).message, at }
  }
}
