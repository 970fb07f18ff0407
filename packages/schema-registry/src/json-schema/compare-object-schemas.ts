import { below, change, compareLimits, type JsonChange, type SchemaComparison } from './json-change.ts'
import { isSchemaObject } from './schema-documents.ts'
import type { ContentModel, InnerModel, ObjectModel, SchemaModel } from './schema-model.ts'

export function compareObjects(
  comparison: SchemaComparison,
  from: ObjectModel,
  to: ObjectModel,
): readonly JsonChange[] {
  return [
    ...compareRequired(from, to),
    ...compareProperties(comparison, from, to),
    ...compareDependencies(comparison, from, to),
    ...compareContent(comparison, 'additionalProperties', { from: from.additional, to: to.additional }),
    ...compareUnevaluated(comparison, 'unevaluatedProperties', { from: from.unevaluated, to: to.unevaluated }),
    ...compareLimits(from.limits, to.limits, [
      ['maxProperties', 'MAX_PROPERTIES', true],
      ['minProperties', 'MIN_PROPERTIES', false],
    ]),
  ]
}

function compareRequired(from: ObjectModel, to: ObjectModel): readonly JsonChange[] {
  return [...from.properties.keys()].flatMap(name => {
    const property = to.properties.get(name)
    if (property === undefined || from.required.has(name) || !to.required.has(name) || hasDefault(property())) return []
    return [change(`required/${name}`, 'REQUIRED_ATTRIBUTE_ADDED')]
  })
}

function compareProperties(comparison: SchemaComparison, from: ObjectModel, to: ObjectModel): readonly JsonChange[] {
  return [...new Set([...from.properties.keys(), ...to.properties.keys()])].flatMap(name => {
    const path = `properties/${name}`
    const [old, fresh] = [from.properties.get(name), to.properties.get(name)]
    if (old !== undefined && fresh !== undefined) return comparison.compareInner(path, old, fresh)
    if (old !== undefined)
      return compareRemoved(comparison, path, { old, partly: partlyOpen(to, name), isOpen: isOpen(to) })
    return compareAdded(comparison, path, { name, fresh: fresh!, from, to })
  })
}

function compareRemoved(
  comparison: SchemaComparison,
  path: string,
  {
    old,
    partly,
    isOpen: mayBeAnything,
  }: { readonly old: InnerModel; readonly partly: InnerModel | undefined; readonly isOpen: boolean },
): readonly JsonChange[] {
  if (mayBeAnything) return []
  if (partly === undefined)
    return old().kind === 'false' ? [] : [change(path, 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL')]
  const found = comparison.compareInner(path, old, partly)
  return found.length === 0
    ? []
    : [...found, change(path, 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]
}

function compareAdded(
  comparison: SchemaComparison,
  path: string,
  {
    name,
    fresh,
    from,
    to,
  }: { readonly name: string; readonly fresh: InnerModel; readonly from: ObjectModel; readonly to: ObjectModel },
): readonly JsonChange[] {
  const model = fresh()
  const isRequired = to.required.has(name)
  if (isOpen(from)) {
    if (model.kind === 'empty') return []
    if (!isRequired) return [change(path, 'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL')]
    return [
      change(
        path,
        hasDefault(model)
          ? 'REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL'
          : 'REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL',
      ),
    ]
  }
  const partly = partlyOpen(from, name)
  const found = partly === undefined ? [] : comparison.compareInner(path, partly, fresh)
  return [
    ...found,
    ...(found.length === 0 ? [] : [change(path, 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]),
    ...(isRequired && !hasDefault(model) ? [change(path, 'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL')] : []),
  ]
}

function compareDependencies(comparison: SchemaComparison, from: ObjectModel, to: ObjectModel): readonly JsonChange[] {
  const names = [...to.dependentRequired].flatMap(([name, fresh]): readonly JsonChange[] => {
    const old = from.dependentRequired.get(name)
    const path = `dependencies/${name}`
    if (old === undefined) return [change(path, 'DEPENDENCY_ARRAY_ADDED')]
    if (fresh.isSubsetOf(old)) return []
    return [change(path, old.isSubsetOf(fresh) ? 'DEPENDENCY_ARRAY_EXTENDED' : 'DEPENDENCY_ARRAY_CHANGED')]
  })
  const schemas = [...to.dependentSchemas].flatMap(([name, fresh]) => {
    const old = from.dependentSchemas.get(name)
    const path = `dependencies/${name}`
    return old === undefined ? [change(path, 'DEPENDENCY_SCHEMA_ADDED')] : comparison.compareInner(path, old, fresh)
  })
  return [...names, ...schemas]
}

/** `additionalProperties`, or `additionalItems`. */
export function compareContent(
  comparison: SchemaComparison,
  path: 'additionalProperties' | 'additionalItems',
  { from, to }: { readonly from: ContentModel; readonly to: ContentModel },
): readonly JsonChange[] {
  const name = path === 'additionalItems' ? 'ADDITIONAL_ITEMS' : 'ADDITIONAL_PROPERTIES'
  if (from.isClosed !== to.isClosed) return to.isClosed ? [change(path, `${name}_REMOVED`)] : []
  if (to.schema === undefined) return []
  return from.schema === undefined
    ? [change(path, `${name}_NARROWED`)]
    : comparison.compareInner(path, from.schema, to.schema)
}

/** `unevaluatedProperties`, or `unevaluatedItems`. */
export function compareUnevaluated(
  comparison: SchemaComparison,
  path: 'unevaluatedProperties' | 'unevaluatedItems',
  { from, to }: { readonly from: InnerModel | undefined; readonly to: InnerModel | undefined },
): readonly JsonChange[] {
  const name = path === 'unevaluatedItems' ? 'UNEVALUATED_ITEMS' : 'UNEVALUATED_PROPERTIES'
  const [old, fresh] = [from?.(), to?.()]
  if (fresh === undefined || fresh.kind === 'empty' || old?.kind === 'false') return []
  if (fresh.kind === 'false') return [change(path, `${name}_REMOVED`)]
  if (old === undefined || old.kind === 'empty') return [change(path, `${name}_NARROWED`)]
  return below(path, comparison.compare(old, fresh))
}

/** Any property may be there. */
function isOpen({ additional, patterns, unevaluated }: ObjectModel): boolean {
  if (additional.isClosed || additional.schema !== undefined || patterns.length > 0) return false
  return unevaluated === undefined || unevaluated().kind === 'empty'
}

/** What holds for a property that the schema does not name. */
function partlyOpen({ additional, patterns, unevaluated }: ObjectModel, name: string): InnerModel | undefined {
  const byPattern = patterns.find(([pattern]) => pattern.test(name))?.[1]
  if (byPattern !== undefined || additional.schema !== undefined) return byPattern ?? additional.schema
  if (additional.isClosed || unevaluated === undefined) return undefined
  const { kind } = unevaluated()
  return kind === 'false' || kind === 'empty' ? undefined : unevaluated
}

function hasDefault({ source: { node } }: SchemaModel): boolean {
  return isSchemaObject(node) && Object.hasOwn(node, 'default')
}
