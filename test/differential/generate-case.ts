import { type Choice, seededChoice } from './choice.ts'
import type { Case } from './compare-case.ts'
import { generateInputs } from './generate-inputs.ts'
import type { RunInput } from './java-peer.ts'
import { generateJoin, generateTopology } from './generate-topology.ts'

const OPTIMIZATIONS = ['reuse.ktable.source.topics', 'merge.repartition.topics', 'single.store.self.join'] as const

/** Some day. */
const TODAY_MS = 1_764_374_400_000

/** The case of a seed: the same every time. */
export function generateCase(seed: number): Case {
  const choice: Choice = seededChoice(seed)
  const onlyJoins = choice.chance(6)
  const topology = onlyJoins ? generateJoin(choice) : generateTopology(choice)
  const emitsOnClose = topology.some(step => 'emit' in step && step.emit === 'on-close')
  const commits = choice.chance(45) ? 'asked' : 'each'
  // Java's caches go through all time since 1970 for the first window that is emitted on close, which takes a minute.
  const startMs = choice.chance(70) ? 1_000 : emitsOnClose ? 10_000_000 : TODAY_MS + choice.below(86_400_000)
  const drawn = generateInputs(choice, topology, { startMs, commits, late: onlyJoins ? 50 : 20 })
  const optimization = choice.chance(50) ? OPTIMIZATIONS.filter(() => choice.chance(70)) : []
  const caching = choice.chance(50)
  const merges = optimization.includes('merge.repartition.topics')
  const repartitionAfterProcess = merges && choice.chance(50) ? { repartitionAfterProcess: true } : {}
  // Stores in memory forget windows that others still have: see `uncompared.ts`.
  const keepsLong = emitsOnClose || topology.some(({ op }) => op === 'streamJoin')
  const stores = choice.chance(70) || keepsLong ? 'persistent' : 'memory'
  const emits = emitsOnClose || topology.some(step => step.op === 'streamJoin' && step.kind !== 'inner')
  const emitIntervalMs = choice.chance(emits ? 70 : 10) ? choice.of([10, 60, 1_000]) : 0
  const rocksdb = choice.chance(15)
  const inputs = caching && emitIntervalMs > 0 && commits === 'asked' ? committedBeforeAdvances(drawn) : drawn
  return {
    topology,
    inputs,
    caching,
    optimization,
    stores,
    commits,
    emitIntervalMs,
    rocksdb,
    ...repartitionAfterProcess,
  }
}

/** With a commit before each advance of the wall clock, so that nothing is emitted from a cache later than it was processed: see `uncompared.ts`. */
export function committedBeforeAdvances(inputs: readonly RunInput[]): readonly RunInput[] {
  return inputs.flatMap((input): readonly RunInput[] =>
    'advanceWallClockMs' in input ? [{ commit: true }, input] : [input],
  )
}
