import { CATALOGUE, type Catalogue } from './catalogue.ts'
import type { Choice } from './choice.ts'
import { drawTableStep, type TablePart } from './generate-tables.ts'
import type { Step, StepId, StoreSpec, TopologySpec } from './spec.ts'

/**
 * Draws a topology that both sides accept: several sources, steps of all operators on whatever is there by then, and sinks
 * for most of what nobody else reads.
 */
export function generateTopology(choice: Choice): TopologySpec {
  const draft = createDraft(choice)
  const sources = 1 + choice.below(3)
  for (let source = 0; source < sources; source++) addSource(draft)
  const steps = 2 + choice.below(12)
  for (let step = 0; step < steps; step++) addStep(draft)
  addSinks(draft)
  return draft.steps
}

/** What may be built upon, with what decides which steps it admits. */
interface Part {
  readonly id: StepId
  readonly kind: 'stream' | 'table' | 'groupedTable' | 'grouped' | 'windowed'
  readonly key: 'string' | 'windowed'
  readonly value: 'string' | 'long'
  /** Both serdes are known to the DSL, so that a store need not give them. */
  readonly known: boolean
}

interface Draft {
  readonly choice: Choice
  readonly steps: Step[]
  readonly parts: Part[]
  readonly read: Set<StepId>
  counter: number
}

function createDraft(choice: Choice): Draft {
  return { choice, steps: [], parts: [], read: new Set(), counter: 0 }
}

function addSource(draft: Draft): void {
  const { choice } = draft
  const id = nextId(draft, 'in')
  const common = { id, ...maybeName(draft) }
  const known = { key: 'string', value: 'string', known: true } as const
  if (choice.chance(60)) {
    const earlier = draft.steps.flatMap(step => (step.op === 'stream' ? [step.topics] : []))
    // A second reading of the same topics becomes one source with the first.
    const again = earlier.length > 0 && choice.chance(20)
    const fresh = choice.chance(15) ? [`topic-${id}`, `topic-${id}-too`] : [`topic-${id}`]
    const topics = again ? choice.of(earlier) : fresh
    add(draft, { op: 'stream', topics, ...common }, { ...known, kind: 'stream' })
  } else {
    add(draft, { op: 'table', topic: `topic-${id}`, ...common, ...maybeStore(draft) }, { ...known, kind: 'table' })
  }
}

function addStep(draft: Draft): void {
  const part = somePart(draft)
  draft.read.add(part.id)
  switch (part.kind) {
    case 'stream':
      return addToStream(draft, part)
    case 'table':
      return addToTable(draft, part)
    case 'groupedTable':
      return addTableOnly(draft, part)
    case 'grouped':
      return draft.choice.chance(40) ? addWindows(draft, part) : addAggregation(draft, part)
    case 'windowed':
      return addAggregation(draft, part)
  }
}

/** Of late ones rather than of early ones, so that topologies become deep and not only broad. */
function somePart({ choice, parts }: Draft): Part {
  return parts[Math.max(choice.below(parts.length), choice.below(parts.length))] as Part
}

const STREAM_STEPS = [
  'filter',
  'filterNot',
  'map',
  'mapValues',
  'flatMap',
  'flatMapValues',
  'selectKey',
  'merge',
  'peek',
  'split',
  'repartition',
  'toTable',
  'groupByKey',
  'groupByKey',
  'groupBy',
  'groupBy',
  'join',
  'leftJoin',
  'streamJoin',
] as const

