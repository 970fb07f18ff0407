import type { InnerModel, SchemaModel } from './schema-model.ts'

/** The names that Confluent's registry gives to changes after which a new schema refuses what the old one accepts. */
export type JsonChangeKind =
  | 'SCHEMA_ADDED'
  | 'TYPE_NARROWED'
  | 'TYPE_CHANGED'
  | `${'MAX_LENGTH' | 'MAXIMUM' | 'EXCLUSIVE_MAXIMUM' | 'MAX_PROPERTIES' | 'MAX_ITEMS' | 'MAX_CONTAINS'}_${'ADDED' | 'DECREASED'}`
  | `${'MIN_LENGTH' | 'MINIMUM' | 'EXCLUSIVE_MINIMUM' | 'MIN_PROPERTIES' | 'MIN_ITEMS' | 'MIN_CONTAINS'}_${'ADDED' | 'INCREASED'}`
  | 'PATTERN_ADDED'
  | 'PATTERN_CHANGED'
  | 'MULTIPLE_OF_ADDED'
  | 'MULTIPLE_OF_EXPANDED'
  | 'MULTIPLE_OF_CHANGED'
  | 'REQUIRED_ATTRIBUTE_ADDED'
  | 'ADDITIONAL_PROPERTIES_REMOVED'
  | 'ADDITIONAL_PROPERTIES_NARROWED'
  | 'UNEVALUATED_PROPERTIES_REMOVED'
  | 'UNEVALUATED_PROPERTIES_NARROWED'
  | 'DEPENDENCY_ARRAY_ADDED'
  | 'DEPENDENCY_ARRAY_EXTENDED'
  | 'DEPENDENCY_ARRAY_CHANGED'
  | 'DEPENDENCY_SCHEMA_ADDED'
  | 'REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL'
  | 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL'
  | 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'UNIQUE_ITEMS_ADDED'
  | 'ADDITIONAL_ITEMS_REMOVED'
  | 'ADDITIONAL_ITEMS_NARROWED'
  | 'UNEVALUATED_ITEMS_REMOVED'
  | 'UNEVALUATED_ITEMS_NARROWED'
  | 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL'
  | 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ENUM_ARRAY_NARROWED'
  | 'ENUM_ARRAY_CHANGED'
  | 'COMBINED_TYPE_CHANGED'
  | 'COMBINED_TYPE_SUBSCHEMAS_CHANGED'
  | 'PRODUCT_TYPE_EXTENDED'
  | 'SUM_TYPE_NARROWED'
  | 'NOT_TYPE_EXTENDED'

export interface JsonChange {
  readonly kind: JsonChangeKind
  /** `#/properties/id/maximum` */
  readonly path: string
}

/** Compares schemas within others. Paths of changes are relative to the pair. */
export interface SchemaComparison {
  compare(from: SchemaModel, to: SchemaModel): readonly JsonChange[]
  /** Schemas that may be missing. */
  compareInner(path: string, from: InnerModel | undefined, to: InnerModel | undefined): readonly JsonChange[]
}

export function change(path: string, kind: JsonChangeKind): JsonChange {
  return { kind, path: `#/${path}` }
}

export function below(path: string, changes: readonly JsonChange[]): readonly JsonChange[] {
  return changes.map(one => ({
    kind: one.kind,
    path: one.path === '#/' ? `#/${path}` : `#/${path}/${one.path.slice(2)}`,
  }))
}

/** The limits of a schema that may not become narrower. */
export function compareLimits(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
  limits: readonly (readonly [keyword: string, name: string, isMaximum: boolean])[],
): JsonChange[] {
  return limits.flatMap(([keyword, name, isMaximum]) => {
    const [old, fresh] = [from[keyword], to[keyword]]
    if (typeof fresh !== 'number') return []
    if (typeof old !== 'number') return [change(keyword, `${name}_ADDED` as JsonChangeKind)]
    if (isMaximum ? fresh >= old : fresh <= old) return []
    return [change(keyword, `${name}_${isMaximum ? 'DECREASED' : 'INCREASED'}` as JsonChangeKind)]
  })
}

/** `%s` stands for the reader and then for the writer. */
export function sentence({ kind, path }: JsonChange): string {
  if (kind.endsWith('_TO_OPEN_CONTENT_MODEL')) {
    return `The %s schema describes '${path}', where the %s schema allows anything`
  }
  if (kind === 'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL' || kind === 'REQUIRED_ATTRIBUTE_ADDED') {
    return `The %s schema requires '${path}', which the %s schema does not require`
  }
  if (kind.endsWith('_FROM_CLOSED_CONTENT_MODEL'))
    return `The %s schema does not allow '${path}', which the %s schema describes`
  if (kind.endsWith('_PARTIALLY_OPEN_CONTENT_MODEL')) {
    return `What the %s schema says of '${path}' does not include what the %s schema says of it`
  }
  if (kind.endsWith('_INCREASED') || kind.endsWith('_EXPANDED'))
    return `The value of '${path}' in the %s schema is larger than that in the %s schema`
  if (kind.endsWith('_DECREASED'))
    return `The value of '${path}' in the %s schema is smaller than that in the %s schema`
  if (kind.endsWith('_NARROWED')) return `The %s schema allows less at '${path}' than the %s schema`
  if (kind.endsWith('_REMOVED')) return `The %s schema allows nothing more at '${path}', other than the %s schema`
  if (kind.endsWith('_ADDED')) return `The %s schema has '${path}', which the %s schema does not have`
  if (kind.endsWith('_EXTENDED')) return `The %s schema has more conditions at '${path}' than the %s schema`
  return `The %s schema and the %s schema differ at '${path}'`
}
