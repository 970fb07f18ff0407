import { type DescField, type DescMessage, type DescOneof, ScalarType } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence, isWrapperDesc } from '@bufbuild/protobuf/wkt'
import { hiddenBy } from '../avro/value-form.ts'
import { ProtobufMisfit } from './protobuf-misfit.ts'

/** Returns the first field that does not fit, with the reason; undefined if all fit. */
type Check = (value: unknown) => Misfit | undefined

interface Misfit {
  readonly path: readonly (string | number)[]
  readonly reason: string
}

const checks = new WeakMap<DescMessage, Check>()

/**
 * The encoder turns a number into text, and leaves out a oneof that has a case it does not know. So each value is checked first.
 * @throws ProtobufMisfit
 */
export function checkMessageValue(desc: DescMessage, value: unknown): void {
  const found = checkOf(desc)(value)
  if (found !== undefined) throw new ProtobufMisfit(found.path.join('.'), found.reason)
}

function checkOf(desc: DescMessage): Check {
  const known = checks.get(desc)
  if (known !== undefined) return known
  let compiled: Check | undefined
  // A message may contain itself.
  const check: Check = value => (compiled ??= compileMessage(desc))(value)
  checks.set(desc, check)
  return check
}

function compileMessage(desc: DescMessage): Check {
  const members = desc.members.map(member => ({
    localName: member.localName,
    check: member.kind === 'oneof' ? compileOneof(member) : compileField(member),
  }))
  return value => {
    if (typeof value !== 'object' || value === null) return wrong(value, `a message ${desc.typeName}`)
    const message = value as Readonly<Record<string, unknown>>
    if (message['$typeName'] !== desc.typeName) {
      return { path: [], reason: `it is a message ${String(message['$typeName'])}, and not ${desc.typeName}` }
    }
    for (const { localName, check } of members) {
      // Fields of proto2 have their defaults on the prototype.
      const found = check(Object.hasOwn(message, localName) ? message[localName] : undefined)
      if (found !== undefined) return { path: [localName, ...found.path], reason: found.reason }
    }
    return undefined
  }
}

function compileField(field: DescField): Check {
  const element = compileElement(field)
  const isRequired = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED
  switch (field.fieldKind) {
    case 'list':
      return value => {
        if (value === undefined) return undefined
        if (!Array.isArray(value)) return wrong(value, 'a list')
        for (const [index, item] of value.entries()) {
          const found = element(item)
          if (found !== undefined) return { path: [index, ...found.path], reason: found.reason }
        }
        return undefined
      }
    case 'map':
      return value => {
        if (value === undefined) return undefined
        if (typeof value !== 'object' || value === null || Array.isArray(value))
          return wrong(value, 'an object with the entries of a map')
        const hidden = hiddenBy(value)
        if (hidden !== undefined) return { path: [], reason: `a ${hidden} is not an object with the entries of a map` }
        for (const [key, item] of Object.entries(value)) {
          const misfit = isKey(field.mapKey, key)
            ? element(item)
            : { path: [], reason: `${key} is not a key of this map` }
          if (misfit !== undefined) return { path: [key, ...misfit.path], reason: misfit.reason }
        }
        return undefined
      }
    default:
      return value => {
        if (value === undefined) return isRequired ? { path: [], reason: 'the field is required' } : undefined
        return element(value)
      }
  }
}

function compileOneof(oneof: DescOneof): Check {
  const cases = new Map(oneof.fields.map(field => [field.localName, compileElement(field)]))
  return value => {
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null) return wrong(value, 'an object with "case" and "value"')
    const { case: name, value: inner } = value as { readonly case?: string; readonly value?: unknown }
    if (name === undefined) return undefined
    const check = cases.get(name)
    if (check === undefined) return { path: [], reason: `the case ${JSON.stringify(name)} does not exist` }
    const found = check(inner)
    return found === undefined ? undefined : { path: [name, ...found.path], reason: found.reason }
  }
}

