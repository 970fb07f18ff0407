import { checkDefault } from './check-proto-default.ts'
import { joined, type LinkedProto } from './link-proto.ts'
import { ProtoProblem } from './proto-problem.ts'
import {
  isTrue,
  MAX_FIELD_NUMBER,
  plainOption,
  type ProtoEnum,
  type ProtoExtend,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoRange,
  type ProtoReserved,
  type ProtoType,
  SCALARS,
} from './proto-file.ts'

const KEY_TYPES = new Set([...SCALARS].filter(type => !['double', 'float', 'bytes'].includes(type)))
const FIRST_RESERVED = 19_000
const LAST_RESERVED = 19_999

/**
 * Checks what protoc checks: names that are not defined, numbers that are used twice, rules of the syntax.
 * @throws ProtoProblem
 */
export function checkProto(linked: LinkedProto): void {
  for (const type of linked.file.types) checkType(linked, linked.package, type)
  for (const extend of linked.file.extensions) checkExtend(linked, linked.package, extend)
  for (const service of linked.file.services) {
    const scope = joined(linked.package, service.name)
    for (const { name, input, output } of service.methods) {
      for (const type of [input, output]) {
        const where = joined(scope, name)
        if (linked.resolve(type, where).symbol.kind !== 'message')
          throw new ProtoProblem(where, `"${type}" is not a message`)
      }
    }
  }
}

function checkType(linked: LinkedProto, scope: string, type: ProtoType): void {
  if (type.kind === 'enum') checkEnum(linked, joined(scope, type.name), type)
  else checkMessage(linked, joined(scope, type.name), type)
}

function checkMessage(linked: LinkedProto, name: string, message: ProtoMessage): void {
  const { syntax } = linked.file
  if (plainOption(message.options, 'map_entry') !== undefined && isTrue(plainOption(message.options, 'map_entry')))
    return
  const reserved = rangesOf(message.reserved)
  const extendable = message.extensionRanges.flatMap(({ ranges }) => ranges)
  if (syntax === 'proto3' && extendable.length > 0)
    throw new ProtoProblem(name, 'a message of proto3 has no extensions')
  checkRanges(name, [...reserved, ...extendable])
  const reservedNames = message.reserved.flatMap(one => ('names' in one ? one.names : []))
  if (new Set(reservedNames).size < reservedNames.length) throw new ProtoProblem(name, 'a name is reserved twice')
  const byNumber = new Map<number, string>()
  for (const field of message.fields) {
    const where = joined(name, field.name)
    const other = byNumber.get(field.number)
    if (other !== undefined) throw new ProtoProblem(where, `the number ${field.number} belongs to "${other}" already`)
    byNumber.set(field.number, field.name)
    if (within(reserved, field.number)) throw new ProtoProblem(where, `the number ${field.number} is reserved`)
    if (within(extendable, field.number))
      throw new ProtoProblem(where, `the number ${field.number} is kept for extensions`)
    if (reservedNames.includes(field.name)) throw new ProtoProblem(where, 'the name is reserved')
    checkField(linked, { scope: name, where, isExtension: false }, field)
  }
  for (const oneof of message.oneofs) {
    if (!message.fields.some(field => field.oneof === oneof.name))
      throw new ProtoProblem(joined(name, oneof.name), 'the oneof has no field')
  }
  for (const withCustom of [false, true]) checkJsonNames(name, message, { syntax, withCustom })
  for (const type of message.types) checkType(linked, name, type)
  for (const extend of message.extensions) checkExtend(linked, name, extend)
}

/**
 * Two fields may not have the same name in JSON: neither by their own names, whatever the option `json_name` says, nor with it. In proto2 only
 * names that are given by options may not be the same. As protoc does, a field is compared with the first one that has its name.
 */
