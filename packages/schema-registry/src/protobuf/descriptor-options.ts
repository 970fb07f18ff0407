import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  getExtension,
  hasExtension,
  type Message,
  type MessageShape,
  setExtension,
  toBinary,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { AnySchema, type UninterpretedOption, UninterpretedOptionSchema } from '@bufbuild/protobuf/wkt'
import { optionScalar } from './option-scalar.ts'
import { ProtoProblem } from './proto-problem.ts'
import { valueText } from './print-option.ts'
import type { OptionValue, ProtoOption } from './proto-file.ts'

/** What the custom options of an element mean. */
export interface CustomOptions {
  /** By the name as it is written; undefined if neither the file nor an import declares it. */
  extension(name: string): DescExtension | undefined
  /** By its full name. */
  message(name: string): DescMessage | undefined
}

const NONE: CustomOptions = { extension: () => undefined, message: () => undefined }

/**
 * The message of options, such as `google.protobuf.FieldOptions`. Custom options that are not known stay uninterpreted.
 * @returns undefined if there is no option
 * @throws ProtoProblem for options that Protobuf does not have, and for values that an option cannot have
 */
export function descriptorOptions<Schema extends DescMessage>(
  schema: Schema,
  options: readonly ProtoOption[],
  custom: CustomOptions = NONE,
): MessageShape<Schema> | undefined {
  if (options.length === 0) return undefined
  const message = create(schema)
  const setter = new OptionSetter(custom)
  const unknown: UninterpretedOption[] = []
  for (const option of options) {
    if (option.name.some(({ text, isExtension }) => isExtension && custom.extension(text) === undefined))
      unknown.push(uninterpreted(option))
    else setter.setPath(reflect(schema, message), option.name, option)
  }
  if (unknown.length > 0) Object.assign(message, { uninterpretedOption: unknown })
  return message
}

type AnyField = DescField | DescExtension

class OptionSetter {
  readonly #custom: CustomOptions

  constructor(custom: CustomOptions) {
    this.#custom = custom
  }

  setPath(target: ReflectMessage, [first, ...rest]: ProtoOption['name'], option: ProtoOption): void {
    const shown = option.name.map(({ text, isExtension }) => (isExtension ? `(${text})` : text)).join('.')
    const field = first!.isExtension
      ? this.#extensionOf(target, first!.text, shown)
      : target.fields.find(one => one.name === first!.text)
    if (field === undefined || field.name === 'uninterpreted_option')
      throw new ProtoProblem(`option ${shown}`, 'Protobuf has no such option')
    if (rest.length === 0) return this.#set(target, field, option.value, { shown, isText: false })
    if (field.fieldKind !== 'message') throw new ProtoProblem(`option ${shown}`, `"${first!.text}" has no fields`)
    const inner = innerMessage(target, field)
    this.setPath(inner, rest, option)
    setValue(target, field, inner)
  }

