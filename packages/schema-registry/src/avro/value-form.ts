import { type LogicalType, logicalTypeOf } from './logical-type.ts'
import { type AvroType, type AvroUnion, branchName } from './schema.ts'

/** How the values of a logical type appear in a program, in place of the values of the type below it. */
export interface LogicalConverter<Value, Raw = unknown> {
  /** Of the values in a union: two branches whose values cannot be told apart are wrapped. */
  readonly shape: ValueShape
  /** How a long is given to `fromRaw`. @default as `longs` of the serde */
  readonly longs?: 'number' | 'bigint'
  fromRaw(raw: Raw, type: LogicalType): Value
  /** @throws when the value has no raw form */
  toRaw(value: Value, type: LogicalType): Raw
}

/** What `typeof` and a little more tell about a value. */
export type ValueShape = 'null' | 'boolean' | 'number' | 'bigint' | 'string' | 'bytes' | 'array' | 'object' | 'date'

// oxlint-disable-next-line typescript/no-explicit-any -- the values of a converter are known to its own schema only
export type LogicalConverters = Readonly<Record<string, LogicalConverter<any, any>>>

export interface ValueForm {
  /** A long as a number, and one that is not a safe integer is refused; or as a bigint. */
  readonly longs: 'number' | 'bigint'
  readonly logicalTypes: LogicalConverters
}

export interface KnownConverter {
  readonly logicalType: LogicalType
  readonly converter: LogicalConverter<unknown>
}

export function converterOf(type: AvroType, form: ValueForm): KnownConverter | undefined {
  const logicalType = logicalTypeOf(type)
  if (logicalType === undefined || !Object.hasOwn(form.logicalTypes, logicalType.name)) return undefined
  return { logicalType, converter: form.logicalTypes[logicalType.name]! }
}

/** The form in which a converter gets its raw values. */
export function rawFormOf(form: ValueForm, known: KnownConverter | undefined): ValueForm {
  const longs = known?.converter.longs
  return longs === undefined ? form : { ...form, longs }
}

export function shapeOf(type: AvroType, form: ValueForm): ValueShape {
  const known = converterOf(type, form)
  if (known !== undefined) return known.converter.shape
  switch (type.kind) {
    case 'null':
    case 'boolean':
    case 'array':
      return type.kind
    case 'int':
    case 'float':
    case 'double':
      return 'number'
    case 'long':
      return form.longs
    case 'string':
    case 'enum':
      return 'string'
    case 'bytes':
    case 'fixed':
      return 'bytes'
    case 'record':
    case 'map':
    case 'union':
      return 'object'
  }
}

/**
 * Whether the values of a union are wrapped, as `{ 'shop.Order': order }`: if two branches have values of the same shape. This is
 * also what avsc does. Null is never wrapped.
 */
export function isWrapped(union: AvroUnion, form: ValueForm): boolean {
  const shapes = union.branches.map(branch => shapeOf(branch, form))
  return new Set(shapes).size < shapes.length
}

/** The branch that a value is written as, and the value within its wrapping. */
export function branchOf(
  union: AvroUnion,
  value: unknown,
  form: ValueForm,
): { readonly index: number; readonly value: unknown } | undefined {
  const shape = shapeOfValue(value)
  if (shape === undefined) return undefined
  if (!isWrapped(union, form) || shape === 'null') {
    const shapes = union.branches.map(branch => shapeOf(branch, form))
    const index = shapes.indexOf(shape)
    if (index >= 0) return { index, value }
    // Long values may be given as numbers, also where they are read as bigints, and the reverse.
    const other = shape === 'number' ? shapes.indexOf('bigint') : shape === 'bigint' ? shapes.indexOf('number') : -1
    return other < 0 ? undefined : { index: other, value }
  }
  if (shape !== 'object') return undefined
  const names = Object.keys(value as object)
  if (names.length !== 1) return undefined
  const index = union.branches.findIndex(branch => branchName(branch) === names[0])
  return index < 0 ? undefined : { index, value: (value as Readonly<Record<string, unknown>>)[names[0]!] }
}

/** Built-in classes whose content is not in properties: they would be written as if they were empty. */
const HIDDEN = [Map, Set, WeakMap, WeakSet, Promise]

/** The name of the class, if the content of a value is not in its properties. */
export function hiddenBy(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return undefined
  return HIDDEN.find(hidden => value instanceof hidden)?.name
}

export function shapeOfValue(value: unknown): ValueShape | undefined {
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return typeof value as ValueShape
    case 'object':
      if (value === null) return 'null'
      if (value instanceof Uint8Array) return 'bytes'
      if (value instanceof Date) return 'date'
      return Array.isArray(value) ? 'array' : 'object'
    default:
      return undefined
  }
}

/** Sets a member whatever its name is: `__proto__` is a valid name in Avro. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
  else target[name] = value
}
