import { mapOfEntry } from './map-entry.ts'
import { joined } from './link-proto.ts'
import { indented, optionStatement, optionSuffix } from './print-option.ts'
import {
  MAX_FIELD_NUMBER,
  type ProtoEnum,
  type ProtoExtend,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoRange,
  type ProtoReserved,
  type ProtoService,
} from './proto-file.ts'

/** How a file is printed. */
export interface ProtoStyle {
  /** In an order, and with names, that do not depend on how the file was written. */
  readonly isNormal: boolean
  /** The absolute name of a type, with a point before it. */
  absolute(type: string, scope: string): string
}

/** The text of a file as registries store it: without comments, messages before enums. */
export function printProto(file: ProtoFile, style: ProtoStyle = { isNormal: false, absolute: type => type }): string {
  const scope = file.package ?? ''
  const printer = new Printer(style)
  const imports = (isPublic: boolean): string[] => {
    const found = file.imports.filter(({ kind }) => (kind === 'public') === isPublic)
    const lines = found.map(({ path, kind }) => `import ${kind === 'plain' ? '' : `${kind} `}"${path}";\n`)
    return style.isNormal ? [...new Set(lines)].sort() : lines
  }
  const head = file.syntax === 'editions' ? `edition = "${file.edition}";\n` : `syntax = "${file.syntax}";\n`
  const showsHead = file.hasSyntax && !(style.isNormal && file.syntax === 'proto2')
  return [
    showsHead ? head : '',
    file.package === undefined ? '' : `package ${file.package};\n`,
    part([...imports(false), ...imports(true)]),
    part(file.options.toSorted(printer.byName).map(optionStatement)),
    part(printer.types(file.types, scope)),
    part(printer.extends(file.extensions, scope)),
    part(file.services.map(service => printer.service(service, scope))),
  ].join('')
}

/** A part of the text begins with an empty line. */
function part(pieces: readonly string[]): string {
  return pieces.length === 0 ? '' : `\n${pieces.join('')}`
}

function block(head: string, parts: readonly (readonly string[])[]): string {
  return `${head} {${parts.map(pieces => part(pieces.map(indented))).join('')}}\n`
}