  #extensionOf(target: ReflectMessage, name: string, shown: string): DescExtension | undefined {
    const extension = this.#custom.extension(name)
    if (extension === undefined || extension.extendee.typeName === target.desc.typeName) return extension
    const { typeName } = extension.extendee
    throw new ProtoProblem(
      `option ${shown}`,
      `"${name}" is an option of ${typeName}, and not of ${target.desc.typeName}`,
    )
  }

  #set(
    target: ReflectMessage,
    field: AnyField,
    value: OptionValue,
    how: { readonly shown: string; readonly isText: boolean },
  ): void {
    if (field.fieldKind === 'list') {
      const items = value.kind === 'list' ? value.items : [value]
      return addValues(
        target,
        field,
        items.map(item => this.#element(field, item, how)),
      )
    }
    if (field.fieldKind === 'map') return this.#addEntries(target, field, value, how)
    if (isSet(target, field)) throw new ProtoProblem(`option ${how.shown}`, 'it is set twice')
    setValue(target, field, this.#element(field, value, how))
  }

  /** In the text of a message, a map is a list of messages with a key and a value. */
  #addEntries(
    target: ReflectMessage,
    field: DescField & { readonly fieldKind: 'map' },
    value: OptionValue,
    how: { readonly shown: string; readonly isText: boolean },
  ): void {
    const map = target.get(field)
    for (const entry of value.kind === 'list' ? value.items : [value]) {
      if (entry.kind !== 'message') throw misfit(how.shown, entry)
      const part = (name: string): OptionValue | undefined => entry.fields.find(one => one.name === name)?.value
      const [key, content] = [part('key'), part('value')]
      if (key === undefined || content === undefined || entry.fields.length !== 2) throw misfit(how.shown, entry)
      map.set(
        optionScalar(field.mapKey, key, how),
        field.mapKind === 'scalar' ? optionScalar(field.scalar, content, how) : this.#named(field, content, how),
      )
    }
  }

  #element(field: AnyField, value: OptionValue, how: { readonly shown: string; readonly isText: boolean }): unknown {
    return field.scalar === undefined ? this.#named(field, value, how) : optionScalar(field.scalar, value, how)
  }

  #named(
    field: Pick<AnyField, 'enum' | 'message'>,
    value: OptionValue,
    how: { readonly shown: string; readonly isText: boolean },
  ): unknown {
    if (field.message !== undefined) return this.#message(field.message, value, how.shown)
    return enumNumber(field.enum!.values, value, how)
  }

  #message(schema: DescMessage, value: OptionValue, shown: string): ReflectMessage {
    if (value.kind !== 'message') throw misfit(shown, value)
    const message = reflect(schema, create(schema))
    for (const one of value.fields) {
      if (one.name.includes('/')) return this.#any(schema, one, shown)
      const field = one.name.startsWith('[')
        ? this.#extensionOf(message, one.name.slice(1, -1), shown)
        : message.fields.find(({ name, ...rest }) => name === one.name || isGroup(rest, one.name))
      if (field === undefined) throw new ProtoProblem(`option ${shown}`, `there is no field "${one.name}"`)
      this.#set(message, field, one.value, { shown: `${shown}.${one.name}`, isText: true })
    }
    return message
  }

  /** `[type.googleapis.com/shop.Order] { … }` is the content of an Any. */
  #any(
    schema: DescMessage,
    { name, value }: { readonly name: string; readonly value: OptionValue },
    shown: string,
  ): ReflectMessage {
    const url = name.slice(1, -1)
    const content = this.#custom.message(url.slice(url.lastIndexOf('/') + 1))
    if (schema.typeName !== AnySchema.typeName || content === undefined)
      throw new ProtoProblem(`option ${shown}`, `there is no field "${name}"`)
    const { message } = this.#message(content, value, shown)
    const any = reflect(schema, create(schema))
    any.set(schema.field['typeUrl']!, url)
    any.set(schema.field['value']!, toBinary(content, message))
    return any
  }
}

/** Groups are named by their type in a text. */
function isGroup({ message }: Pick<DescField, 'message'>, name: string): boolean {
  return message?.name === name
}

function isSet(target: ReflectMessage, field: AnyField): boolean {
  return field.kind === 'extension' ? hasExtension(target.message, field) : target.isSet(field)
}

function innerMessage(target: ReflectMessage, field: AnyField & { readonly fieldKind: 'message' }): ReflectMessage {
  if (field.kind === 'field' && target.isSet(field)) return target.get(field)
  if (field.kind === 'extension' && hasExtension(target.message, field))
    return reflect(field.message, getExtension(target.message, field) as Message)
  return reflect(field.message, create(field.message))
}

function setValue(target: ReflectMessage, field: AnyField, value: unknown): void {
  if (field.kind === 'extension') setExtension(target.message, field, local(field, value))
  else target.set(field, value)
}

function addValues(
  target: ReflectMessage,
  field: AnyField & { readonly fieldKind: 'list' },
  values: readonly unknown[],
) {
  if (field.kind === 'extension') {
    const before = getExtension(target.message, field) as readonly unknown[]
    return setExtension(target.message, field, [...before, ...values.map(value => local(field, value))])
  }
  const list = target.get(field)
  for (const value of values) list.add(value)
}

/** Values as they are in messages, and not as reflection has them. */
function local(field: DescExtension, value: unknown): unknown {
  if (field.message !== undefined) return (value as ReflectMessage).message
  return typeof value === 'bigint' && 'longAsString' in field && field.longAsString ? String(value) : value
}

function enumNumber(
  values: readonly { readonly name: string; readonly number: number }[],
  value: OptionValue,
  { shown, isText }: { readonly shown: string; readonly isText: boolean },
): number {
  const found = values.find(({ name, number }) =>
    value.kind === 'identifier'
      ? name === value.text
      : isText && value.kind === 'integer' && BigInt(number) === value.value,
  )
  if (found === undefined) throw misfit(shown, value)
  return found.number
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
