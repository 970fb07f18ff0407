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
import { ownStore } from './processors.ts'

/** Of a table. */
export const TABLE_DRAWS: readonly Draw[] = [
  { draw: drawFilter('filter') },
  { draw: drawFilter('filterNot') },
  {
    draw(draft, from) {
      const step = { op: 'mapValues', ...stored(draft, from), mapper: oneOf(draft, 'valueMapper') } as const
      add(draft, step, { ...from, value: 'string', known: 'store' in step, ...versions(step, from) })
    },
  },
  {
    weight: 2,
    draw(draft, from) {
      const selector = maybeFunction(draft, 15, 'selector', 'keySelector')
      const gives = {
        ...from,
        kind: 'stream',
        ...(selector.selector === undefined ? {} : { key: 'string', known: false }),
      } as const
      add(draft, { op: 'toStream', ...common(draft, from), ...selector }, gives)
    },
  },
  {
    draw(draft, from) {
      const step = { op: 'tableGroupBy', ...common(draft, from), mapper: oneOf(draft, 'pairMapper') } as const
      add(draft, step, { kind: 'groupedTable', key: 'string', value: 'string', known: true })
    },
  },
  // Kafka Streams 4.3.1 refuses tables of windows in both when it starts.
  { weight: 2, fits: ({ key }) => key === 'string', draw: drawTableJoin },
  { fits: ({ known }) => known, draw: drawForeignKeyJoin },
  { fits: ({ known }) => known, draw: drawSuppress },
  {
    draw(draft, from) {
      const { choice } = draft
      const counts = choice.chance(40) ? { counts: ownStore(draft, 'keyValue') } : {}
      const given = stored(draft, from)
      // What looks its values up without a store of theirs has no access to that of the counts, so both sides refuse it.
      const store = 'counts' in counts && choice.chance(80) ? { store: someStore(draft), ...given } : given
      const mapper = oneOf(draft, 'valueMapper')
      const step = { op: 'transformValues', ...store, mapper, ...counts } as const
      add(draft, step, { ...from, value: 'string', known: 'store' in step, ...versions(step, from) })
    },
  },
]

/** Of a grouped table. */
export const GROUPED_TABLE_DRAWS: readonly Draw[] = [
  {
    draw(draft, from) {
      const step = { op: 'tableCount', ...stored(draft, from) } as const
      add(draft, step, { ...from, kind: 'table', value: 'long', ...versions(step) })
    },
  },
  {
    draw(draft, from) {
      const [adder, subtractor] = [oneOf(draft, 'reducer'), oneOf(draft, 'reducer')]
      const step = { op: 'tableReduce', ...stored(draft, from), adder, subtractor } as const
      add(draft, step, { ...from, kind: 'table', ...versions(step) })
    },
  },
  {
    draw(draft, from) {
      // One that counts reads what it has written, and can read nothing else.
      const adder = oneOf(draft, 'aggregation')
      const drawn = oneOf(draft, 'aggregation')
      const subtractor = adder === 'countText' || drawn === 'countText' ? adder : drawn
      const step = { op: 'tableAggregate', ...stored(draft, from), adder, subtractor } as const
      add(draft, step, { ...from, kind: 'table', ...versions(step) })
    },
  },
]

function drawFilter(op: 'filter' | 'filterNot'): Draw['draw'] {
  return (draft, from) => {
    const step = { op, ...stored(draft, from), predicate: oneOf(draft, 'predicate') } as const
    add(draft, step, { ...from, ...versions(step, from) })
  }
}

function drawTableJoin(draft: Draft, from: Part): void {
  const other = another(draft, part => part.kind === 'table' && part.key === from.key)
  if (other === undefined) return
  const join = draft.choice.of(['inner', 'left', 'outer'] as const)
  const functions = { with: other.id, joiner: oneOf(draft, 'joiner') }
  const step = { op: 'tableJoin', join, ...stored(draft, from), ...functions } as const
  add(draft, step, { ...from, value: 'string', known: 'store' in step, ...versions(step) })
}

function drawForeignKeyJoin(draft: Draft, from: Part): void {
  const other = another(draft, ({ kind, key, known }) => kind === 'table' && key === 'string' && known)
  if (other === undefined) return
  const join = draft.choice.of(['inner', 'left'] as const)
  const functions = { with: other.id, selector: oneOf(draft, 'keySelector'), joiner: oneOf(draft, 'joiner') }
  const step = { op: 'foreignKeyJoin', join, ...stored(draft, from), ...functions } as const
  add(draft, step, { ...from, value: 'string', known: true, ...versions(step) })
}

function drawSuppress(draft: Draft, from: Part): void {
  const { choice } = draft
  // Both sides refuse to hold versions back.
  if (from.historyRetentionMs !== undefined && choice.chance(90)) return
  const closes = from.key !== 'string' && choice.chance(50)
  const step = {
    op: 'suppress',
    ...common(draft, from),
    ...(closes ? {} : { waitMs: choice.of([0, 3, 10, 30]) }),
    ...(!closes && choice.chance(30) ? { maxRecords: 1 + choice.below(3) } : {}),
    ...(!closes && choice.chance(20) ? { maxBytes: 40 + choice.below(100) } : {}),
    ...(choice.chance(10) ? { logging: false } : {}),
  } as const
  // Without bounds it cannot be full.
  const bounds = closes && choice.chance(30) ? { maxRecords: 2 + choice.below(8) } : {}
  const bounded = 'maxRecords' in step || 'maxBytes' in step || 'maxRecords' in bounds
  const whenFull = bounded && (closes || choice.chance(30)) ? { whenFull: 'shut-down' as const } : {}
  add(draft, { ...step, ...bounds, ...whenFull }, from)
}

function common(draft: Draft, from: Part): { readonly id: string; readonly from: string; readonly name?: string } {
  return { id: nextId(draft), from: from.id, ...maybeName(draft) }
}

function stored(draft: Draft, from: Part): ReturnType<typeof common> & ReturnType<typeof maybeTableStore> {
  return { ...common(draft, from), ...maybeTableStore(draft) }
}
