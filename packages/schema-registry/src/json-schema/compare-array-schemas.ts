import { change, compareLimits, type JsonChange, type SchemaComparison } from './json-change.ts'
import { compareContent, compareUnevaluated } from './compare-object-schemas.ts'
import type { ArrayModel, InnerModel } from './schema-model.ts'

export function compareArrays(comparison: SchemaComparison, from: ArrayModel, to: ArrayModel): readonly JsonChange[] {
  return [
    ...comparison.compareInner('items', from.items, to.items),
    ...compareTuples(comparison, from, to),
    ...compareContent(comparison, 'additionalItems', { from: from.additional, to: to.additional }),
    ...compareUnevaluated(comparison, 'unevaluatedItems', { from: from.unevaluated, to: to.unevaluated }),
    ...compareLimits(from.limits, to.limits, [
      ['maxItems', 'MAX_ITEMS', true],
      ['minItems', 'MIN_ITEMS', false],
      ['maxContains', 'MAX_CONTAINS', true],
      ['minContains', 'MIN_CONTAINS', false],
    ]),
    ...(to.limits['uniqueItems'] === true && from.limits['uniqueItems'] !== true
      ? [change('uniqueItems', 'UNIQUE_ITEMS_ADDED')]
      : []),
  ]
}

function compareTuples(comparison: SchemaComparison, from: ArrayModel, to: ArrayModel): readonly JsonChange[] {
  return Array.from({ length: Math.max(from.tuple.length, to.tuple.length) }, (_, index): readonly JsonChange[] => {
    const path = `items/${index}`
    const [old, fresh] = [from.tuple[index], to.tuple[index]]
    if (old !== undefined && fresh !== undefined) return comparison.compareInner(path, old, fresh)
    if (old !== undefined) return compareRemoved(comparison, path, { old, to })
    return compareAdded(comparison, path, { fresh: fresh!, from })
  }).flat()
}

function compareRemoved(
  comparison: SchemaComparison,
  path: string,
  { old, to }: { readonly old: InnerModel; readonly to: ArrayModel },
): readonly JsonChange[] {
  if (isOpen(to)) return []
  const partly = partlyOpen(to)
  if (partly === undefined)
    return old().kind === 'false' ? [] : [change(path, 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL')]
  const found = comparison.compareInner(path, old, partly)
  return found.length === 0 ? [] : [...found, change(path, 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]
}

function compareAdded(
  comparison: SchemaComparison,
  path: string,
  { fresh, from }: { readonly fresh: InnerModel; readonly from: ArrayModel },
): readonly JsonChange[] {
  if (isOpen(from)) return fresh().kind === 'empty' ? [] : [change(path, 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL')]
  const partly = partlyOpen(from)
  if (partly === undefined) return []
  const found = comparison.compareInner(path, partly, fresh)
  return found.length === 0 ? [] : [...found, change(path, 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]
}

/** Any item may follow those that the schema names. */
function isOpen({ additional, unevaluated }: ArrayModel): boolean {
  if (additional.isClosed || additional.schema !== undefined) return false
  return unevaluated === undefined || unevaluated().kind === 'empty'
}

function partlyOpen({ additional, unevaluated }: ArrayModel): InnerModel | undefined {
  if (additional.schema !== undefined) return additional.schema
  if (additional.isClosed || unevaluated === undefined) return undefined
  const { kind } = unevaluated()
  return kind === 'false' || kind === 'empty' ? undefined : unevaluated
}
