import { create, type DescField, type DescMessage, type MessageShape, ScalarType } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { type UninterpretedOption, UninterpretedOptionSchema } from '@bufbuild/protobuf/wkt'
import { ProtoProblem } from './proto-problem.ts'
import { valueText } from './print-option.ts'
import type { OptionValue, ProtoOption } from './proto-file.ts'

/**
 * The message of options, such as `google.protobuf.FieldOptions`.
 * @returns undefined if there is no option
 * @throws ProtoProblem for options that Protobuf does not have
 */
export function descriptorOptions<Schema extends DescMessage>(
  schema: Schema,
  options: readonly ProtoOption[],
): MessageShape<Schema> | undefined {
  if (options.length === 0) return undefined
  const message = create(schema)
  const target = reflect(schema, message)
  const custom: UninterpretedOption[] = []
  for (const option of options) {
    if (option.name.some(({ isExtension }) => isExtension)) custom.push(uninterpreted(option))
    else
      setPath(
        target,
        option.name.map(({ text }) => text),
        option,
      )
  }
  if (custom.length > 0) Object.assign(message, { uninterpretedOption: custom })
  return message
}

function setPath(target: ReflectMessage, [first, ...rest]: readonly string[], { name, value }: ProtoOption): void {
  const shown = name.map(({ text }) => text).join('.')
  const field = target.fields.find(one => one.name === first)
  if (field === undefined || field.name === 'uninterpreted_option')
    throw new ProtoProblem(`option ${shown}`, 'Protobuf has no such option')
  if (rest.length === 0) return setField(target, field, value, shown)
  if (field.fieldKind !== 'message') throw new ProtoProblem(`option ${shown}`, `"${first}" has no fields`)
  const inner = target.isSet(field) ? target.get(field) : reflect(field.message, create(field.message))
  setPath(inner, rest, { name, value })
  target.set(field, inner)
}

function setField(target: ReflectMessage, field: DescField, value: OptionValue, shown: string): void {
  if (field.fieldKind === 'list') {
    const items = value.kind === 'list' ? value.items : [value]
    const list = target.get(field)
    for (const item of items) {
      const element =
        field.listKind === 'enum'
          ? enumNumber(field.enum.values, item, shown)
          : field.listKind === 'message'
            ? messageOf(field.message, item, shown)
            : scalarOf(field.scalar, item, shown)
      list.add(element)
    }
    return
  }
  if (field.fieldKind === 'map') throw misfit(shown, value)
  if (target.isSet(field)) throw new ProtoProblem(`option ${shown}`, 'it is set twice')
  if (field.fieldKind === 'enum') target.set(field, enumNumber(field.enum.values, value, shown))
  else if (field.fieldKind === 'message') target.set(field, messageOf(field.message, value, shown))
  else target.set(field, scalarOf(field.scalar, value, shown))
}

function messageOf(schema: DescMessage, value: OptionValue, shown: string): ReflectMessage {
  if (value.kind !== 'message') throw misfit(shown, value)
  const message = reflect(schema, create(schema))
  for (const one of value.fields) {
    const field = message.fields.find(({ name }) => name === one.name)
    if (field === undefined) throw new ProtoProblem(`option ${shown}`, `there is no field "${one.name}"`)
    setField(message, field, one.value, `${shown}.${one.name}`)
  }
  return message
}

function enumNumber(
  values: readonly { readonly name: string; readonly number: number }[],
  value: OptionValue,
  shown: string,
): number {
  const found = value.kind === 'identifier' ? values.find(({ name }) => name === value.text) : undefined
  if (found === undefined) throw misfit(shown, value)
  return found.number
}

function scalarOf(scalar: ScalarType, value: OptionValue, shown: string): unknown {
  switch (scalar) {
    case ScalarType.BOOL:
      if (value.kind === 'identifier' && (value.text === 'true' || value.text === 'false')) return value.text === 'true'
      throw misfit(shown, value)
    case ScalarType.STRING:
      if (value.kind === 'string') return Buffer.from(value.bytes).toString()
      throw misfit(shown, value)
    case ScalarType.INT32:
      if (value.kind === 'integer' && BigInt.asIntN(32, value.value) === value.value) return Number(value.value)
      throw misfit(shown, value)
    default:
      throw misfit(shown, value)
  }
}

function misfit(shown: string, value: OptionValue): ProtoProblem {
  return new ProtoProblem(`option ${shown}`, `it cannot have the value ${valueText(value)}`)
}

function uninterpreted({ name, value }: ProtoOption): UninterpretedOption {
  return create(UninterpretedOptionSchema, {
    name: name.map(({ text, isExtension }) => ({ namePart: text, isExtension })),
    ...uninterpretedValue(value),
  })
}

function uninterpretedValue(value: OptionValue) {
  switch (value.kind) {
    case 'identifier':
      return { identifierValue: value.text }
    case 'integer':
      return value.value < 0n ? { negativeIntValue: value.value } : { positiveIntValue: value.value }
    case 'float':
      return { doubleValue: value.value }
    case 'string':
      return { stringValue: value.bytes }
    default:
      return { aggregateValue: valueText(value).slice(1, -1).trim() }
  }
}
