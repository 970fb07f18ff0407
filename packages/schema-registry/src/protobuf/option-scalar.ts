import { ScalarType } from '@bufbuild/protobuf'
import { ProtoProblem } from './proto-problem.ts'
import { valueText } from './print-option.ts'
import type { OptionValue } from './proto-file.ts'

const TRUE = ['true', 'True', 't']
const FALSE = ['false', 'False', 'f']

/**
 * The value of an option, or of a field in the text of a message, as the scalar type has it.
 * @param how `isText` is the text of a message, whose values may have more forms
 * @throws ProtoProblem
 */
export function optionScalar(
  scalar: ScalarType,
  value: OptionValue,
  how: { readonly shown: string; readonly isText: boolean },
): unknown {
  const found = scalarOf(scalar, value, how.isText)
  if (found === undefined) throw new ProtoProblem(`option ${how.shown}`, `it cannot have the value ${valueText(value)}`)
  return found
}

function scalarOf(scalar: ScalarType, value: OptionValue, isText: boolean): unknown {
  switch (scalar) {
    case ScalarType.BOOL:
      return booleanOf(value, isText)
    case ScalarType.STRING:
      return value.kind === 'string' ? Buffer.from(value.bytes).toString() : undefined
    case ScalarType.BYTES:
      return value.kind === 'string' ? value.bytes : undefined
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE: {
      const number = numberOf(value, isText)
      return number === undefined || scalar === ScalarType.DOUBLE ? number : Math.fround(number)
    }
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return value.kind === 'integer' && BigInt.asIntN(32, value.value) === value.value
        ? Number(value.value)
        : undefined
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return value.kind === 'integer' && BigInt.asUintN(32, value.value) === value.value
        ? Number(value.value)
        : undefined
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return value.kind === 'integer' && BigInt.asIntN(64, value.value) === value.value ? value.value : undefined
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return value.kind === 'integer' && BigInt.asUintN(64, value.value) === value.value ? value.value : undefined
  }
}

function booleanOf(value: OptionValue, isText: boolean): boolean | undefined {
  if (isText && value.kind === 'integer' && (value.value === 0n || value.value === 1n)) return value.value === 1n
  if (value.kind !== 'identifier') return undefined
  if (value.text === 'true' || (isText && TRUE.includes(value.text))) return true
  return value.text === 'false' || (isText && FALSE.includes(value.text)) ? false : undefined
}

function numberOf(value: OptionValue, isText: boolean): number | undefined {
  if (value.kind === 'integer') return isText && value.isDecimal === false ? undefined : Number(value.value)
  if (value.kind === 'float') return value.value
  if (value.kind !== 'identifier') return undefined
  return { inf: Infinity, infinity: Infinity, nan: Number.NaN }[value.text.toLowerCase()]
}
