import type { KStream } from '@millrace/core'
import { CATALOGUE, text } from '../catalogue.ts'
import type { StepId } from '../spec.ts'
import type { FilterStep, MapValuesStep, SplitStep, StreamSteps } from '../steps/stream-steps.ts'
import {
  type Building,
  type Datum,
  givenStore,
  type Known,
  name,
  type Of,
  type Operators,
  predicateOf,
  type Result,
  selectorOf,
  serdes,
  store,
  stream,
  STRING,
  STRINGS,
  table,
} from './result.ts'

export const STREAMS: Operators<StreamSteps['op']> = {
  filter,
  filterNot: filter,
  map(step, { read }) {
    const mapper = CATALOGUE.pairMapper[step.mapper]
    const { it } = read(step.from, 'stream')
    return stream(
      it.map((value, key) => mapper(text(key), text(value)), name(step)),
      STRINGS,
    )
  },
  mapValues,
  flatMap(step, { read }) {
    const mapper = CATALOGUE.flatPairMapper[step.mapper]
    const { it } = read(step.from, 'stream')
    return stream(
      it.flatMap((value, key) => mapper(text(key), text(value)), name(step)),
      STRINGS,
    )
  },
  flatMapValues(step, { read }) {
    const mapper = CATALOGUE.flatValueMapper[step.mapper]
    const { it, key } = read(step.from, 'stream')
    const mapped = it.flatMapValues((value, itsKey) => mapper(text(itsKey), text(value)), name(step))
    return stream(mapped, { key, value: STRING })
  },
  selectKey(step, { read }) {
    const { it, value } = read(step.from, 'stream')
    return stream(it.selectKey(selectorOf(step.selector), name(step)), { key: STRING, value })
  },
  merge(step, { read }) {
    const from = read(step.from, 'stream')
    return stream(from.it.merge(read(step.with, 'stream').it, name(step)), from)
  },
  peek(step, { read }) {
    const from = read(step.from, 'stream')
    const it = from.it.peek(() => undefined, name(step))
    return stream(it, from)
  },
  split: (step, { read }) => split(step, read(step.from, 'stream')),
  repartition(step, { read }) {
    const from = read(step.from, 'stream')
    const partitions = step.partitions === undefined ? {} : { partitions: step.partitions }
    return stream(
      from.it.repartition({ ...serdes(from), ...name(step), ...partitions, ...partitionerOf(step.partitioner) }),
      from,
    )
  },
  to(step, { read }) {
    const from = read(step.from, 'stream')
    const chosen = step.choice === undefined ? undefined : CATALOGUE.topicChoice[step.choice]
    const topic =
      chosen === undefined ? (step.topic ?? '') : (value: Datum, key: Datum) => chosen(text(key), text(value))
    from.it.to(topic, { ...serdes(from), ...name(step), ...partitionerOf(step.partitioner) })
    return undefined
  },
  foreach(step, { read }) {
    read(step.from, 'stream').it.foreach(() => undefined, name(step))
    return undefined
  },
  print(step, { read }) {
    read(step.from, 'stream').it.print({ ...name(step), write: () => undefined })
    return undefined
  },
  toTable(step, { read }) {
    const from = read(step.from, 'stream')
    return table(from.it.toTable({ ...name(step), ...store(step, from) }), from)
  },
  toStream(step, { read }) {
    const from = read(step.from, 'table')
    if (step.selector === undefined) return stream(from.it.toStream(name(step)), from)
    return stream(from.it.toStream(selectorOf(step.selector), name(step)), { key: STRING, value: from.value })
  },
}

function partitionerOf(named: keyof typeof CATALOGUE.partitions | undefined) {
  if (named === undefined) return {}
  const partitions = CATALOGUE.partitions[named]
  return {
    partitioner(value: Datum, key: Datum): readonly number[] | undefined {
      const chosen = partitions(text(key), text(value))
      return chosen === 'default' ? undefined : Array.from(chosen, Number)
    },
  }
}

function filter(step: FilterStep, { read }: Building): Result {
  const from = read(step.from, 'stream', 'table')
  const predicate = predicateOf(step.predicate)
  if (from.kind === 'stream') return stream(from.it[step.op](predicate, name(step)), from)
  return table(from.it[step.op](predicate, { ...name(step), ...store(step, from) }), from)
}

function mapValues(step: MapValuesStep, { read }: Building): Result {
  const from = read(step.from, 'stream', 'table')
  const named = CATALOGUE.valueMapper[step.mapper]
  const mapper = (value: Datum, key: Datum): Datum => named(text(key), text(value)) as Datum
  const result = { key: from.key, value: STRING }
  if (from.kind === 'stream') return stream(from.it.mapValues(mapper, name(step)), result)
  const it =
    step.store === undefined
      ? from.it.mapValues(mapper, name(step))
      : from.it.mapValues(mapper, { ...name(step), ...givenStore(step.store, result) })
  return table(it, result)
}

function split(step: SplitStep, from: Of<'stream'>): readonly (readonly [StepId, Result])[] {
  let branched = from.it.split(name(step)) as unknown as BranchedByName
  for (const branch of step.branches) branched = branched.branch(predicateOf(branch.predicate), name(branch))
  const streams = step.defaultBranch ? branched.defaultBranch(name(step.defaultBranch)) : branched.noDefaultBranch()
  const ids = step.branches.map(({ id, name: given }, index) => [id, given ?? String(index + 1)] as const)
  if (step.defaultBranch) ids.push([step.defaultBranch.id, step.defaultBranch.name ?? 'default'])
  return ids.map(([id, key]) => [id, stream(streams[key], from)])
}

/** A stream being split, whose branches the types cannot know here. */
interface BranchedByName {
  branch(predicate: (value: unknown, key: unknown) => boolean, options: { readonly name?: string }): BranchedByName
  defaultBranch(options: { readonly name?: string }): Readonly<Record<string, KStream<Datum, Datum, Known>>>
  noDefaultBranch(): Readonly<Record<string, KStream<Datum, Datum, Known>>>
}
