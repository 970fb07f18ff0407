import { JsonNumber } from './json-value.ts'
import type { AvroType } from './schema.ts'

export interface LogicalType {
  readonly name: string
  /** Of `decimal`: digits in all, and digits after the point. */
  readonly precision?: number
  readonly scale?: number
  /** Of a logical type of `fixed`: its bytes. */
  readonly size?: number
}

const KIND_OF: Readonly<Record<string, readonly string[]>> = {
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
  decimal: ['bytes', 'fixed'],
  'big-decimal': ['bytes'],
  uuid: ['string', 'fixed'],
  duration: ['fixed'],
}

export const LOGICAL_TYPE_NAMES: readonly string[] = Object.keys(KIND_OF)

export function isLogicalTypeName(name: string): boolean {
  return Object.hasOwn(KIND_OF, name)
}

/** The logical type of a schema. One that is unknown or does not fit its type is ignored, as the specification says. */
export function logicalTypeOf(type: AvroType): LogicalType | undefined {
  if (type.kind === 'union') return undefined
  const name = type.properties['logicalType']
  if (typeof name !== 'string' || !Object.hasOwn(KIND_OF, name) || !KIND_OF[name]!.includes(type.kind)) return undefined
  if (type.kind === 'fixed' && name === 'uuid' && type.size !== 16) return undefined
  if (type.kind === 'fixed' && name === 'duration' && type.size !== 12) return undefined
  const size = type.kind === 'fixed' ? { size: type.size } : undefined
  if (name !== 'decimal') return { name, ...size }
  const precision = integerOf(type.properties['precision'])
  const scale = type.properties['scale'] === undefined ? 0 : integerOf(type.properties['scale'])
  if (precision === undefined || scale === undefined || precision <= 0 || scale < 0 || scale > precision)
    return undefined
  if (type.kind === 'fixed' && precision > digitsOf(type.size)) return undefined
  return { name, precision, scale, ...size }
}

function integerOf(value: unknown): number | undefined {
  return value instanceof JsonNumber && value.isInteger ? Number(value.text) : undefined
}

/** The number of decimal digits that always fit in a signed number of this many bytes. */
function digitsOf(bytes: number): number {
  return Math.floor(Math.log10(2) * (8 * bytes - 1))
}
