import type { StepId } from '../spec.ts'
import { add, another, type Draft, type Draw, maybeName, nextId, oneOf, type Part } from './draft.ts'

/** Joins of a stream. */
export const JOIN_DRAWS: readonly Draw[] = [
  { draw: drawTableJoin('join') },
  { draw: drawTableJoin('leftJoin') },
  { weight: 2, draw: (draft, from) => drawStreamJoin(draft, from) },
  {
    draw(draft, from) {
      const global = another(draft, ({ kind }) => kind === 'global')
      if (global === undefined) return
      const kind = draft.choice.of(['inner', 'left'] as const)
      const functions = { selector: oneOf(draft, 'keySelector'), joiner: oneOf(draft, 'joiner') }
      const step = { op: 'globalJoin', id: nextId(draft), from: from.id, with: global.id, kind, ...functions } as const
      add(draft, { ...step, ...maybeName(draft) }, { ...from, value: 'string', known: false })
    },
  },
]

function drawTableJoin(op: 'join' | 'leftJoin'): Draw['draw'] {
  return (draft, from) => {
    const table = another(draft, part => part.kind === 'table' && part.key === from.key)
    if (table === undefined) return
    const joiner = oneOf(draft, 'joiner')
    const grace = maybeGrace(draft, from, table)
    const start = grace.graceMs === undefined || op === 'join' ? from.id : withKeys(draft, from)
    const step = { op, id: nextId(draft), from: start, table: table.id, joiner, ...maybeName(draft), ...grace } as const
    add(draft, step, { ...from, value: 'string', known: false })
  }
}

/** Within what the table remembers; now and then of a table that remembers nothing, which both sides refuse. */
function maybeGrace({ choice }: Draft, from: Part, { historyRetentionMs }: Part): { readonly graceMs?: number } {
  if (historyRetentionMs === undefined) return choice.chance(1) ? { graceMs: 5 } : {}
  if (choice.chance(40)) return {}
  const graceMs = choice.of([0, 5, 20, 50])
  return { graceMs: choice.chance(95) ? Math.min(historyRetentionMs, graceMs) : graceMs }
}

/** Without the records that Kafka Streams fails on: see `uncompared.ts`. */
function withKeys(draft: Draft, from: Part): StepId {
  const id = nextId(draft)
  add(draft, { op: 'filter', id, from: from.id, predicate: 'keyBeforeM' }, from)
  return id
}

/** Wholly before a record's own time, or wholly after it. */
const ONE_SIDED = [-1, -3, -12].flatMap(near =>
  [5, 20]
    .filter(far => far + near > 0)
    .flatMap(far => [
      { beforeMs: near, afterMs: far },
      { beforeMs: far, afterMs: near },
    ]),
)
/** The same, and around its time or beginning with it. */
const WITHIN = [...[0, 5, 20].flatMap(beforeMs => [1, 5, 20].map(afterMs => ({ beforeMs, afterMs }))), ...ONE_SIDED]

/** @param waits only what makes records wait for a partner, or not */
export function drawStreamJoin(draft: Draft, from: Part, { waits = false }: { readonly waits?: boolean } = {}): void {
  const { choice } = draft
  const other = another(draft, part => part.kind === 'stream' && part.key === from.key)
  if (other === undefined) return
  const step = {
    op: 'streamJoin',
    id: nextId(draft),
    kind: waits ? choice.of(['left', 'outer'] as const) : choice.of(['inner', 'left', 'outer'] as const),
    from: from.id,
    with: other.id,
    joiner: oneOf(draft, 'joiner'),
    ...choice.of(waits ? ONE_SIDED : WITHIN),
    graceMs: waits && choice.chance(60) ? 0 : choice.of([0, 5, 30]),
    ...maybeName(draft),
    ...(choice.chance(20) ? { storeName: nextId(draft, 'store-') } : {}),
    ...(choice.chance(15) ? { logging: false } : {}),
    // Not in memory: see `uncompared.ts`.
    ...(choice.chance(10) ? { type: 'persistent' as const } : {}),
  } as const
  add(draft, step, { ...from, value: 'string', known: false })
}
