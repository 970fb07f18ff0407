import {
  add,
  another,
  type Draft,
  type Draw,
  maybeFunction,
  maybeName,
  maybeTableStore,
  nextId,
  oneOf,
  type Part,
  someStore,
  versions,
} from './draft.ts'

/** Steps on a stream that need no other part, and `merge`. */
export const STREAM_DRAWS: readonly Draw[] = [
  { draw: drawFilter('filter') },
  { draw: drawFilter('filterNot') },
  {
    draw(draft, from) {
      const step = { op: 'map', ...common(draft, from), mapper: oneOf(draft, 'pairMapper') } as const
      add(draft, step, { ...from, key: 'string', value: 'string', known: false })
    },
  },
  {
    draw(draft, from) {
      const step = { op: 'flatMap', ...common(draft, from), mapper: oneOf(draft, 'flatPairMapper') } as const
      add(draft, step, { ...from, key: 'string', value: 'string', known: false })
    },
  },
  {
    draw(draft, from) {
      const step = { op: 'mapValues', ...common(draft, from), mapper: oneOf(draft, 'valueMapper') } as const
      add(draft, step, { ...from, value: 'string', known: false })
    },
  },
  {
    draw(draft, from) {
      const step = { op: 'flatMapValues', ...common(draft, from), mapper: oneOf(draft, 'flatValueMapper') } as const
      add(draft, step, { ...from, value: 'string', known: false })
    },
  },
  {
    draw(draft, from) {
      const step = { op: 'selectKey', ...common(draft, from), selector: oneOf(draft, 'keySelector') } as const
      add(draft, step, { ...from, key: 'string', known: false })
    },
  },
  {
    draw(draft, from) {
      const other = another(draft, part => part.kind === 'stream' && part.key === from.key && part.value === from.value)
      if (other === undefined) return
      add(draft, { op: 'merge', ...common(draft, from), with: other.id }, { ...from, known: false })
    },
  },
  { draw: (draft, from) => add(draft, { op: 'peek', ...common(draft, from) }, from) },
  { draw: drawSplit },
  {
    draw: (draft, from) =>
      draft.steps.push({ op: draft.choice.of(['foreach', 'print'] as const), from: from.id, ...maybeName(draft) }),
  },
  {
    draw(draft, from) {
      const options = {
        ...(draft.choice.chance(20) ? { partitions: 1 } : {}),
        ...maybeFunction(draft, 10, 'partitioner', 'partitions'),
      }
      add(draft, { op: 'repartition', ...common(draft, from), ...options }, { ...from, known: true })
    },
  },
  {
    draw(draft, from) {
      const drawn = maybeTableStore(draft)
      const store = from.known || drawn.store !== undefined ? drawn : { store: someStore(draft) }
      const gives = { ...from, kind: 'table', known: true, ...versions(store) } as const
      add(draft, { op: 'toTable', ...common(draft, from), ...store }, gives)
    },
  },
]

function drawFilter(op: 'filter' | 'filterNot'): Draw['draw'] {
  return (draft, from) => add(draft, { op, ...common(draft, from), predicate: oneOf(draft, 'predicate') }, from)
}

function drawSplit(draft: Draft, from: Part): void {
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

function common(draft: Draft, from: Part): { readonly id: string; readonly from: string; readonly name?: string } {
  return { id: nextId(draft), from: from.id, ...maybeName(draft) }
}