class Printer {
  readonly #style: ProtoStyle
  readonly byName = (left: ProtoFile['options'][number], right: ProtoFile['options'][number]): number => {
    if (!this.#style.isNormal) return 0
    const [one, other] = [left, right].map(({ name }) => name.map(({ text }) => text).join('.')) as [string, string]
    return one < other ? -1 : one > other ? 1 : 0
  }

  constructor(style: ProtoStyle) {
    this.#style = style
  }

  types(types: ProtoFile['types'], scope: string): string[] {
    const messages = types.filter(type => type.kind === 'message')
    const enums = types.filter(type => type.kind === 'enum')
    // The messages of map entries and groups are printed with their fields.
    const shown = messages.filter(message => !(this.#style.isNormal && mapOfEntry(message) !== undefined))
    return [...shown.map(message => this.message(message, scope)), ...enums.map(type => this.enum(type))]
  }

  message(message: ProtoMessage, scope: string): string {
    return block(`message ${message.name}`, this.#body(message, joined(scope, message.name)))
  }

  #body(message: ProtoMessage, name: string): readonly (readonly string[])[] {
    const { isNormal } = this.#style
    const fields = message.fields.filter(field => field.oneof === undefined && field.group === undefined)
    const groups = message.fields.filter(field => field.oneof === undefined && field.group !== undefined)
    const oneofs = message.oneofs.map(oneof => ({
      oneof,
      fields: this.#sorted(message.fields.filter(field => field.oneof === oneof.name)),
    }))
    if (isNormal) oneofs.sort((left, right) => left.fields[0]!.number - right.fields[0]!.number)
    const declared = new Set(message.fields.flatMap(({ group }) => (group === undefined ? [] : [group])))
    const entries = new Map(
      message.types.flatMap(type => {
        const map = type.kind === 'message' && isNormal ? mapOfEntry(type) : undefined
        return map === undefined ? [] : [[this.#style.absolute(type.name, name), map] as const]
      }),
    )
    return [
      this.#reserved(message.reserved, MAX_FIELD_NUMBER),
      message.options.toSorted(this.byName).map(optionStatement),
      this.#sorted(fields).map(field => this.#field(this.#asMap(field, name, entries), name)),
      oneofs.map(({ oneof, fields: members }) =>
        block(`oneof ${oneof.name}`, [
          oneof.options.toSorted(this.byName).map(optionStatement),
          members.map(field => this.#field(field, name)),
        ]),
      ),
      this.#sorted(groups).map(field => this.#field(field, name)),
      this.#extensionRanges(message),
      this.extends(message.extensions, name),
      this.types(
        message.types.filter(type => type.kind === 'enum' || !declared.has(type)),
        name,
      ),
    ]
  }

  /** A field whose type is the message of a map entry, as descriptors have it, is a map. */
  #asMap(
    field: ProtoField,
    scope: string,
    entries: ReadonlyMap<string, { readonly key: string; readonly value: string }>,
  ): ProtoField {
    if (entries.size === 0 || field.map !== undefined || field.label !== 'repeated') return field
    const map = entries.get(this.#style.absolute(field.type, scope))
    return map === undefined ? field : { ...field, label: undefined, type: '', map }
  }

  #sorted(fields: readonly ProtoField[]): readonly ProtoField[] {
    return this.#style.isNormal ? fields.toSorted((left, right) => left.number - right.number) : fields
  }

  #field(field: ProtoField, scope: string): string {
    const { absolute } = this.#style
    const label = field.label === undefined ? '' : `${field.label} `
    const options = field.options.toSorted(this.byName)
    if (field.group !== undefined) {
      const head = `${label}group ${field.group.name} = ${field.number}${optionSuffix(options)}`
      return block(head, this.#body(field.group, joined(scope, field.group.name)))
    }
    const type =
      field.map === undefined
        ? absolute(field.type, scope)
        : `map<${field.map.key}, ${absolute(field.map.value, scope)}>`
    return `${label}${type} ${field.name} = ${field.number}${optionSuffix(options)};\n`
  }

  extends(extensions: readonly ProtoExtend[], scope: string): string[] {
    const named = extensions.map(({ extendee, fields }) => ({
      extendee: this.#style.absolute(extendee, scope),
      fields,
    }))
    const grouped = this.#style.isNormal
      ? [...new Set(named.map(({ extendee }) => extendee))].map(extendee => ({
          extendee,
          fields: named.filter(one => one.extendee === extendee).flatMap(({ fields }) => fields),
        }))
      : named
    return grouped.map(({ extendee, fields }) =>
      block(`extend ${extendee}`, [this.#sorted(fields).map(field => this.#field(field, scope))]),
    )
  }

  #extensionRanges(message: ProtoMessage): readonly string[] {
    const lines = message.extensionRanges.flatMap(({ ranges, options }) => {
      const suffix = optionSuffix(options.toSorted(this.byName))
      const texts = ranges.map(range => ({ start: range.start, text: this.#range(range, MAX_FIELD_NUMBER) }))
      if (this.#style.isNormal)
        return texts.map(({ start, text }) => ({ start, line: `extensions ${text}${suffix};\n` }))
      return [{ start: 0, line: `extensions ${texts.map(({ text }) => text).join(', ')}${suffix};\n` }]
    })
    return lines.toSorted((left, right) => left.start - right.start).map(({ line }) => line)
  }

  enum({ name, options, values, reserved }: ProtoEnum): string {
    const sorted = this.#style.isNormal
      ? values.toSorted((left, right) => left.number - right.number || (left.name < right.name ? -1 : 1))
      : values
    return block(`enum ${name}`, [
      [
        ...this.#reserved(reserved, 2 ** 31 - 1),
        ...options.toSorted(this.byName).map(optionStatement),
        ...sorted.map(
          value => `${value.name} = ${value.number}${optionSuffix(value.options.toSorted(this.byName))};\n`,
        ),
      ],
    ])
  }

  #reserved(reserved: readonly ProtoReserved[], most: number): readonly string[] {
    const line = (items: readonly string[]): string => `reserved ${items.join(', ')};\n`
    const texts = (one: ProtoReserved): readonly string[] =>
      'names' in one ? one.names.map(name => `"${name}"`) : one.ranges.map(range => this.#range(range, most))
    if (!this.#style.isNormal) return reserved.map(one => line(texts(one)))
    const ranges = reserved.flatMap(one => ('ranges' in one ? one.ranges : []))
    const names = reserved.flatMap(one => ('names' in one ? one.names : []))
    return [
      ...ranges.toSorted((left, right) => left.start - right.start).map(range => line([this.#range(range, most)])),
      ...names.toSorted().map(name => line([`"${name}"`])),
    ]
  }

  #range({ start, end }: ProtoRange, most: number): string {
    if (start === end) return String(start)
    return `${start} to ${end >= most ? 'max' : end}`
  }

  service({ name, options, methods }: ProtoService, scope: string): string {
    const inner = joined(scope, name)
    const type = (text: string, streams: boolean): string =>
      `(${streams ? 'stream ' : ''}${this.#style.absolute(text, inner)})`
    const method = (one: ProtoService['methods'][number]): string => {
      const head = `rpc ${one.name} ${type(one.input, one.streamsInput)} returns ${type(one.output, one.streamsOutput)}`
      if (one.options.length === 0) return `${head};\n`
      return `${head} {\n${one.options.toSorted(this.byName).map(optionStatement).map(indented).join('')}};\n`
    }
    return block(`service ${name}`, [options.toSorted(this.byName).map(optionStatement), methods.map(method)])
  }
}
