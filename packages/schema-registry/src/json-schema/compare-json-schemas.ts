import { isDeepStrictEqual } from 'node:util'
import { compareArrays } from './compare-array-schemas.ts'
import { compareObjects } from './compare-object-schemas.ts'
import { below, change, compareLimits, type JsonChange, type SchemaComparison } from './json-change.ts'
import { maximumMatching } from './maximum-matching.ts'
import { isSchemaObject } from './schema-documents.ts'
import type { CombinedModel, InnerModel, NumberModel, SchemaModel, StringModel } from './schema-model.ts'

/**
 * Why the new schema refuses values that the old one accepts, by the rules of Confluent's registry. These rules look at the form of both
 * schemas: they may refuse a change that no value would notice.
 */
export function breakingChanges(from: SchemaModel, to: SchemaModel): readonly JsonChange[] {
  // A recursive schema is compared on the assumption that it is compatible with itself. If this turns out to be wrong, the comparison is
  // made again with what was learned.
  for (let known: ReadonlyMap<SchemaModel, ReadonlyMap<SchemaModel, readonly JsonChange[]>> = new Map(); ;) {
    const comparison = new JsonComparison(known)
    const found = comparison.compare(from, to)
    if (!comparison.hasAssumed || comparison.countBroken() === count(known)) return found
    known = comparison.broken()
  }
}

function count(known: ReadonlyMap<SchemaModel, ReadonlyMap<SchemaModel, readonly JsonChange[]>>): number {
  return [...known.values()].reduce((sum, { size }) => sum + size, 0)
}

/** Paths of changes are relative to the pair that is compared. */
class JsonComparison implements SchemaComparison {
  hasAssumed = false
  readonly #known: ReadonlyMap<SchemaModel, ReadonlyMap<SchemaModel, readonly JsonChange[]>>
  readonly #results = new Map<SchemaModel, Map<SchemaModel, readonly JsonChange[] | undefined>>()

  /** @param known pairs that an earlier comparison found to be incompatible */
  constructor(known: ReadonlyMap<SchemaModel, ReadonlyMap<SchemaModel, readonly JsonChange[]>>) {
    this.#known = known
  }

  compare(from: SchemaModel, to: SchemaModel): readonly JsonChange[] {
    const results = this.#results.get(from) ?? new Map<SchemaModel, readonly JsonChange[] | undefined>()
    this.#results.set(from, results)
    const made = results.get(to)
    if (made !== undefined) return made
    if (results.has(to)) {
      const earlier = this.#known.get(from)?.get(to)
      this.hasAssumed ||= earlier === undefined
      return earlier ?? []
    }
    results.set(to, undefined)
    const found = this.#compare(from, to)
    results.set(to, found)
    return found
  }

  /** Schemas that may be missing. */
  compareInner(path: string, from: InnerModel | undefined, to: InnerModel | undefined): readonly JsonChange[] {
    if (to === undefined) return []
    if (from === undefined) return [change(path, 'SCHEMA_ADDED')]
    return below(path, this.compare(from(), to()))
  }

  broken(): ReadonlyMap<SchemaModel, ReadonlyMap<SchemaModel, readonly JsonChange[]>> {
    const pairs = [...this.#results].map(([from, results]) => {
      const entries = [...results].filter(
        (entry): entry is [SchemaModel, readonly JsonChange[]] => (entry[1]?.length ?? 0) > 0,
      )
      return [from, new Map(entries)] as const
    })
    return new Map(pairs)
  }

  countBroken(): number {
    return count(this.broken())
  }

  #compare(from: SchemaModel, to: SchemaModel): readonly JsonChange[] {
    const alternative = this.#throughCombination(from, to)
    if (alternative) return []
    if (from.kind === 'combined' && to.kind === 'combined') return this.#compareCombined(from, to)
    if (from.kind !== to.kind) {
      if (from.kind === 'false' || to.kind === 'empty') return []
      return isBytes(from) && isBytes(to) ? [] : [change('', 'TYPE_CHANGED')]
    }
    if (from.kind === 'string' && to.kind === 'string') return compareStrings(from, to)
    if (from.kind === 'number' && to.kind === 'number') return compareNumbers(from, to)
    if (from.kind === 'object' && to.kind === 'object') return compareObjects(this, from, to)
    if (from.kind === 'array' && to.kind === 'array') return compareArrays(this, from, to)
    if (from.kind === 'enum' && to.kind === 'enum') return compareEnums(from.values, to.values)
    if (from.kind === 'const' && to.kind === 'const') {
      return isDeepStrictEqual(from.value, to.value) ? [] : [change('const', 'ENUM_ARRAY_CHANGED')]
    }
    if (from.kind === 'not' && to.kind === 'not') {
      // What must not match may become less.
      return this.compare(to.inner(), from.inner()).length === 0 ? [] : [change('not', 'NOT_TYPE_EXTENDED')]
    }
    return []
  }

  /** Whether a choice on one side only has a part that fits the other side. */
  #throughCombination(from: SchemaModel, to: SchemaModel): boolean {
    if (from.kind !== 'combined' && to.kind === 'combined') {
      if (to.parts.length !== 1 && to.criterion === 'allOf') return false
      return to.parts.some(part => this.compare(from, part()).length === 0)
    }
    if (from.kind === 'combined' && to.kind !== 'combined') {
      if (from.parts.length !== 1 && from.criterion !== 'allOf') return false
      return from.parts.some(part => this.compare(part(), to).length === 0)
    }
    return false
  }

  #compareCombined(from: CombinedModel, to: CombinedModel): readonly JsonChange[] {
    if (from.criterion !== to.criterion && !isWider(from, to)) return [change('', 'COMBINED_TYPE_CHANGED')]
    const [old, fresh] = [from, to].map(({ parts }) => distinct(parts.map(part => part()))) as [
      SchemaModel[],
      SchemaModel[],
    ]
    const found: JsonChange[] = []
    if (old.length < fresh.length && to.criterion === 'allOf') found.push(change('', 'PRODUCT_TYPE_EXTENDED'))
    if (old.length > fresh.length && from.criterion !== 'allOf') found.push(change('', 'SUM_TYPE_NARROWED'))
    const matched = maximumMatching(
      old.length,
      fresh.length,
      (one, other) => this.compare(old[one]!, fresh[other]!).length === 0,
    )
    if (matched < Math.min(old.length, fresh.length)) found.push(change('', 'COMBINED_TYPE_SUBSCHEMAS_CHANGED'))
    return found
  }
}

