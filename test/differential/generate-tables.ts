import { CATALOGUE, type Catalogue } from './catalogue.ts'
import type { Choice } from './choice.ts'
import type { StepId, StoreSpec } from './spec.ts'
import type { TableOnlyStep } from './table-steps.ts'

/** What a step can be built upon. */
export interface TablePart {
  readonly id: StepId
  readonly kind: 'table' | 'groupedTable'
  readonly key: 'string' | 'windowed'
  readonly value: 'string' | 'long'
  readonly known: boolean
}

type Made = readonly [step: TableOnlyStep, gives: Omit<TablePart, 'id'>]

const AFTER_TABLE = ['tableGroupBy', 'tableJoin', 'tableJoin', 'foreignKeyJoin', 'suppress', 'transformValues'] as const

/**
 * Draws a step that only tables have, on the table or grouped table `from`; `tables` are those that it may be joined with.
 * Undefined where the step drawn does not fit.
 */
export function drawTableStep(
  choice: Choice,
  from: TablePart,
  tables: readonly TablePart[],
  id: StepId,
  options: { readonly name?: string; readonly store?: StoreSpec },
): Made | undefined {
  const name = options.name === undefined ? {} : { name: options.name }
  const store = options.store === undefined ? {} : { store: options.store }
  const common = { id, from: from.id, ...name }
  const one = <Kind extends keyof Catalogue>(kind: Kind) =>
    choice.of(Object.keys(CATALOGUE[kind]) as (keyof Catalogue[Kind] & string)[])
  if (from.kind === 'groupedTable') {
    const op = choice.of(['tableCount', 'tableReduce', 'tableAggregate'] as const)
    const gives = { kind: 'table', key: 'string', value: 'string', known: true } as const
    switch (op) {
      case 'tableCount':
        return [
          { op, ...common, ...store },
          { ...gives, value: 'long' },
        ]
      case 'tableReduce':
        return [{ op, ...common, ...store, adder: one('reducer'), subtractor: one('reducer') }, gives]
      case 'tableAggregate': {
        // One that counts reads what it has written, and can read nothing else.
        const adder = one('aggregation')
        const drawn = one('aggregation')
        const subtractor = adder === 'countText' || drawn === 'countText' ? adder : drawn
        return [{ op, ...common, ...store, adder, subtractor }, gives]
      }
    }
  }
  const op = choice.of(AFTER_TABLE)
  const strings = { ...from, value: 'string' } as const
  switch (op) {
    case 'tableGroupBy': {
      const gives = { kind: 'groupedTable', key: 'string', value: 'string', known: true } as const
      return [{ op, ...common, mapper: one('pairMapper') }, gives]
    }
    case 'tableJoin': {
      const others = tables.filter(({ key }) => key === 'string')
      if (from.key !== 'string' || others.length === 0) return undefined
      const join = choice.of(['inner', 'left', 'outer'] as const)
      const step = { op, ...common, ...store, join, with: choice.of(others).id, joiner: one('joiner') } as const
      return [step, { ...strings, known: options.store !== undefined }]
    }
    case 'foreignKeyJoin': {
      const others = tables.filter(({ key, known }) => key === 'string' && known)
      if (from.key !== 'string' || !from.known || others.length === 0) return undefined
      const join = choice.of(['inner', 'left'] as const)
      const functions = { selector: one('keySelector'), joiner: one('joiner') }
      const step = { op, ...common, ...store, join, with: choice.of(others).id, ...functions } as const
      return [step, { ...strings, known: true }]
    }
    case 'suppress': {
      if (!from.known) return undefined
      const closes = from.key === 'windowed' && choice.chance(50)
      const step = {
        op,
        ...common,
        ...(closes ? {} : { waitMs: choice.of([0, 3, 10, 30]) }),
        ...(!closes && choice.chance(30) ? { maxRecords: 1 + choice.below(3) } : {}),
        ...(!closes && choice.chance(20) ? { maxBytes: 40 + choice.below(100) } : {}),
        ...(choice.chance(10) ? { logging: false } : {}),
      } as const
      return [step, from]
    }
    case 'transformValues':
      return [
        { op, ...common, ...store, mapper: one('valueMapper') },
        { ...strings, known: options.store !== undefined },
      ]
  }
}
