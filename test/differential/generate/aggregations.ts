import type { StoreSpec } from '../spec.ts'
import type { WindowedByStep } from '../steps/aggregation-steps.ts'
import {
  add,
  another,
  type Draft,
  type Draw,
  maybeName,
  maybeStore,
  maybeTableStore,
  nextId,
  oneOf,
  type Part,
  versions,
} from './draft.ts'

/** Grouping of a stream. */
export const GROUPING_DRAWS: readonly Draw[] = [
  {
    weight: 2,
    draw(draft, from) {
      const step = { op: 'groupByKey', id: nextId(draft), from: from.id, ...maybeName(draft) } as const
      add(draft, step, { ...from, kind: 'grouped', known: true })
    },
  },
  {
    weight: 2,
    draw(draft, from) {
      const selector = oneOf(draft, 'keySelector')
      const step = { op: 'groupBy', id: nextId(draft), from: from.id, ...maybeName(draft), selector } as const
      add(draft, step, { ...from, kind: 'grouped', key: 'string', known: true })
    },
  },
]

/** Of a grouped stream. */
export const GROUPED_DRAWS: readonly Draw[] = [
  { weight: 6, draw: drawAggregation },
  { weight: 5, draw: (draft, from) => drawWindows(draft, from, 'windowed') },
  { weight: 3, draw: drawCogroup },
]

export const WINDOWED_DRAWS: readonly Draw[] = [{ draw: drawAggregation }]

export const COGROUPED_DRAWS: readonly Draw[] = [
  { draw: drawCogroup },
  { draw: drawCogroupedAggregate },
  { draw: (draft, from) => drawWindows(draft, from, 'windowedCogrouped') },
]

export const WINDOWED_COGROUPED_DRAWS: readonly Draw[] = [{ draw: drawCogroupedAggregate }]

function drawWindows(draft: Draft, from: Part, gives: 'windowed' | 'windowedCogrouped'): void {
  const { choice } = draft
  const kind = choice.of(['time', 'time', 'sliding', 'session', 'session', 'unlimited'] as const)
  const sizes = kind === 'unlimited' ? [0, 1_000, 1_020] : kind === 'sliding' && choice.chance(4) ? [0] : [5, 10, 60]
  const sizeMs = choice.of(sizes)
  const step = {
    op: 'windowedBy',
    id: nextId(draft),
    from: from.id,
    ...(kind === 'time' ? {} : { kind }),
    sizeMs,
    ...(kind === 'time' && choice.chance(50) ? { advanceMs: choice.of([2, 3, 5]) } : {}),
    graceMs: choice.of([0, 5, 30]),
    // Those that never end cannot be emitted when they do: both sides refuse it.
    ...(gives === 'windowed' && choice.chance(kind === 'unlimited' ? 3 : 25) ? { emit: 'on-close' as const } : {}),
  } as const
  const leastRetentionMs = leastRetention(step)
  add(draft, step, { ...from, kind: gives, key: keyKind(step, from), leastRetentionMs, onClose: 'emit' in step })
}

function leastRetention({ kind = 'time', sizeMs, graceMs }: WindowedByStep): number {
  if (kind === 'unlimited') return Number.MAX_SAFE_INTEGER
  return (kind === 'sliding' ? 2 : 1) * sizeMs + graceMs
}

function keyKind({ kind = 'time', sizeMs }: WindowedByStep, { key }: Part): string {
  if (kind === 'session' || kind === 'unlimited') return `${kind} of ${key}`
  return `time ${sizeMs} of ${key}`
}

function drawAggregation(draft: Draft, from: Part): void {
  const op = draft.choice.of(from.value === 'string' ? ['count', 'reduce', 'aggregate'] : ['count', 'aggregate'])
  const common = stored(draft, from)
  const value = op === 'count' ? 'long' : 'string'
  const table = { kind: 'table', key: from.key, value, known: true, ...versions(common) } as const
  switch (op) {
    case 'count':
      return add(draft, { op, ...common }, table)
    case 'reduce':
      return add(draft, { op, ...common, reducer: oneOf(draft, 'reducer') }, table)
    case 'aggregate':
      return add(draft, { op, ...common, aggregation: oneOf(draft, 'aggregation') }, table)
  }
}

/**
 * In Kafka Streams a cogrouped stream is the same object with one stream more, also for the windows that it was given, so
 * nothing is drawn on them as they were before.
 */
function used({ parts, steps }: Draft, from: Part): void {
  const windows = steps.flatMap(step => (step.op === 'windowedBy' && step.from === from.id ? [step.id] : []))
  const gone = new Set([from.id, ...windows])
  parts.splice(0, parts.length, ...parts.filter(({ id }) => !gone.has(id)))
}

function drawCogroup(draft: Draft, from: Part): void {
  // One that counts reads what it has written, and can read nothing else.
  const aggregation = draft.choice.of(['join', 'keyAndLast', 'joinOrClear'] as const)
  const first = { op: 'cogroup', id: nextId(draft), from: from.id, aggregation } as const
  if (from.kind === 'grouped') return add(draft, first, { ...from, kind: 'cogrouped', value: 'string' })
  const other = another(draft, part => part.kind === 'grouped' && part.key === from.key)
  if (other === undefined) return
  used(draft, from)
  add(draft, { ...first, with: other.id }, from)
}

function drawCogroupedAggregate(draft: Draft, from: Part): void {
  const aggregation = draft.choice.of(['join', 'keyAndLast', 'joinOrClear'] as const)
  const common = stored(draft, from)
  const table = { kind: 'table', key: from.key, value: 'string', known: true, ...versions(common) } as const
  add(draft, { op: 'aggregate', ...common, aggregation }, table)
}

function stored(draft: Draft, from: Part) {
  const plain = from.kind === 'grouped' || from.kind === 'cogrouped'
  const store = plain ? maybeTableStore(draft) : maybeWindowStore(draft, from)
  return { id: nextId(draft), from: from.id, ...maybeName(draft), ...store }
}

/** Kept for as long as the windows need it or longer; now and then for less, which both sides refuse. */
function maybeWindowStore(
  draft: Draft,
  { leastRetentionMs = 0, onClose = false }: Part,
): { readonly store?: StoreSpec } {
  const { choice } = draft
  const { store: drawn } = maybeStore(draft)
  // Not in memory: see `uncompared.ts`.
  const store = onClose && drawn?.type === 'memory' ? { ...drawn, type: 'persistent' as const } : drawn
  if (store === undefined || choice.chance(60)) return store === undefined ? {} : { store }
  if (leastRetentionMs === Number.MAX_SAFE_INTEGER) return { store }
  if (choice.chance(2)) return { store: { ...store, retentionMs: leastRetentionMs - 1 } }
  return { store: { ...store, retentionMs: leastRetentionMs + choice.of([0, 1, 20, 100_000]) } }
}
