import { isMillraceError, type Plan } from '@millrace/core'
import { type SimulatedInput, SIMULATION_START_MS, type SimulationOptions } from '@millrace/testing'
import { seededChoice } from '../differential/choice.ts'
import { generateInputs } from '../differential/generate-inputs.ts'
import { generateTopology } from '../differential/generate-topology.ts'
import { interpret } from '../differential/interpreter.ts'
import type { Step, TopologySpec } from '../differential/spec.ts'

/** A topology drawn at random, and how its output can be compared with that of a run without trouble. */
export interface GeneratedCase {
  readonly spec: TopologySpec
  readonly plan: Plan
  readonly options: Pick<SimulationOptions, 'input' | 'compare' | 'caching'> & {
    readonly guarantee?: 'exactly_once'
    readonly partitions?: 1
  }
}

/** Steps whose results do not depend on the order in which the records of different keys come. */
const WITHOUT_ORDER: ReadonlySet<Step['op']> = new Set([
  'stream',
  'filter',
  'filterNot',
  'map',
  'mapValues',
  'flatMap',
  'flatMapValues',
  'selectKey',
  'peek',
  'split',
  'repartition',
  'groupByKey',
  'groupBy',
  'count',
  'toStream',
  'to',
])

/** With these, order decides, so that one partition has to be enough. */
const WITH_ORDER: ReadonlySet<Step['op']> = new Set<Step['op']>([
  ...WITHOUT_ORDER,
  'table',
  'toTable',
  'merge',
  'windowedBy',
  'reduce',
  'aggregate',
  'join',
  'leftJoin',
])

/**
 * Options whose results a restart may change or whose topics nobody has made: what depends on the time of a record that comes again,
 * partitions that a function picks by the number that it is given, topics chosen by each record.
 */
const UNDECIDED = ['emit', 'choice', 'partitioner', 'extractor', 'pattern']

/** The first topology of the seed's sequence whose output is decided by its input. */
export function generatedCase(seed: number): GeneratedCase {
  for (let attempt = 0; ; attempt++) {
    const choice = seededChoice(seed * 1000 + attempt)
    const spec = generateTopology(choice).map(decided)
    const plan = planOf(spec)
    if (plan === undefined || !isDecided(spec, plan)) continue
    const inOrder = spec.some(({ op }) => !WITHOUT_ORDER.has(op))
    const stateful = plan.stores.length > 0
    return {
      spec,
      plan,
      options: {
        input: () => inputOf(spec, choice),
        caching: 'off',
        compare: inOrder ? 'each-in-order' : 'each',
        ...(inOrder ? { partitions: 1 } : {}),
        // Processed twice, a record changes the state twice, and what comes out of it are other values.
        ...(stateful ? { guarantee: 'exactly_once' } : {}),
      },
    }
  }
}

/** Undefined where the generator has drawn what no application may have. */
function planOf(spec: TopologySpec): Plan | undefined {
  try {
    return interpret(spec)
  } catch (error) {
    if (isMillraceError(error, 'topology')) return undefined
    throw error
  }
}

/** Each sub-topology reads one topic, so that nobody chooses between two; and nothing depends on the wall clock. */
function isDecided(spec: TopologySpec, plan: Plan): boolean {
  const sinks = plan.nodes.some(
    node => node.kind === 'sink' && !plan.repartitionTopics.some(t => t.name === node.topic),
  )
  return (
    sinks &&
    plan.subTopologies.every(({ sourceTopics }) => sourceTopics.length === 1) &&
    spec.every(step => WITH_ORDER.has(step.op) && !UNDECIDED.some(option => option in step))
  )
}

/**
 * The step without what a restart or the order of different keys decides: a store without a changelog is lost with its disk, a record
 * may be late or not, also for a store with a history, and which entry was used last depends on all others.
 */
function decided(step: Step): Step {
  // As in Kafka Streams, an operator forgets at a restart how far its time had come.
  if (step.op === 'windowedBy') return { ...step, graceMs: 1_000_000 }
  if (!('store' in step) || typeof step.store !== 'object') return step
  const undecided = ['logging', 'historyRetentionMs', 'maxEntries']
  const store = Object.fromEntries(Object.entries(step.store).filter(([option]) => !undecided.includes(option)))
  return { ...step, store } as Step
}

function inputOf(spec: TopologySpec, choice: ReturnType<typeof seededChoice>): readonly SimulatedInput[] {
  const text = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64').toString())
  return Array.from({ length: 3 }, (_, round) =>
    generateInputs(choice, spec, { startMs: 1_000, commits: 'each', late: 20 }).flatMap(input =>
      !('topic' in input)
        ? []
        : [
            {
              topic: input.topic,
              key: text(input.key),
              value: text(input.value),
              timestamp: SIMULATION_START_MS + round * 200 + input.timestamp,
            },
          ],
    ),
  ).flat()
}
