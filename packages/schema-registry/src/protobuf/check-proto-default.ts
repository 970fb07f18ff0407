import type { LinkedProto } from './link-proto.ts'
import { ProtoProblem } from './proto-problem.ts'
import { type OptionValue, plainOption, type ProtoField } from './proto-file.ts'

const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
}

/** @throws ProtoProblem when the field has a default that it cannot have */
export function checkDefault(
  linked: LinkedProto,
  { scope, where }: { readonly scope: string; readonly where: string },
  field: ProtoField,
): void {
  const value = plainOption(field.options, 'default')
  if (value === undefined) return
  if (linked.file.syntax === 'proto3') throw new ProtoProblem(where, 'a field of proto3 has no default of its own')
  if (field.label === 'repeated') throw new ProtoProblem(where, 'a repeated field has no default')
  const reason = misfit(linked, scope, field.type, value)
  if (reason !== undefined) throw new ProtoProblem(where, `its default does not fit: ${reason}`)
}

function misfit(linked: LinkedProto, scope: string, type: string, value: OptionValue): string | undefined {
  const range = INTEGERS[type]
  if (range !== undefined) {
    if (value.kind !== 'integer') return `${type} needs an integer`
    return value.value < range[0] || value.value > range[1]
      ? `${value.value} is out of the range of ${type}`
      : undefined
  }
  switch (type) {
    case 'bool':
      return value.kind === 'identifier' && (value.text === 'true' || value.text === 'false')
        ? undefined
        : 'it is not true or false'
    case 'float':
    case 'double':
      if (value.kind === 'integer' || value.kind === 'float') return undefined
      return value.kind === 'identifier' && (value.text === 'inf' || value.text === 'nan')
        ? undefined
        : 'it is not a number'
    case 'string':
    case 'bytes':
      return value.kind === 'string' ? undefined : 'it is not a string'
  }
  const { symbol } = linked.resolve(type, scope)
  if (symbol.kind !== 'enum') return 'a message has no default'
  if (value.kind === 'identifier' && symbol.enum.values.some(({ name }) => name === value.text)) return undefined
  return `it is not a value of ${type}`
}
