import type { StepId } from '../spec.ts'
import { type OwnStore, PROCESSOR_STORES, type ProcessorKind } from '../steps/processor-steps.ts'
import { add, type Draft, type Draw, maybeName, maybeType, nextId, type Part } from './draft.ts'

/** User code on a stream. */
export const PROCESSOR_DRAWS: readonly Draw[] = [
  { draw: drawProcessor('process') },
  { draw: drawProcessor('processValues') },
]

function drawProcessor(op: 'process' | 'processValues'): Draw['draw'] {
  return (draft, from) => {
    const kinds = (Object.keys(PROCESSOR_STORES) as ProcessorKind[]).filter(
      kind => op === 'process' || !PUNCTUATES.has(kind),
    )
    const processor = draft.choice.of(kinds)
    const store = storeFor(draft, processor)
    if (store === undefined) return
    const step = { op, id: nextId(draft), from: from.id, ...maybeName(draft), processor, ...store } as const
    const key = op === 'process' ? 'string' : from.key
    add(draft, step, { ...from, key, value: 'string', known: false })
  }
}

const PUNCTUATES: ReadonlySet<ProcessorKind> = new Set(['hold', 'holdByWallClock'])

/** Added before the step, one for each processor; undefined where a global store is needed and there is none. */
function storeFor(draft: Draft, processor: ProcessorKind): { store?: string; lookUp?: string } | undefined {
  const { choice } = draft
  const needs = PROCESSOR_STORES[processor]
  if (needs === undefined) return {}
  if (needs === 'global') {
    const global = draft.parts.find((part: Part) => part.kind === 'global' && part.store !== undefined)
    if (global?.store !== undefined && choice.chance(50)) return { lookUp: global.store }
    const name = nextId(draft, 'store-')
    const id = nextId(draft)
    draft.steps.push({ op: 'addGlobalStore', id, topic: `topic-${id}`, store: { name } })
    return { lookUp: name }
  }
  // It reads backward, past what is deleted: see `uncompared.ts`.
  return { store: ownStore(draft, needs, { cached: processor !== 'ranges' }) }
}

/** A store that the user adds, for one processor. */
export function ownStore(draft: Draft, kind: OwnStore['kind'], { cached = true } = {}): StepId {
  const { choice } = draft
  const id = nextId(draft)
  const store = {
    name: nextId(draft, 'store-'),
    kind,
    ...(cached && choice.chance(30) ? { caching: choice.chance(80) } : {}),
    ...(choice.chance(25) ? { logging: false as const } : {}),
    ...(kind === 'keyValue' && choice.chance(15)
      ? { maxEntries: 1 + choice.below(4), caching: false }
      : maybeType(draft)),
    ...(kind === 'window' && choice.chance(30) ? { retainDuplicates: true as const } : {}),
  }
  draft.steps.push({ op: 'addStore', id, store })
  return id
}