function checkJsonNames(
  name: string,
  message: ProtoMessage,
  { syntax, withCustom }: { readonly syntax: ProtoFile['syntax']; readonly withCustom: boolean },
): void {
  const seen = new Map<string, { readonly field: string; readonly isCustom: boolean }>()
  for (const field of message.fields) {
    const own = jsonName(field.name)
    const option = withCustom ? plainOption(field.options, 'json_name') : undefined
    const json = option?.kind === 'string' ? Buffer.from(option.bytes).toString() : own
    const isCustom = json !== own
    const other = seen.get(json)
    if (other === undefined) {
      seen.set(json, { field: field.name, isCustom })
      continue
    }
    if (syntax === 'proto2' && !(isCustom && other.isCustom)) continue
    throw new ProtoProblem(joined(name, field.name), `its name in JSON, "${json}", is that of "${other.field}"`)
  }
}

/** `lowerCamelCase`. */
export function jsonName(name: string): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase())
}

interface FieldPlace {
  readonly scope: string
  readonly where: string
  readonly isExtension: boolean
}

function checkField(linked: LinkedProto, { scope, where, isExtension }: FieldPlace, field: ProtoField): void {
  const { syntax } = linked.file
  if (field.number >= FIRST_RESERVED && field.number <= LAST_RESERVED) {
    throw new ProtoProblem(where, `the numbers ${FIRST_RESERVED} to ${LAST_RESERVED} are reserved for Protobuf itself`)
  }
  for (const name of ['default', 'json_name']) {
    if (field.options.filter(option => plainOption([option], name) !== undefined).length > 1)
      throw new ProtoProblem(where, `the option "${name}" is set twice`)
  }
  const json = plainOption(field.options, 'json_name')
  if (json !== undefined && json.kind !== 'string') throw new ProtoProblem(where, 'its json_name is not a string')
  if (field.map !== undefined) {
    if (!KEY_TYPES.has(field.map.key)) throw new ProtoProblem(where, `"${field.map.key}" cannot be the type of keys`)
    for (const name of ['default', 'packed']) {
      const option = plainOption(field.options, name)
      if (option !== undefined && !(name === 'packed' && !isTrue(option)))
        throw new ProtoProblem(where, `a map cannot have the option "${name}"`)
    }
    const value = checkTypeName(linked, { scope, where }, field.map.value)
    const { symbol } = value === 'enum' ? linked.resolve(field.map.value, scope) : { symbol: undefined }
    if (symbol?.kind === 'enum' && symbol.enum.values[0]?.number !== 0) {
      throw new ProtoProblem(where, `the first value of "${field.map.value}" must be 0, since it is the value of a map`)
    }
    return
  }
  if (syntax === 'proto2' && field.label === undefined && field.oneof === undefined) {
    throw new ProtoProblem(where, 'a field of proto2 is optional, required or repeated')
  }
  if (syntax === 'proto3' && field.label === 'required')
    throw new ProtoProblem(where, 'a field of proto3 cannot be required')
  if (syntax === 'editions' && (field.label === 'required' || field.label === 'optional')) {
    throw new ProtoProblem(where, `"${field.label}" is a feature in editions, and not a label`)
  }
  if (field.group !== undefined && syntax !== 'proto2')
    throw new ProtoProblem(where, `there are no groups in ${syntax}`)
  if (isExtension && plainOption(field.options, 'json_name') !== undefined)
    throw new ProtoProblem(where, 'an extension has no json_name')
  if (isExtension && field.label === 'required') throw new ProtoProblem(where, 'an extension cannot be required')
  const resolved = checkTypeName(linked, { scope, where }, field.type)
  const isPrimitive = field.type !== 'string' && field.type !== 'bytes' && resolved !== 'message'
  if (plainOption(field.options, 'packed') !== undefined && isTrue(plainOption(field.options, 'packed'))) {
    if (field.label !== 'repeated' || !isPrimitive)
      throw new ProtoProblem(where, 'only repeated numbers, bools and enums can be packed')
  }
  const jsType = plainOption(field.options, 'jstype')
  if (jsType?.kind === 'identifier' && jsType.text !== 'JS_NORMAL' && !field.type.endsWith('64')) {
    throw new ProtoProblem(where, 'only integers of 64 bits have a jstype')
  }
  checkDefault(linked, { scope, where }, field)
}