function isWider(from: CombinedModel, to: CombinedModel): boolean {
  const isSingle = from.parts.length === 1
  const becomesSingle = to.parts.length === 1
  return (
    to.criterion === 'anyOf' ||
    (isSingle && becomesSingle) ||
    (isSingle && to.criterion === 'oneOf') ||
    (becomesSingle && from.criterion === 'allOf')
  )
}

/** Parts that are written in the same way count once. */
function distinct(parts: readonly SchemaModel[]): SchemaModel[] {
  return parts.filter(
    (part, index) =>
      parts.findIndex(other => other.kind === part.kind && isDeepStrictEqual(other.source.node, part.source.node)) ===
      index,
  )
}

/** Kafka Connect once wrote decimals as another type: both are bytes. */
function isBytes({ source: { node } }: SchemaModel): boolean {
  return isSchemaObject(node) && node['connect.type'] === 'bytes'
}

function compareStrings({ limits: from }: StringModel, { limits: to }: StringModel): readonly JsonChange[] {
  const found = compareLimits(from, to, [
    ['maxLength', 'MAX_LENGTH', true],
    ['minLength', 'MIN_LENGTH', false],
  ])
  const [old, fresh] = [from['pattern'], to['pattern']]
  if (fresh === undefined || old === fresh) return found
  return [...found, change('pattern', old === undefined ? 'PATTERN_ADDED' : 'PATTERN_CHANGED')]
}

function compareNumbers(from: NumberModel, to: NumberModel): readonly JsonChange[] {
  return [
    ...compareLimits(from.limits, to.limits, [
      ['maximum', 'MAXIMUM', true],
      ['minimum', 'MINIMUM', false],
      ['exclusiveMaximum', 'EXCLUSIVE_MAXIMUM', true],
      ['exclusiveMinimum', 'EXCLUSIVE_MINIMUM', false],
    ]),
    ...compareMultiples(from.limits['multipleOf'], to.limits['multipleOf']),
    ...(to.isInteger && !from.isInteger ? [change('', 'TYPE_NARROWED')] : []),
  ]
}

function compareMultiples(from: unknown, to: unknown): readonly JsonChange[] {
  if (typeof to !== 'number' || from === to) return []
  if (typeof from !== 'number') return [change('multipleOf', 'MULTIPLE_OF_ADDED')]
  if (isMultiple(to, from)) return [change('multipleOf', 'MULTIPLE_OF_EXPANDED')]
  return isMultiple(from, to) ? [] : [change('multipleOf', 'MULTIPLE_OF_CHANGED')]
}

/** Exact for decimals: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  const digits = Math.max(
    ...[value, of].map(one =>
      (/\.(\d+)|e-(\d+)/.exec(String(one)) ?? [])
        .slice(1)
        .reduce((sum, part, index) => sum + (part === undefined ? 0 : index === 0 ? part.length : Number(part)), 0),
    ),
  )
  const scale = 10 ** digits
  return of !== 0 && Math.round(value * scale) % Math.round(of * scale) === 0
}

function compareEnums(from: readonly unknown[], to: readonly unknown[]): readonly JsonChange[] {
  const has = (values: readonly unknown[], value: unknown): boolean => values.some(one => isDeepStrictEqual(one, value))
  if (from.every(value => has(to, value))) return []
  return [change('enum', to.every(value => has(from, value)) ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED')]
}