function addToStream(draft: Draft, from: Part): void {
  const { choice } = draft
  const op = choice.of(STREAM_STEPS)
  const common = { from: from.id, ...maybeName(draft) }
  const strings = { ...from, key: 'string', value: 'string', known: false } as const
  switch (op) {
    case 'filter':
    case 'filterNot':
      return add(draft, { op, id: nextId(draft), ...common, predicate: oneOf(draft, 'predicate') }, from)
    case 'map':
      return add(draft, { op, id: nextId(draft), ...common, mapper: oneOf(draft, 'pairMapper') }, strings)
    case 'flatMap':
      return add(draft, { op, id: nextId(draft), ...common, mapper: oneOf(draft, 'flatPairMapper') }, strings)
    case 'mapValues': {
      const step = { op, id: nextId(draft), ...common, mapper: oneOf(draft, 'valueMapper') } as const
      return add(draft, step, { ...from, value: 'string', known: false })
    }
    case 'flatMapValues': {
      const step = { op, id: nextId(draft), ...common, mapper: oneOf(draft, 'flatValueMapper') } as const
      return add(draft, step, { ...from, value: 'string', known: false })
    }
    case 'selectKey': {
      const step = { op, id: nextId(draft), ...common, selector: oneOf(draft, 'keySelector') } as const
      return add(draft, step, { ...from, key: 'string', known: false })
    }
    case 'merge':
      return addMerge(draft, from)
    case 'peek':
      return add(draft, { op, id: nextId(draft), ...common }, from)
    case 'split':
      return addSplit(draft, from)
    case 'repartition':
      return add(draft, { op, id: nextId(draft), ...common }, { ...from, known: true })
    case 'toTable': {
      const store = from.known ? maybeStore(draft) : { store: someStore(draft) }
      return add(draft, { op, id: nextId(draft), ...common, ...store }, { ...from, kind: 'table', known: true })
    }
    case 'groupByKey':
      return add(draft, { op, id: nextId(draft), ...common }, { ...from, kind: 'grouped', known: true })
    case 'groupBy': {
      const step = { op, id: nextId(draft), ...common, selector: oneOf(draft, 'keySelector') } as const
      return add(draft, step, { ...from, kind: 'grouped', key: 'string', known: true })
    }
    case 'join':
    case 'leftJoin':
      return addJoin(draft, op, from)
    case 'streamJoin':
      return addStreamJoin(draft, from)
  }
}

function addMerge(draft: Draft, from: Part): void {
  const same = draft.parts.filter(
    ({ kind, key, value }) => kind === 'stream' && key === from.key && value === from.value,
  )
  const other = draft.choice.of(same)
  draft.read.add(other.id)
  const step = { op: 'merge', id: nextId(draft), from: from.id, with: other.id, ...maybeName(draft) } as const
  add(draft, step, { ...from, known: false })
}

function addSplit(draft: Draft, from: Part): void {
  const { choice } = draft
  const splitName = maybeName(draft)
  const branches = Array.from({ length: 1 + choice.below(3) }, () => ({
    id: nextId(draft),
    predicate: oneOf(draft, 'predicate'),
    ...maybeName(draft),
  }))
  const rest = choice.chance(50) ? { defaultBranch: { id: nextId(draft), ...maybeName(draft) } } : {}
  draft.steps.push({ op: 'split', from: from.id, branches, ...splitName, ...rest })
  for (const { id } of branches) draft.parts.push({ ...from, id })
  if (rest.defaultBranch !== undefined) draft.parts.push({ ...from, id: rest.defaultBranch.id })
}

/** Tables of string keys only: windowed keys differ by the size of their windows. */
function addJoin(draft: Draft, op: 'join' | 'leftJoin', from: Part): void {
  const tables = draft.parts.filter(({ kind, key }) => kind === 'table' && key === 'string')
  if (tables.length === 0 || from.key !== 'string') return
  const table = draft.choice.of(tables)
  draft.read.add(table.id)
  const joiner = oneOf(draft, 'joiner')
  const step = { op, id: nextId(draft), from: from.id, table: table.id, joiner, ...maybeName(draft) }
  add(draft, step, { ...from, value: 'string', known: false })
}

function addStreamJoin(draft: Draft, from: Part): void {
  const { choice } = draft
  const streams = draft.parts.filter(({ kind, key }) => kind === 'stream' && key === 'string')
  if (streams.length === 0 || from.key !== 'string') return
  const other = choice.of(streams)
  draft.read.add(other.id)
  const step = {
    op: 'streamJoin',
    id: nextId(draft),
    kind: choice.of(['inner', 'left', 'outer'] as const),
    from: from.id,
    with: other.id,
    joiner: oneOf(draft, 'joiner'),
    beforeMs: choice.of([0, 5, 20]),
    afterMs: choice.of([1, 5, 20]),
    graceMs: choice.of([0, 5, 30]),
    ...maybeName(draft),
    ...(choice.chance(20) ? { storeName: nextId(draft, 'store-') } : {}),
  } as const
  add(draft, step, { ...from, value: 'string', known: false })
}

const TABLE_STEPS = ['filter', 'filterNot', 'mapValues', 'toStream', 'toStream'] as const

