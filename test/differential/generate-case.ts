import { type Choice, seededChoice } from './choice.ts'
import type { Case } from './compare-case.ts'
import { generateInputs } from './generate-inputs.ts'
import { generateTopology } from './generate-topology.ts'

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
  // Stores in memory forget windows that others still have: see `uncompared.ts`.
  const keepsLong = topology.some(step => step.op === 'streamJoin' || ('emit' in step && step.emit === 'on-close'))
  const stores = choice.chance(70) || keepsLong ? 'persistent' : 'memory'
  return { topology, inputs, caching, optimization, stores, ...repartitionAfterProcess }
}
