import type { KGroupedTable, KTable, Serde, SuppressOptions } from '@millrace/core'
import { CATALOGUE, text } from './catalogue.ts'
import type { StepId, StoreSpec } from './spec.ts'
import type {
  ForeignKeyJoinStep,
  SuppressStep,
  TableJoinStep,
  TableOnlyStep,
  TransformValuesStep,
} from './table-steps.ts'

type Datum = string | bigint | object
type Table = KTable<Datum, Datum, 'key' | 'value'>

interface Serdes {
  readonly key: Serde<Datum>
  readonly value: Serde<Datum>
}

export interface TableResult extends Serdes {
  readonly kind: 'table'
  readonly it: Table
}

export interface GroupedTableResult extends Serdes {
  readonly kind: 'groupedTable'
  readonly it: KGroupedTable<Datum, Datum>
}

/** What the step gives. `string` and `long` are the serdes that the interpreter uses for these. */
export function tableOnly(
  step: TableOnlyStep,
  table: (id: StepId) => TableResult,
  grouped: (id: StepId) => GroupedTableResult,
  { string, long }: { readonly string: Serde<Datum>; readonly long: Serde<Datum> },
): TableResult | GroupedTableResult {
  const name = step.name === undefined ? {} : { name: step.name }
  const gives = (it: unknown, serdes: Serdes): TableResult => ({
    kind: 'table',
    key: serdes.key,
    value: serdes.value,
    it: it as Table,
  })
  switch (step.op) {
    case 'tableGroupBy': {
      const mapper = CATALOGUE.pairMapper[step.mapper]
      const serdes = { key: string, value: string }
      const it = table(step.from).it.groupBy((key, value) => mapper(text(key), text(value)), { ...serdes, ...name })
      return { ...serdes, kind: 'groupedTable', it }
    }
    case 'tableCount': {
      const { it, key } = grouped(step.from)
      const serdes = { key, value: long }
      return gives(it.count({ ...name, ...stored(step.store, serdes) } as object), serdes)
    }
    case 'tableReduce': {
      const from = grouped(step.from)
      const reducer = (of: keyof typeof CATALOGUE.reducer) => (all: Datum, value: Datum) =>
        CATALOGUE.reducer[of](text(all), text(value))
      const options = { ...name, ...stored(step.store, from) }
      return gives(from.it.reduce(reducer(step.adder), reducer(step.subtractor), options), from)
    }
    case 'tableAggregate': {
      const { it, key } = grouped(step.from)
      const serdes = { key, value: string }
      const adder = (of: keyof typeof CATALOGUE.aggregation) => (itsKey: Datum, value: Datum, all: Datum) =>
        CATALOGUE.aggregation[of].add(text(itsKey), text(value), text(all))
      const { initial } = CATALOGUE.aggregation[step.adder]
      const options = { ...name, store: { ...step.store, ...serdes } }
      return gives(
        it.aggregate<Datum>(() => initial, adder(step.adder), adder(step.subtractor), options),
        serdes,
      )
    }
    case 'tableJoin':
      return tableJoin(step, table(step.from), table(step.with))
    case 'foreignKeyJoin':
      return foreignKeyJoin(step, table(step.from), table(step.with))
    case 'suppress': {
      const from = table(step.from)
      return gives(from.it.suppress(suppressOptions(step)), from)
    }
    case 'transformValues':
      return transformValues(step, table(step.from))
  }

  function tableJoin({ join, joiner, store }: TableJoinStep, from: TableResult, other: TableResult): TableResult {
    const serdes = { key: from.key, value: string }
    const named = CATALOGUE.joiner[joiner]
    const both = (value: Datum | null, otherValue: Datum | null): Datum =>
      named('k', text(value), text(otherValue)) as Datum
    const options = { ...name, ...stored(store, serdes) } as object
    const joined =
      join === 'inner'
        ? from.it.join(other.it, both, options)
        : join === 'left'
          ? from.it.leftJoin(other.it, both, options)
          : from.it.outerJoin(other.it, both, options)
    return gives(joined, serdes)
  }

  function foreignKeyJoin(given: ForeignKeyJoinStep, from: TableResult, other: TableResult): TableResult {
    const serdes = { key: from.key, value: string }
    const selector = CATALOGUE.keySelector[given.selector]
    const named = CATALOGUE.joiner[given.joiner]
    const foreignKey = (value: Datum, key: Datum) => selector(text(key), text(value))
    const joiner = (value: Datum, otherValue: Datum | null): Datum => named('k', text(value), text(otherValue)) as Datum
    const options = { ...name, store: { ...given.store, ...serdes } }
    return gives(
      given.join === 'inner'
        ? from.it.join(other.it, foreignKey, joiner, options)
        : from.it.leftJoin(other.it, foreignKey, joiner, options),
      serdes,
    )
  }

  function transformValues({ mapper, store }: TransformValuesStep, from: TableResult): TableResult {
    const serdes = { key: from.key, value: string }
    const named = CATALOGUE.valueMapper[mapper]
    const transformer = () => ({ transform: (key: Datum, value: Datum | null) => named(text(key), text(value)) })
    return gives(from.it.transformValues(transformer, { ...name, ...stored(store, serdes) } as object), serdes)
  }
}

function suppressOptions({ waitMs, maxRecords, maxBytes, logging, name }: SuppressStep): SuppressOptions {
  const limits = {
    ...(maxRecords === undefined ? {} : { maxRecords }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(logging === undefined ? {} : { logging }),
    ...(name === undefined ? {} : { name }),
  }
  return waitMs === undefined ? { until: 'window-closes', ...limits } : { until: 'time-limit', waitMs, ...limits }
}

function stored(store: StoreSpec | undefined, serdes: Serdes): { readonly store?: StoreSpec & Serdes } {
  return store === undefined ? {} : { store: { ...store, key: serdes.key, value: serdes.value } }
}
