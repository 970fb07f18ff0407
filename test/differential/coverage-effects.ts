import type { Case } from './compare-case.ts'
import { interpret } from './interpreter.ts'
import type { Step, StepId, TopologySpec } from './spec.ts'

type Count = (what: string) => unknown

/** Counts what no single option says: combinations, what the optimiser has done, and what the inputs are like. */
export function countEffects(whole: Case, count: Count): void {
  countCombinations(whole.topology, count)
  countPlan(whole, count)
  countInputs(whole, count)
}

function countCombinations(topology: TopologySpec, count: Count): void {
  const readers = Map.groupBy(topology.flatMap(sources), id => id)
  for (const step of topology) {
    if (step.op === 'windowedBy') {
      const cogrouped = topology.some(other => other.op === 'cogroup' && other.id === step.from)
      count(`windows ${step.kind ?? 'time'} ${cogrouped ? 'of a cogroup' : (step.emit ?? 'on-update')}`)
      count(`windows ${step.kind ?? 'time'} grace${step.graceMs === 0 ? '=0' : ''}`)
    }
    if (step.op === 'streamJoin' && step.from === step.with) count(`self-join ${step.kind}`)
    if (step.op === 'streamJoin' && step.beforeMs < 0) count('streamJoin wholly after')
    if (step.op === 'streamJoin' && step.afterMs < 0) count('streamJoin wholly before')
    if (step.op === 'suppress') count(suppressed(step))
    if (step.op === 'toTable' && severalTopics(step.from, topology)) count('a table of several topics')
    if (step.op === 'stream' && step.pattern !== undefined && step.topics.length > 1)
      count('a pattern of several topics')
    if (step.op === 'stream' && step.pattern === undefined && step.topics.length > 1)
      count('a stream of several topics')
    if (step.op === 'addStore') countOwnStore(step, count)
    if ('id' in step && (readers.get(step.id)?.length ?? 0) > 1)
      count(`${isTable(step) ? 'a table' : 'a stream'} read twice`)
  }
}

function countOwnStore({ store }: Step & { readonly op: 'addStore' }, count: Count): void {
  count(`own ${store.kind}`)
  if (store.caching === true) count(`own ${store.kind} cached`)
  if (store.logging === false) count(`own ${store.kind} not logged`)
  if (store.type !== undefined) count(`own ${store.kind} ${store.type}`)
}

function suppressed({ waitMs, maxRecords, maxBytes, whenFull }: Step & { readonly op: 'suppress' }): string {
  const until = waitMs === undefined ? 'until the window closes' : 'until a time limit'
  if (maxRecords === undefined && maxBytes === undefined) return `suppress ${until}, unbounded`
  return `suppress ${until}, ${whenFull === undefined ? 'emit early' : 'shut down'} when full`
}

function countPlan({ topology, optimization, repartitionAfterProcess = false }: Case, count: Count): void {
  const build = (how: Case['optimization']) => {
    try {
      return interpret(topology, { optimization: how, repartitionAfterProcess })
    } catch {
      // Refused: then there is nothing to count, and that both refuse it is compared elsewhere.
      return undefined
    }
  }
  const plan = build(optimization)
  if (plan === undefined) return
  if (plan.subTopologies.length > 1) count('several sub-topologies')
  if (plan.stores.some(({ changelog }) => changelog?.isSource === true)) count('a source topic as changelog')
  if (plan.nodes.some(node => node.kind === 'processor' && node.operator.type === 'streamSelfJoin'))
    count('a self-join over one store')
  const plain = build(optimization.filter(name => name !== 'merge.repartition.topics'))
  if (plain !== undefined && plain.repartitionTopics.length > plan.repartitionTopics.length)
    count('merged repartition topics')
}

function countInputs({ inputs }: Case, count: Count): void {
  let latest = -1
  for (const input of inputs) {
    if ('advanceWallClockMs' in input) {
      count('input wall clock')
      continue
    }
    if ('commit' in input) {
      count('input commit')
      continue
    }
    if (input.timestamp > 1e12) count('input with a time of day')
    if (input.key === null) count('input without a key')
    if (input.value === null) count('input without a value')
    if (input.headers !== undefined) count('input with headers')
    if (input.timestamp < 0) count('input with a negative time')
    else if (input.timestamp < latest) count('input out of order')
    else if (input.timestamp === latest) count('input tied')
    latest = Math.max(latest, input.timestamp)
  }
}

/** What a step reads. */
function sources(step: Step): readonly StepId[] {
  const read: StepId[] = []
  if ('from' in step) read.push(step.from)
  if ('with' in step && step.with !== undefined) read.push(step.with)
  if ('table' in step) read.push(step.table)
  return read
}

function isTable(step: Step): boolean {
  return (
    ['table', 'toTable', 'count', 'reduce', 'aggregate', 'suppress', 'transformValues'].includes(step.op) ||
    step.op.startsWith('table')
  )
}

/** Whether a stream comes of several topics, by whatever steps. */
function severalTopics(id: StepId, topology: TopologySpec): boolean {
  const step = topology.find(candidate => 'id' in candidate && candidate.id === id)
  if (step === undefined) return false
  if (step.op === 'stream') return step.topics.length > 1
  return step.op === 'merge' || ('from' in step && severalTopics(step.from, topology))
}
