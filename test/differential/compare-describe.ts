import { describeTopology, type Optimization } from '@millrace/core'
import { interpret } from './interpreter.ts'
import type { JavaPeer, RunOptions } from './java-peer.ts'
import { knownDifference } from './known-differences.ts'
import { normalDescribe } from './normal-describe.ts'
import { sameReason } from './refusals.ts'
import type { TopologySpec } from './spec.ts'

/** What one side made of a topology: its description, or the reason why it refuses it. */
export type Described = { readonly described: string } | { readonly refused: string }

export interface DescribeComparison {
  readonly ours: Described
  readonly java: Described
  /** Both the same, or both refuse for one reason. A known difference is one that is listed with its reason. */
  readonly verdict: 'same' | 'both refuse' | 'known difference' | 'different'
}

/** Builds a topology on both sides and compares what they say of it. */
export async function compareDescribe(
  topology: TopologySpec,
  java: JavaPeer,
  options: { readonly optimization?: readonly Optimization[] } & Omit<RunOptions, 'optimization'> = {},
): Promise<DescribeComparison> {
  const { optimization = [], repartitionAfterProcess = false, ...others } = options
  const ours = await attempt(async () =>
    describeTopology(interpret(topology, { optimization, repartitionAfterProcess })),
  )
  const theirs = await attempt(() =>
    java.describe(topology, { ...others, repartitionAfterProcess, ...javaOptimization(optimization) }),
  )
  return { ours, java: theirs, verdict: verdict(ours, theirs) }
}

/** As Kafka Streams' configuration has it. */
export function javaOptimization(optimization: readonly Optimization[]): Pick<RunOptions, 'optimization'> {
  return optimization.length === 0 ? {} : { optimization: optimization.join(',') }
}

async function attempt(build: () => Promise<string>): Promise<Described> {
  try {
    return { described: normalDescribe(await build()) }
  } catch (error) {
    return { refused: (error as Error).message }
  }
}

function verdict(ours: Described, java: Described): DescribeComparison['verdict'] {
  if ('refused' in ours && 'refused' in java && sameReason(ours.refused, java.refused)) return 'both refuse'
  if ('described' in ours && 'described' in java && ours.described === java.described) return 'same'
  return knownDifference(ours, java) === undefined ? 'different' : 'known difference'
}
