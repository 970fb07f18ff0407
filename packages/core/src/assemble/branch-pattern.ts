import { millraceError } from '../errors/millrace-error.ts'

type Primitive = string | number | boolean | bigint | null | undefined

type FieldOf<V> = V extends unknown ? keyof V : never
type ValueOf<V, Field> = V extends unknown ? (Field extends keyof V ? V[Field] : never) : never

/** The fields that identify members of a union, with the value that a branch matches. */
export type BranchPattern<V> = [V] extends [never]
  ? never
  : { readonly [Field in FieldOf<V>]?: Extract<ValueOf<V, Field>, Primitive> }

/** The members of `V` that have the fields of a pattern and may fit it, each with the fields as the pattern has them. */
export type Matched<V, Pattern> = V extends unknown
  ? V extends Pattern
    ? V
    : keyof Pattern extends keyof V
      ? V & Pattern
      : never
  : never

/** The members that do not fit, and those of which only some values do. */
export type Unmatched<V, Pattern> = V extends unknown ? (V extends Exactly<Pattern> ? never : V) : never

/** `Pattern` where each of its types stands for one value only; of a wider one no member fits as a whole. */
type Exactly<Pattern> = { readonly [Field in keyof Pattern]: One<Pattern[Field]> }
type One<T> = [T] extends [Primitive] ? (IsUnion<T> extends true ? never : IsWide<T> extends true ? never : T) : never
type IsUnion<T, All = T> = T extends unknown ? ([All] extends [T] ? false : true) : never
type IsWide<T> = string extends T ? true : number extends T ? true : bigint extends T ? true : false

/**
 * What a pattern asks of a value. A record without a value fits none.
 *
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID for what is no pattern, or one that would fit everything
 */
export function patternPredicate(pattern: object, operator: string): (value: unknown) => boolean {
  const fields =
    typeof pattern === 'object' && pattern !== null && !Array.isArray(pattern) ? Object.entries(pattern) : []
  const comparable = fields.every(([, wanted]) => wanted === null || !['object', 'function'].includes(typeof wanted))
  if (fields.length === 0 || !comparable) {
    const reason = 'a branch needs a predicate, or the values of one or more fields, such as { type: "order" }'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
  }
  return value => {
    if (typeof value !== 'object' || value === null) return false
    const record = value as Readonly<Record<string, unknown>>
    for (const [field, wanted] of fields) if (record[field] !== wanted) return false
    return true
  }
}
