import { type Serde, sessionWindowed, timeWindowed, type WindowsSpec } from '@millrace/core'
import { CATALOGUE } from '../catalogue.ts'
import type { AggregateStep, CogroupStep } from '../steps/aggregation-steps.ts'
import {
  adderOf,
  type Building,
  type Datum,
  givenStore,
  mergerOf,
  name,
  type Of,
  type Result,
  STRING,
  table,
} from './result.ts'

export function cogroup(step: CogroupStep, { read }: Building): Result {
  const aggregator = adderOf(step.aggregation)
  if (step.with === undefined) {
    const from = read(step.from, 'grouped')
    return { key: from.key, value: STRING, kind: 'cogrouped', it: from.it.cogroup<Datum>(aggregator) }
  }
  const from = read(step.from, 'cogrouped')
  return { ...from, it: from.it.cogroup(read(step.with, 'grouped').it, aggregator) }
}

export function windowedCogroup(windows: WindowsSpec, { it, key, value }: Of<'cogrouped'>): Result {
  if (windows.type === 'session') return { key, value, kind: 'sessionCogrouped', it: it.windowedBy(windows) }
  const sizeMs = windows.type === 'sliding' ? windows.timeDifferenceMs : windows.sizeMs
  return { key, value, kind: 'windowedCogrouped', sizeMs, it: it.windowedBy(windows) }
}

export function aggregateCogrouped(
  step: AggregateStep,
  from: Of<'cogrouped' | 'windowedCogrouped' | 'sessionCogrouped'>,
): Result {
  const { initial } = CATALOGUE.aggregation[step.aggregation]
  const options = { ...name(step), ...givenStore(step.store ?? {}, { key: from.key, value: STRING }) }
  const first = (): Datum => initial
  if (from.kind === 'cogrouped') return table(from.it.aggregate(first, options), { key: from.key, value: STRING })
  if (from.kind === 'windowedCogrouped') {
    const key = timeWindowed(from.key, { sizeMs: from.sizeMs }) as unknown as Serde<Datum>
    return table(from.it.aggregate(first, options), { key, value: STRING })
  }
  const key = sessionWindowed(from.key) as unknown as Serde<Datum>
  return table(from.it.aggregate(first, mergerOf(step.aggregation), options), { key, value: STRING })
}
