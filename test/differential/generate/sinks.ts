import { type Draft, maybeFunction, maybeName, nextId, oneOf } from './draft.ts'

/** Sinks for most of what nobody reads, and for some of the rest. */
export function drawSinks(draft: Draft): void {
  for (const part of [...draft.parts]) {
    const ends = !draft.read.has(part.id)
    if (ends && part.kind === 'table' && draft.choice.chance(70)) {
      const id = nextId(draft)
      draft.steps.push({ op: 'toStream', id, from: part.id, ...maybeName(draft) })
      draft.steps.push({ op: 'to', from: id, topic: `out-${id}`, ...maybeName(draft) })
    }
    if (part.kind === 'stream' && draft.choice.chance(ends ? 90 : 15)) {
      const topic = draft.choice.chance(10) ? { choice: oneOf(draft, 'topicChoice') } : { topic: `out-${part.id}` }
      const partitioner = maybeFunction(draft, 10, 'partitioner', 'partitions')
      draft.steps.push({ op: 'to', from: part.id, ...topic, ...maybeName(draft), ...partitioner })
    }
  }
}
