import type { StreamStep } from '../steps/source-steps.ts'
import {
  add,
  type Draft,
  maybeFunction,
  maybeName,
  maybeTableStore,
  nextId,
  versionedStore,
  versions,
} from './draft.ts'

export function drawSource(draft: Draft): void {
  const { choice } = draft
  const id = nextId(draft, 'in')
  const named = { id, ...maybeName(draft) }
  const known = { key: 'string', value: 'string', known: true } as const
  if (choice.chance(12)) {
    const store = choice.chance(60) ? { store: { name: nextId(draft, 'store-') } } : {}
    const gives = {
      ...known,
      kind: 'global',
      ...(store.store === undefined ? {} : { store: store.store.name }),
    } as const
    // What comes with it reads it.
    add(draft, { op: 'globalTable', topic: `topic-${id}`, ...named, ...store }, gives)
    return drawSource(draft)
  }
  const common = {
    ...named,
    ...maybeTime(draft),
    ...(choice.chance(10) ? { offsetReset: 'earliest' as const } : {}),
  }
  if (choice.chance(60)) {
    const earlier = draft.steps.flatMap(step =>
      step.op === 'stream' &&
      step.pattern === undefined &&
      step.extractor === undefined &&
      step.badTimestamp === undefined &&
      step.offsetReset === undefined
        ? [step.topics]
        : [],
    )
    // A second reading of the same topics becomes one source with the first.
    if (earlier.length > 0 && choice.chance(20)) {
      return add(draft, { op: 'stream', topics: choice.of(earlier), ...named }, { ...known, kind: 'stream' })
    }
    const pattern = choice.chance(12) ? { pattern: `topic-${id}(-too)?` } : {}
    const time = common.badTimestamp === 'partition-time' || common.extractor === 'partitionTime'
    // Java's driver has one partition for all topics of a pattern: see `uncompared.ts`.
    const several = choice.chance(pattern.pattern === undefined ? 15 : time ? 0 : 50)
    const topics = several ? [`topic-${id}`, `topic-${id}-too`] : [`topic-${id}`]
    add(draft, { op: 'stream', topics, ...common, ...pattern }, { ...known, kind: 'stream' })
  } else {
    const store = choice.chance(25) ? { store: versionedStore(draft) } : maybeTableStore(draft)
    add(
      draft,
      { op: 'table', topic: `topic-${id}`, ...common, ...store },
      { ...known, kind: 'table', ...versions(store) },
    )
  }
}

function maybeTime(draft: Draft): Pick<StreamStep, 'badTimestamp' | 'extractor'> {
  const { choice } = draft
  if (choice.chance(15)) return { badTimestamp: choice.of(['fail', 'skip', 'partition-time'] as const) }
  return maybeFunction(draft, 15, 'extractor', 'extractor')
}
