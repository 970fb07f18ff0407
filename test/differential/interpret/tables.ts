import type { KeyValueStore, SuppressOptions, ValueTransformer } from '@millrace/core'
import { CATALOGUE, text } from '../catalogue.ts'
import type { SuppressStep, TableSteps } from '../steps/table-steps.ts'
import {
  adderOf,
  type Datum,
  givenStore,
  LONG,
  name,
  type Operators,
  reducerOf,
  selectorOf,
  store,
  STRING,
  STRINGS,
  table,
  tableJoinerOf,
} from './result.ts'

export const TABLES: Operators<TableSteps['op']> = {
  tableGroupBy(step, { read }) {
    const mapper = CATALOGUE.pairMapper[step.mapper]
    const { it } = read(step.from, 'table')
    const grouped = it.groupBy<Datum, Datum>((value, key) => mapper(text(key), text(value)), {
      ...STRINGS,
      ...name(step),
    })
    return { ...STRINGS, kind: 'groupedTable', it: grouped }
  },
  tableCount(step, { read }) {
    const { it, key } = read(step.from, 'groupedTable')
    const serdes = { key, value: LONG }
    return table(it.count({ ...name(step), ...store(step, serdes) }), serdes)
  },
  tableReduce(step, { read }) {
    const from = read(step.from, 'groupedTable')
    const options = { ...name(step), ...store(step, from) }
    return table(from.it.reduce(reducerOf(step.adder), reducerOf(step.subtractor), options), from)
  },
  tableAggregate(step, { read }) {
    const { it, key } = read(step.from, 'groupedTable')
    const serdes = { key, value: STRING }
    const { initial } = CATALOGUE.aggregation[step.adder]
    const options = { ...name(step), ...givenStore(step.store ?? {}, serdes) }
    return table(
      it.aggregate<Datum>(() => initial, adderOf(step.adder), adderOf(step.subtractor), options),
      serdes,
    )
  },
  tableJoin(step, { read }) {
    const from = read(step.from, 'table')
    const other = read(step.with, 'table')
    const serdes = { key: from.key, value: STRING }
    const joiner = tableJoinerOf(step.joiner)
    const options = { ...name(step), ...store(step, serdes) } as object
    if (step.join === 'inner') return table(from.it.join(other.it, joiner, options), serdes)
    if (step.join === 'left') return table(from.it.leftJoin(other.it, joiner, options), serdes)
    return table(from.it.outerJoin(other.it, joiner, options), serdes)
  },
  foreignKeyJoin(step, { read }) {
    const from = read(step.from, 'table')
    const other = read(step.with, 'table')
    const serdes = { key: from.key, value: STRING }
    const foreignKey = selectorOf(step.selector)
    const joiner = tableJoinerOf(step.joiner)
    const options = { ...name(step), ...givenStore(step.store ?? {}, serdes) }
    return table(
      step.join === 'inner'
        ? from.it.join(other.it, foreignKey, joiner, options)
        : from.it.leftJoin(other.it, foreignKey, joiner, options),
      serdes,
    )
  },
  suppress(step, { read }) {
    const from = read(step.from, 'table')
    return table(from.it.suppress(suppressOptions(step)), from)
  },
  transformValues(step, { read }) {
    const from = read(step.from, 'table')
    const serdes = { key: from.key, value: STRING }
    const counts = step.counts === undefined ? undefined : read(step.counts, 'store').it.name
    const transformer = () => countingTransformer(step.mapper, counts)
    const stores = counts === undefined ? {} : { stores: [counts] }
    const options = { ...name(step), ...stores, ...store(step, serdes) } as object
    return table(from.it.transformValues(transformer, options), serdes)
  },
}

function suppressOptions(step: SuppressStep): SuppressOptions {
  const { waitMs, maxRecords, maxBytes, whenFull, logging, name: named } = step
  const limits = {
    ...(whenFull === undefined ? {} : { whenFull }),
    ...(maxRecords === undefined ? {} : { maxRecords }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(logging === undefined ? {} : { logging }),
    ...(named === undefined ? {} : { name: named }),
  }
  return waitMs === undefined ? { until: 'window-closes', ...limits } : { until: 'time-limit', waitMs, ...limits }
}

/** Maps values; with a store of counts, writes before each how often its key has come. */
export function countingTransformer(
  named: keyof typeof CATALOGUE.valueMapper,
  counts: string | undefined,
): ValueTransformer<Datum, Datum, Datum> {
  const mapper = CATALOGUE.valueMapper[named]
  let counted: KeyValueStore<string, string> | undefined
  return {
    init(context) {
      if (counts !== undefined) counted = context.store(counts) as KeyValueStore<string, string>
    },
    async transform(value, key) {
      const mapped = mapper(text(key), text(value))
      if (counted === undefined) return mapped
      const count = Number((await counted.get(text(key))) ?? '0') + 1
      counted.put(text(key), String(count))
      return `${count}:${text(mapped)}`
    },
  }
}
