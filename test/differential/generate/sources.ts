import { add, type Draft, maybeName, maybeStore, nextId } from './draft.ts'

export function drawSource(draft: Draft): void {
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
