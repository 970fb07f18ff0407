import type { Optimization, Plan } from '@millrace/core'
import { type Choice, seededChoice } from './choice.ts'
import { compareDescribe, type Described, javaOptimization } from './compare-describe.ts'
import { compareRuns } from './compare-run.ts'
import { withoutExpiredWindows } from './expired-windows.ts'
import { generateInputs } from './generate-inputs.ts'
import { generateTopology } from './generate-topology.ts'
import { interpret } from './interpreter.ts'
import type { JavaPeer, RunInput, RunResult } from './java-peer.ts'
import { runMillrace } from './run-millrace.ts'
import type { TopologySpec } from './spec.ts'
import { hasTiedJoin } from './tied-joins.ts'
import { sharesStreamTime } from './uncompared.ts'

/** One topology with what goes into it. */
export interface Case {
  readonly topology: TopologySpec
  readonly inputs: readonly RunInput[]
  /** Record caches as planned, or none. */
  readonly caching: boolean
  readonly optimization: readonly Optimization[]
  /** @default false */
  readonly repartitionAfterProcess?: boolean
}

/** `same` says that descriptions, records and stores agree; `same, ties left out`, that only the descriptions were compared. */
export type Verdict = 'same' | 'same, ties left out' | 'both refuse' | 'known difference' | 'different'

export interface CaseComparison {
  readonly verdict: Verdict
  /** What differs, for a reader; empty unless something does. */
  readonly differences: readonly string[]
}

const OPTIMIZATIONS = ['reuse.ktable.source.topics', 'merge.repartition.topics', 'single.store.self.join'] as const

/** The case of a seed: the same every time. */
export function generateCase(seed: number): Case {
  const choice: Choice = seededChoice(seed)
  const topology = generateTopology(choice)
  const inputs = generateInputs(choice, topology)
  const optimization = choice.chance(50) ? OPTIMIZATIONS.filter(() => choice.chance(70)) : []
  const caching = choice.chance(50)
  const merges = optimization.includes('merge.repartition.topics')
  const repartitionAfterProcess = merges && choice.chance(50) ? { repartitionAfterProcess: true } : {}
  return { topology, inputs, caching, optimization, ...repartitionAfterProcess }
}

/** Builds and runs a case on both sides and compares all that can be seen of it. */
export async function compareCase(
  { topology, inputs, caching, optimization, repartitionAfterProcess = false }: Case,
  java: JavaPeer,
): Promise<CaseComparison> {
  const described = await compareDescribe(topology, java, { optimization, repartitionAfterProcess })
  if (described.verdict === 'different') return { verdict: 'different', differences: describedAs(described) }
  if (described.verdict !== 'same') return { verdict: described.verdict, differences: [] }
  const plan = interpret(topology, { optimization, repartitionAfterProcess })
  if (hasTiedJoin(plan) || sharesStreamTime(topology, plan.subTopologies.length))
    return { verdict: 'same, ties left out', differences: [] }
  const theirs = await attempt(() =>
    java.run(topology, inputs, {
      caching,
      stores: 'persistent',
      repartitionAfterProcess,
      ...javaOptimization(optimization),
    }),
  )
  const ours = await attempt(() => runMillrace(topology, inputs, { caching, optimization, repartitionAfterProcess }))
  const compared = (result: RunResult): RunResult => withoutExpiredWindows(result, plan, inputs)
  const timeless = (result: RunResult): RunResult => withoutSuppressTimes(result, plan)
  if ('failure' in ours && 'failure' in theirs) return { verdict: 'both refuse', differences: [] }
  const differences =
    'failure' in ours
      ? [`Millrace fails: ${ours.failure}`]
      : 'failure' in theirs
        ? [`Kafka Streams fails: ${theirs.failure}`]
        : compareRuns(timeless(compared(theirs.result)), timeless(compared(ours.result)))
  return { verdict: differences.length === 0 ? 'same' : 'different', differences }
}

/** What suppress holds back is logged with the time of the wall clock, for which Java's driver has none at all. */
function withoutSuppressTimes(result: RunResult, plan: Plan): RunResult {
  const topics = new Set(
    plan.stores.flatMap(({ name, suppression, waiting }) => (suppression || waiting ? [`app-${name}-changelog`] : [])),
  )
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

async function attempt<T>(run: () => Promise<T>): Promise<{ readonly result: T } | { readonly failure: string }> {
  try {
    return { result: await run() }
  } catch (error) {
    return { failure: (error as Error).message }
  }
}
