import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf'
import { Edition, FeatureSet_FieldPresence, isWrapperDesc } from '@bufbuild/protobuf/wkt'
import type { Choice } from '../choice.ts'

const MAX_DEPTH = 3

const LONGS = [0n, 1n, -1n, 127n, 128n, 2n ** 31n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n]
const INTEGERS = [0, 1, -1, 127, 128, -129, 2 ** 31 - 1, -(2 ** 31)]
const DOUBLES = [0, -0, 1.5, -2.25, 1e300, 5e-324, Number.NaN, Infinity, -Infinity, 0.1]
const TEXTS = ['', 'a', 'Ünïcode — 日本', '\u0000', '😀', 'x'.repeat(200)]

/** A message that must contain itself. */
export class EndlessMessage extends Error {}

/**
 * A random message.
 * @throws EndlessMessage
 */
export function generateMessage(choice: Choice, desc: DescMessage, depth = 0): Message {
  if (depth > 3 * MAX_DEPTH) throw new EndlessMessage(desc.typeName)
  const init: Record<string, unknown> = {}
  for (const member of desc.members) {
    if (member.kind === 'oneof') {
      if (choice.chance(0.3)) continue
      const field = choice.one(member.fields)
      if (field.message !== undefined && depth >= MAX_DEPTH) continue
      init[member.localName] = { case: field.localName, value: element(choice, field, depth) }
      continue
    }
    const isRequired = member.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED
    if (!isRequired && (choice.chance(0.3) || (member.message !== undefined && depth >= MAX_DEPTH))) continue
    init[member.localName] = fieldValue(choice, member, depth)
  }
  return create(desc, init)
}

function fieldValue(choice: Choice, field: DescField, depth: number): unknown {
  switch (field.fieldKind) {
    case 'list':
      return Array.from({ length: choice.number(4) }, () => element(choice, field, depth))
    case 'map':
      return Object.fromEntries(
        Array.from({ length: choice.number(4) }, () => [
          String(scalar(choice, field.mapKey)),
          element(choice, field, depth),
        ]),
      )
    default:
      return element(choice, field, depth)
  }
}

function element(choice: Choice, field: DescField, depth: number): unknown {
  if (field.message !== undefined) {
    const isPlain = isWrapperDesc(field.message) && field.fieldKind === 'message' && field.oneof === undefined
    const { typeName } = field.message
    if (isPlain) return scalar(choice, field.message.fields[0].scalar)
    // Only some of these can be written as JSON.
    if (typeName === 'google.protobuf.Timestamp')
      return create(field.message, {
        seconds: BigInt(choice.number(2_000_000_000)),
        nanos: choice.number(1_000) * 1_000,
      })
    if (typeName === 'google.protobuf.Duration')
      return create(field.message, { seconds: BigInt(choice.number(1_000_000)), nanos: choice.number(1_000_000_000) })
    return generateMessage(choice, field.message, depth + 1)
  }
  if (field.enum !== undefined) {
    // Java takes each enum in a message of proto2 for closed, also one of proto3.
    const mayBeUnknown = field.enum.open && field.parent.file.edition === Edition.EDITION_PROTO3
    return mayBeUnknown && choice.chance(0.1) ? 12_345 : choice.one(field.enum.values).number
  }
  return scalar(choice, field.scalar)
}

function scalar(choice: Choice, type: ScalarType | undefined): unknown {
  switch (type) {
    case ScalarType.STRING:
      return choice.one(TEXTS)
    case ScalarType.BYTES:
      return Uint8Array.from({ length: choice.number(6) }, () => choice.number(256))
    case ScalarType.BOOL:
      return choice.chance(0.5)
    case ScalarType.DOUBLE:
      return choice.one(DOUBLES)
    case ScalarType.FLOAT:
      return Math.fround(choice.one([0, 1.5, -2.25, 0.1, 3e38, Number.NaN, Infinity]))
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return choice.one(INTEGERS)
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return choice.one([0, 1, 128, 2 ** 32 - 1])
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return choice.one([0n, 1n, 128n, 2n ** 64n - 1n])
    default:
      return choice.one(LONGS)
  }
}
