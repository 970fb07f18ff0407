import {
  hopping,
  type KGroupedStream,
  type Serde,
  sessions,
  sessionWindowed,
  sliding,
  timeWindowed,
  tumbling,
  unlimited,
  type WindowsSpec,
} from '@millrace/core'
import { CATALOGUE } from '../catalogue.ts'
import type {
  AggregateStep,
  AggregationSteps,
  CountStep,
  ReduceStep,
  WindowedByStep,
} from '../steps/aggregation-steps.ts'
import { aggregateCogrouped, cogroup, windowedCogroup } from './cogroups.ts'
import {
  adderOf,
  type Building,
  type Datum,
  givenStore,
  type Known,
  LONG,
  mergerOf,
  name,
  type Of,
  type Operators,
  reducerOf,
  type Result,
  selectorOf,
  serdes,
  store,
  STRING,
  table,
} from './result.ts'

export const AGGREGATIONS: Operators<AggregationSteps['op']> = {
  groupByKey(step, { read }) {
    const from = read(step.from, 'stream')
    return { ...serdes(from), kind: 'grouped', it: from.it.groupByKey({ ...serdes(from), ...name(step) }) }
  },
  groupBy(step, { read }) {
    const { it, value } = read(step.from, 'stream')
    const options = { key: STRING, value, ...name(step) }
    return { kind: 'grouped', key: STRING, value, it: it.groupBy(selectorOf(step.selector), options) }
  },
  windowedBy(step, { read }) {
    const from = read(step.from, 'grouped', 'cogrouped')
    const windows = windowsOf(step)
    if (from.kind === 'cogrouped') return windowedCogroup(windows, from)
    const emit = step.emit === undefined ? {} : { emitStrategy: step.emit }
    if (windows.type === 'session') return { ...from, kind: 'sessions', it: from.it.windowedBy(windows, emit) }
    const sizeMs = windows.type === 'sliding' ? windows.timeDifferenceMs : windows.sizeMs
    return { ...from, kind: 'windowed', sizeMs, it: from.it.windowedBy(windows, emit) }
  },
  count: aggregate,
  reduce: aggregate,
  aggregate,
  cogroup,
}

const PLAIN = ['grouped', 'windowed', 'sessions'] as const
const COGROUPED = ['cogrouped', 'windowedCogrouped', 'sessionCogrouped'] as const

function aggregate(step: CountStep | ReduceStep | AggregateStep, { read }: Building): Result {
  const from = read(step.from, ...PLAIN, ...COGROUPED)
  if (from.kind === 'cogrouped' || from.kind === 'windowedCogrouped' || from.kind === 'sessionCogrouped') {
    if (step.op !== 'aggregate') throw new Error('a cogrouped stream can only be aggregated')
    return aggregateCogrouped(step, from)
  }
  const { key } = from
  const resultKey = resultKeyOf(from)
  // Grouped and windowed streams differ in their keys' types only, which are unknown here.
  const it = from.it as KGroupedStream<Datum, Datum, Known>
  switch (step.op) {
    case 'count': {
      const options = { ...name(step), ...store(step, { key, value: LONG }) } as object
      return table(it.count(options), { key: resultKey, value: LONG })
    }
    case 'reduce': {
      if (from.value !== STRING) throw new Error('reduce needs string values')
      const reduced = it.reduce(reducerOf(step.reducer), { ...name(step), ...store(step, from) })
      return table(reduced, { key: resultKey, value: STRING })
    }
    case 'aggregate': {
      const { initial } = CATALOGUE.aggregation[step.aggregation]
      const add = adderOf(step.aggregation)
      const options = { ...name(step), ...givenStore(step.store ?? {}, { key, value: STRING }) }
      const aggregated =
        from.kind === 'sessions'
          ? from.it.aggregate<Datum>(() => initial, add, mergerOf(step.aggregation), options)
          : it.aggregate<Datum>(() => initial, add, options)
      return table(aggregated, { key: resultKey, value: STRING })
    }
  }
}

function resultKeyOf(from: Of<'grouped' | 'windowed' | 'sessions'>): Serde<Datum> {
  const { key } = from
  if (from.kind === 'grouped') return key
  return from.kind === 'sessions' ? sessionWindowed(key) : timeWindowed(key, { sizeMs: from.sizeMs })
}

function windowsOf({ kind = 'time', sizeMs, advanceMs = sizeMs, graceMs }: WindowedByStep): WindowsSpec {
  switch (kind) {
    case 'time':
      return advanceMs === sizeMs ? tumbling({ sizeMs, graceMs }) : hopping({ sizeMs, advanceMs, graceMs })
    case 'sliding':
      return sliding({ timeDifferenceMs: sizeMs, graceMs })
    case 'session':
      return sessions({ inactivityGapMs: sizeMs, graceMs })
    case 'unlimited':
      return unlimited({ startMs: sizeMs })
  }
}