function checkTypeName(
  linked: LinkedProto,
  { scope, where }: { readonly scope: string; readonly where: string },
  type: string,
): 'scalar' | 'message' | 'enum' {
  if (SCALARS.has(type)) return 'scalar'
  const { symbol } = linked.resolve(type, scope)
  if (symbol.kind === 'enum') {
    if (linked.file.syntax === 'proto3' && symbol.file.file.syntax === 'proto2') {
      throw new ProtoProblem(where, `a message of proto3 cannot use "${type}", an enum of proto2`)
    }
    return 'enum'
  }
  return 'message'
}

function checkEnum(linked: LinkedProto, name: string, { values, options, reserved }: ProtoEnum): void {
  const [first] = values
  if (first === undefined) throw new ProtoProblem(name, 'the enum has no value')
  if (linked.file.syntax !== 'proto2' && first.number !== 0 && !isClosed(linked.file, options)) {
    throw new ProtoProblem(name, 'its first value must be 0')
  }
  const ranges = rangesOf(reserved)
  checkRanges(name, ranges)
  const names = reserved.flatMap(one => ('names' in one ? one.names : []))
  const mayRepeat = isTrue(plainOption(options, 'allow_alias'))
  const byNumber = new Map<number, string>()
  let repeats = false
  for (const value of values) {
    const where = `${name}.${value.name}`
    const other = byNumber.get(value.number)
    if (other !== undefined && !mayRepeat) {
      throw new ProtoProblem(
        where,
        `the number ${value.number} belongs to "${other}" already; "option allow_alias = true" permits it`,
      )
    }
    repeats ||= other !== undefined
    byNumber.set(value.number, value.name)
    if (within(ranges, value.number)) throw new ProtoProblem(where, `the number ${value.number} is reserved`)
    if (names.includes(value.name)) throw new ProtoProblem(where, 'the name is reserved')
  }
  if (mayRepeat && !repeats) throw new ProtoProblem(name, 'it has "allow_alias", but no number is used twice')
}

function isClosed(file: ProtoFile, options: ProtoEnum['options']): boolean {
  if (file.syntax !== 'editions') return false
  return [...file.options, ...options].some(
    ({ name, value }) =>
      name.map(({ text }) => text).join('.') === 'features.enum_type' &&
      value.kind === 'identifier' &&
      value.text === 'CLOSED',
  )
}

function checkExtend(linked: LinkedProto, scope: string, { extendee, fields }: ProtoExtend): void {
  const { symbol, fullName } = linked.resolve(extendee, scope)
  if (symbol.kind !== 'message') throw new ProtoProblem(scope, `"${extendee}" is not a message`)
  if (linked.file.syntax === 'proto3' && !/^google\.protobuf\.\w+Options$/.test(fullName)) {
    throw new ProtoProblem(scope, `proto3 can extend options only, and not "${extendee}"`)
  }
  const ranges = symbol.message.extensionRanges.flatMap(one => one.ranges)
  for (const field of fields) {
    const where = joined(scope, field.name)
    if (!within(ranges, field.number))
      throw new ProtoProblem(where, `"${fullName}" does not keep the number ${field.number} for extensions`)
    checkField(linked, { scope, where, isExtension: true }, field)
  }
}

function rangesOf(reserved: readonly ProtoReserved[]): readonly ProtoRange[] {
  return reserved.flatMap(one => ('ranges' in one ? one.ranges : []))
}

function within(ranges: readonly ProtoRange[], number: number): boolean {
  return ranges.some(({ start, end }) => number >= start && number <= end)
}

function checkRanges(name: string, ranges: readonly ProtoRange[]): void {
  const sorted = ranges.toSorted((left, right) => left.start - right.start)
  for (const [index, { start, end }] of sorted.entries()) {
    if (end < start || end > Math.max(MAX_FIELD_NUMBER, 2 ** 31 - 1))
      throw new ProtoProblem(name, `the range ${start} to ${end} is empty`)
    if (index > 0 && sorted[index - 1]!.end >= start)
      throw new ProtoProblem(name, `two ranges have the number ${start}`)
  }
}