function addToTable(draft: Draft, from: Part): void {
  if (draft.choice.chance(50)) return addTableOnly(draft, from)
  const op = draft.choice.of(TABLE_STEPS)
  const common = { id: nextId(draft), from: from.id, ...maybeName(draft) }
  switch (op) {
    case 'filter':
    case 'filterNot':
      return add(draft, { op, ...common, predicate: oneOf(draft, 'predicate'), ...maybeStore(draft) }, from)
    case 'mapValues': {
      const step = { op, ...common, mapper: oneOf(draft, 'valueMapper'), ...maybeStore(draft) }
      return add(draft, step, { ...from, value: 'string', known: step.store !== undefined })
    }
    case 'toStream':
      return add(draft, { op, ...common }, { ...from, kind: 'stream' })
  }
}

function addTableOnly(draft: Draft, from: Part): void {
  const tables = draft.parts.filter(({ kind }) => kind === 'table') as TablePart[]
  const options = { ...maybeName(draft), ...maybeStore(draft) }
  const made = drawTableStep(draft.choice, from as TablePart, tables, nextId(draft), options)
  if (made === undefined) return
  const [step, gives] = made
  if ('with' in step) draft.read.add(step.with)
  add(draft, step, gives)
}

function addWindows(draft: Draft, from: Part): void {
  const { choice } = draft
  const kind = choice.of(['time', 'time', 'sliding', 'session', 'session', 'unlimited'] as const)
  const sizeMs = kind === 'unlimited' ? choice.of([0, 1_000, 1_020]) : choice.of([5, 10, 60])
  const step = {
    op: 'windowedBy',
    id: nextId(draft),
    from: from.id,
    ...(kind === 'time' ? {} : { kind }),
    sizeMs,
    ...(kind === 'time' && choice.chance(50) ? { advanceMs: choice.of([2, 3, 5]) } : {}),
    graceMs: choice.of([0, 5, 30]),
    ...(kind !== 'unlimited' && choice.chance(25) ? { emit: 'on-close' as const } : {}),
  } as const
  add(draft, step, { ...from, kind: 'windowed' })
}

function addAggregation(draft: Draft, from: Part): void {
  const op = draft.choice.of(from.value === 'string' ? ['count', 'reduce', 'aggregate'] : ['count', 'aggregate'])
  const common = { id: nextId(draft), from: from.id, ...maybeName(draft), ...maybeStore(draft) }
  const key = from.kind === 'windowed' ? 'windowed' : from.key
  const table = { kind: 'table', key, value: op === 'count' ? 'long' : 'string', known: true } as const
  switch (op) {
    case 'count':
      return add(draft, { op, ...common }, table)
    case 'reduce':
      return add(draft, { op, ...common, reducer: oneOf(draft, 'reducer') }, table)
    case 'aggregate':
      return add(draft, { op, ...common, aggregation: oneOf(draft, 'aggregation') }, table)
  }
}

function addSinks(draft: Draft): void {
  for (const part of [...draft.parts]) {
    const ends = !draft.read.has(part.id)
    if (ends && part.kind === 'table' && draft.choice.chance(70)) {
      const id = nextId(draft)
      draft.steps.push({ op: 'toStream', id, from: part.id, ...maybeName(draft) })
      draft.steps.push({ op: 'to', from: id, topic: `out-${id}`, ...maybeName(draft) })
    }
    if (part.kind === 'stream' && draft.choice.chance(ends ? 90 : 15)) {
      draft.steps.push({ op: 'to', from: part.id, topic: `out-${part.id}`, ...maybeName(draft) })
    }
  }
}

function add(draft: Draft, step: Exclude<Step, { op: 'split' | 'to' }>, gives: Omit<Part, 'id'>): void {
  draft.steps.push(step)
  draft.parts.push({ ...gives, id: step.id })
}

function nextId(draft: Draft, prefix = 's'): StepId {
  draft.counter += 1
  return `${prefix}${draft.counter}`
}

function oneOf<Kind extends keyof Catalogue>(draft: Draft, kind: Kind): keyof Catalogue[Kind] & string {
  return draft.choice.of(Object.keys(CATALOGUE[kind]) as (keyof Catalogue[Kind] & string)[])
}

function maybeName(draft: Draft): { readonly name?: string } {
  return draft.choice.chance(20) ? { name: nextId(draft, 'name-') } : {}
}

function maybeStore(draft: Draft): { readonly store?: StoreSpec } {
  return draft.choice.chance(40) ? { store: someStore(draft) } : {}
}

function someStore(draft: Draft): StoreSpec {
  const { choice } = draft
  return {
    ...(choice.chance(60) ? { name: nextId(draft, 'store-') } : {}),
    ...(choice.chance(20) ? { caching: choice.chance(50) } : {}),
    ...(choice.chance(10) ? { logging: false } : {}),
  }
}
