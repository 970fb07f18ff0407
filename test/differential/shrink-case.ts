import type { Case } from './compare-case.ts'
import { topicsOf } from './generate-inputs.ts'
import type { Step, StepId, TopologySpec } from './spec.ts'

/**
 * The smallest case found that still `fails`: by leaving out steps with all that needs them, names and stores, then inputs.
 * `fails` must be false for a case that cannot be run at all.
 */
export async function shrinkCase(whole: Case, fails: (smaller: Case) => Promise<boolean>): Promise<Case> {
  for (const smaller of simplerCases(whole)) {
    if (await fails(smaller)) return shrinkCase(smaller, fails)
  }
  return whole
}

/** Cases one step of simplification away, the boldest first. */
function* simplerCases(whole: Case): Generator<Case> {
  for (const topology of simpler(whole.topology)) {
    const read = new Set(topicsOf(topology))
    yield { ...whole, topology, inputs: whole.inputs.filter(input => !('topic' in input) || read.has(input.topic)) }
  }
  const { inputs } = whole
  const half = inputs.length >> 1
  if (half > 1) yield* [inputs.slice(half), inputs.slice(0, half)].map(fewer => ({ ...whole, inputs: fewer }))
  for (let index = 0; index < inputs.length; index++) yield { ...whole, inputs: inputs.toSpliced(index, 1) }
  if (whole.caching) yield { ...whole, caching: false }
  if (whole.rocksdb === true) yield { ...whole, rocksdb: false }
  if ((whole.emitIntervalMs ?? 0) > 0) yield { ...whole, emitIntervalMs: 0 }
  if (whole.commits === 'asked') {
    yield { ...whole, commits: 'each', inputs: inputs.filter(input => !('commit' in input)) }
  }
  for (const [index] of whole.optimization.entries()) {
    yield { ...whole, optimization: whole.optimization.toSpliced(index, 1) }
  }
}

/** Topologies one step of simplification away. */
function* simpler(topology: TopologySpec): Generator<TopologySpec> {
  for (let index = 0; index < topology.length; index++) yield without(topology, index)
  for (const [index, step] of topology.entries()) {
    const from = 'from' in step && 'id' in step ? step.from : undefined
    if (from !== undefined) yield bypassed(topology, index, from)
  }
  for (const [index, step] of topology.entries()) {
    for (const option of ['name', 'store', 'extractor', 'partitioner', 'emit', 'offsetReset', 'selector'] as const) {
      if (option === 'selector' && step.op !== 'toStream') continue
      if (option === 'store' && (step.op === 'addStore' || step.op === 'addGlobalStore' || 'processor' in step))
        continue
      if (option in step) {
        const { [option]: _left, ...rest } = step as Step & { readonly [o in typeof option]?: unknown }
        yield topology.with(index, rest as Step)
      }
    }
  }
}

/** Without a step and everything that needs its results. */
function without(topology: TopologySpec, index: number): TopologySpec {
  const gone = new Set<StepId>(idsOf(topology[index] as Step))
  return topology.filter((step, at) => {
    if (at === index) return false
    if (!needs(step).some(id => gone.has(id))) return true
    for (const id of idsOf(step)) gone.add(id)
    return false
  })
}

/** Without a step, what it read taking the place of what it gave. */
function bypassed(topology: TopologySpec, index: number, from: StepId): TopologySpec {
  const gone = new Set(idsOf(topology[index] as Step))
  const instead = (id: StepId): StepId => (gone.has(id) ? from : id)
  return topology
    .filter((_step, at) => at !== index)
    .map(step => ({
      ...step,
      ...('from' in step ? { from: instead(step.from) } : {}),
      ...('with' in step && step.with !== undefined ? { with: instead(step.with) } : {}),
      ...('table' in step ? { table: instead(step.table) } : {}),
    }))
}

function idsOf(step: Step): readonly StepId[] {
  if (!('id' in step) && step.op !== 'split') return []
  if (step.op !== 'split') return [step.id]
  return [...step.branches, ...(step.defaultBranch === undefined ? [] : [step.defaultBranch])].map(({ id }) => id)
}

function needs(step: Step): readonly StepId[] {
  const inputs: StepId[] = []
  if ('from' in step) inputs.push(step.from)
  if ('with' in step && step.with !== undefined) inputs.push(step.with)
  if ('table' in step) inputs.push(step.table)
  if ('processor' in step && step.store !== undefined) inputs.push(step.store)
  if ('counts' in step && step.counts !== undefined) inputs.push(step.counts)
  return inputs
}