/** Of a value, an element of a list, or a value of a map. */
function compileElement(field: DescField): Check {
  if (field.message !== undefined) {
    const { message } = field
    const own = checkOf(message)
    // The encoder checks JSON itself, and takes the plain value of a wrapper.
    if (message.typeName === 'google.protobuf.Struct') return value => (isMessage(value) ? own(value) : undefined)
    if (isWrapperDesc(message)) {
      const { scalar } = message.fields[0]
      return value => (isMessage(value) ? own(value) : scalarMisfit(scalar, value))
    }
    return own
  }
  if (field.enum !== undefined) {
    const { open, values, typeName } = field.enum
    return value => {
      if (!isInteger(value, -(2 ** 31), 2 ** 31 - 1)) return wrong(value, `a number of ${typeName}`)
      return open || values.some(({ number }) => number === value) ? undefined : wrong(value, `a number of ${typeName}`)
    }
  }
  const { scalar } = field
  return value => scalarMisfit(scalar, value)
}

function isMessage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$typeName' in value
}

function scalarMisfit(scalar: ScalarType | undefined, value: unknown): Misfit | undefined {
  switch (scalar) {
    case ScalarType.STRING:
      if (typeof value !== 'string') return wrong(value, 'a string')
      return value.isWellFormed() ? undefined : { path: [], reason: 'the string has half a surrogate pair' }
    case ScalarType.BYTES:
      return value instanceof Uint8Array ? undefined : wrong(value, 'a Uint8Array')
    case ScalarType.BOOL:
      return typeof value === 'boolean' ? undefined : wrong(value, 'a boolean')
    case ScalarType.DOUBLE:
      return typeof value === 'number' ? undefined : wrong(value, 'a number')
    case ScalarType.FLOAT:
      if (typeof value !== 'number') return wrong(value, 'a number')
      return Number.isFinite(value) && !Number.isFinite(Math.fround(value))
        ? wrong(value, 'a number of 32 bits')
        : undefined
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return isInteger(value, -(2 ** 31), 2 ** 31 - 1) ? undefined : wrong(value, 'an integer of 32 bits')
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return isInteger(value, 0, 2 ** 32 - 1) ? undefined : wrong(value, 'a positive integer of 32 bits')
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return isLong(value, { isSigned: false })
        ? undefined
        : wrong(value, 'a positive integer of 64 bits: a bigint, or a number that is safe')
    default:
      return isLong(value, { isSigned: true })
        ? undefined
        : wrong(value, 'an integer of 64 bits: a bigint, or a number that is safe')
  }
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}

/** Fields with `jstype = JS_STRING` have strings. */
function isLong(value: unknown, { isSigned }: { readonly isSigned: boolean }): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && (isSigned || value >= 0)
  if (typeof value === 'string' && !/^-?\d{1,20}$/.test(value)) return false
  if (typeof value !== 'bigint' && typeof value !== 'string') return false
  const long = BigInt(value)
  return (isSigned ? BigInt.asIntN(64, long) : BigInt.asUintN(64, long)) === long
}

/** Keys of objects are strings, whatever the type of the keys of the map. */
function isKey(scalar: ScalarType, key: string): boolean {
  if (scalar === ScalarType.STRING) return key.isWellFormed()
  if (scalar === ScalarType.BOOL) return key === 'true' || key === 'false'
  if (!/^-?\d{1,20}$/.test(key)) return false
  const is64 = [
    ScalarType.INT64,
    ScalarType.SINT64,
    ScalarType.SFIXED64,
    ScalarType.UINT64,
    ScalarType.FIXED64,
  ].includes(scalar)
  return scalarMisfit(scalar, is64 ? key : Number(key)) === undefined
}

function wrong(value: unknown, wanted: string): Misfit {
  return { path: [], reason: `${shown(value)} is not ${wanted}` }
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value
  return JSON.stringify(value)?.slice(0, 60) ?? String(value)
}
