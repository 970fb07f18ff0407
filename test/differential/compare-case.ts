import type { Plan } from '@millrace/core'
import { type Choice, seededChoice } from './choice.ts'
import { compareDescribe, type Described } from './compare-describe.ts'
import { compareRuns } from './compare-run.ts'
import { withoutExpiredWindows } from './expired-windows.ts'
import { generateInputs } from './generate-inputs.ts'
import { generateTopology } from './generate-topology.ts'
import { interpret } from './interpreter.ts'
import type { JavaPeer, RunInput, RunResult } from './java-peer.ts'
import { runMillrace } from './run-millrace.ts'
import type { TopologySpec } from './spec.ts'
import { hasTiedJoin } from './tied-joins.ts'

/** One topology with what goes into it. */
export interface Case {
  readonly topology: TopologySpec
  readonly inputs: readonly RunInput[]
  /** Record caches as planned, or none. */
  readonly caching: boolean
}

/** `same` says that descriptions, records and stores agree; `same, ties left out`, that only the descriptions were compared. */
export type Verdict = 'same' | 'same, ties left out' | 'both refuse' | 'known difference' | 'different'

export interface CaseComparison {
  readonly verdict: Verdict
  /** What differs, for a reader; empty unless something does. */
  readonly differences: readonly string[]
}

/** The case of a seed: the same every time. */
export function generateCase(seed: number): Case {
  const choice: Choice = seededChoice(seed)
  const topology = generateTopology(choice)
  return { topology, inputs: generateInputs(choice, topology), caching: choice.chance(50) }
}

/** Builds and runs a case on both sides and compares all that can be seen of it. */
export async function compareCase({ topology, inputs, caching }: Case, java: JavaPeer): Promise<CaseComparison> {
  const described = await compareDescribe(topology, java)
  if (described.verdict === 'different') return { verdict: 'different', differences: describedAs(described) }
  if (described.verdict !== 'same') return { verdict: described.verdict, differences: [] }
  const plan = interpret(topology)
  if (hasTiedJoin(plan)) return { verdict: 'same, ties left out', differences: [] }
  const theirs = await java.run(topology, inputs, { caching, stores: 'persistent' })
  const ours = await attempt(() => runMillrace(topology, inputs, { caching }))
  const compared = (result: RunResult): RunResult => withoutExpiredWindows(result, plan, inputs)
  const timeless = (result: RunResult): RunResult => withoutSuppressTimes(result, plan)
  const differences =
    'failure' in ours
      ? [`Millrace fails: ${ours.failure}`]
      : compareRuns(timeless(compared(theirs)), timeless(compared(ours.result)))
  return { verdict: differences.length === 0 ? 'same' : 'different', differences }
}

/** What suppress holds back is logged with the time of the wall clock, for which Java's driver has none at all. */
function withoutSuppressTimes(result: RunResult, plan: Plan): RunResult {
  const topics = new Set(plan.stores.flatMap(({ name, suppression }) => (suppression ? [`app-${name}-changelog`] : [])))
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
