import {
  MAX_FIELD_NUMBER,
  type OptionValue,
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoOption,
  type ProtoReserved,
} from '../../../packages/schema-registry/src/protobuf/proto-file.ts'
import type { Choice } from '../choice.ts'

export const SCALAR_TYPES = [
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
]
const KEY_TYPES = SCALAR_TYPES.filter(type => !['double', 'float', 'bytes'].includes(type))
const WELL_KNOWN = [
  ['google/protobuf/timestamp.proto', 'google.protobuf.Timestamp'],
  ['google/protobuf/duration.proto', '.google.protobuf.Duration'],
  ['google/protobuf/wrappers.proto', 'google.protobuf.StringValue'],
] as const
const PACKAGES = ['shop', 'shop.v1', 'a.b.c', undefined]
const FIELD_NAMES = [
  'id',
  'customer_name',
  'total',
  'x',
  'y2',
  'fooBar',
  'item_9',
  'message',
  'optional_note',
  'HTTPCode',
  'a_b',
  'n',
]
const TYPE_NAMES = ['Order', 'Item', 'Customer', 'Line', 'Part', 'Detail', 'Meta', 'Extra']
const ENUM_NAMES = ['Status', 'Color', 'Kind', 'Mode']

/** The state of one file under construction. */
interface Making {
  readonly choice: Choice
  readonly syntax: 'proto2' | 'proto3'
  /** Types that can be named from anywhere, with the fact whether they are enums. */
  readonly known: { name: string; isEnum: boolean }[]
}

export interface ProtoCase {
  readonly file: ProtoFile
  /** A file that it imports as `common.proto`. */
  readonly common: ProtoFile | undefined
}

export function generateProto(choice: Choice): ProtoCase {
  const syntax = choice.chance(0.6) ? 'proto3' : 'proto2'
  const hasCommon = choice.chance(0.3)
  const common = hasCommon ? makeFile(choice, 'proto3', { package: 'common', known: [], imports: [] }) : undefined
  const wellKnown = choice.chance(0.4) ? [choice.one(WELL_KNOWN)] : []
  const commonTypes = common?.types.map(type => ({ name: `common.${type.name}`, isEnum: type.kind === 'enum' })) ?? []
  const file = makeFile(choice, syntax, {
    package: choice.one(PACKAGES),
    known: [...commonTypes, ...wellKnown.map(([, name]) => ({ name: name as string, isEnum: false }))],
    imports: [...(hasCommon ? ['common.proto'] : []), ...wellKnown.map(([path]) => path)],
  })
  return { file, common }
}

function makeFile(
  choice: Choice,
  syntax: 'proto2' | 'proto3',
  given: { readonly package: string | undefined; readonly known: Making['known']; readonly imports: readonly string[] },
): ProtoFile {
  const making: Making = { choice, syntax, known: [...given.known] }
  const names = shuffled(choice, TYPE_NAMES).slice(0, 1 + choice.number(3))
  const enums = shuffled(choice, ENUM_NAMES).slice(0, choice.number(3))
  // Types may be used before they are declared.
  for (const name of names) making.known.push({ name, isEnum: false })
  for (const name of enums) making.known.push({ name, isEnum: true })
  const types = [...names.map(name => makeMessage(making, name, 0)), ...enums.map(name => makeEnum(making, name))]
  const extendable = types.find(type => type.kind === 'message' && type.extensionRanges.length > 0)
  return {
    syntax,
    hasSyntax: syntax === 'proto3' || choice.chance(0.7),
    edition: undefined,
    package: given.package,
    imports: given.imports.map(path => ({ path, kind: choice.chance(0.1) ? 'public' : 'plain' })),
    options: choice.chance(0.3)
      ? [
          plain('java_package', text('com.shop')),
          plain('java_multiple_files', word('true')),
          plain('optimize_for', word('CODE_SIZE')),
        ]
      : [],
    types: shuffled(choice, types),
    extensions:
      extendable === undefined
        ? []
        : [{ extendee: extendable.name, fields: [{ ...makeField(making, 'extra_note', 150), label: 'optional' }] }],
    services: choice.chance(0.15)
      ? [
          {
            name: 'Orders',
            options: [],
            methods: [
              {
                name: 'Get',
                input: names[0]!,
                output: names[0]!,
                streamsInput: choice.chance(0.3),
                streamsOutput: choice.chance(0.3),
                options: choice.chance(0.3) ? [plain('deprecated', word('true'))] : [],
              },
            ],
          },
        ]
      : [],
  }
}

function makeMessage(making: Making, name: string, depth: number): ProtoMessage {
  const { choice, syntax } = making
  const nestedNames =
    depth < 2 && choice.chance(0.35)
      ? shuffled(choice, TYPE_NAMES)
          .slice(0, 1 + choice.number(2))
          .map(one => `${one}${depth}`)
      : []
  const nestedEnums = choice.chance(0.2) ? [`Inner${depth}`] : []
  const inner: Making = {
    ...making,
    known: [
      ...making.known,
      ...nestedNames.map(one => ({ name: one, isEnum: false })),
      ...nestedEnums.map(one => ({ name: one, isEnum: true })),
    ],
  }
  const types = [
    ...nestedNames.map(one => makeMessage(inner, one, depth + 1)),
    ...nestedEnums.map(one => makeEnum(inner, one)),
  ]
  const group = syntax === 'proto2' && depth < 2 && choice.chance(0.2) ? makeGroup(inner, depth) : undefined
  if (group !== undefined) types.push(group.group)
  const hasOneof = choice.chance(0.3)
  const fields = shuffled(choice, FIELD_NAMES)
    .slice(0, choice.number(7) + (hasOneof ? 2 : 0))
    .map((field, index): ProtoField => {
      const number = choice.chance(0.05) ? 20_000 + index : choice.chance(0.9) ? index + 1 : index + 40
      if (hasOneof && index < 2)
        return { ...makeField(inner, field, number), label: undefined, map: undefined, oneof: 'choice' }
      if (choice.chance(0.12)) {
        const value = makeField(inner, field, number).type
        return { ...emptyField(field, number), map: { key: choice.one(KEY_TYPES), value } }
      }
      return makeField(inner, field, number)
    })
  const reserved: ProtoReserved[] = choice.chance(0.2)
    ? [
        {
          ranges: [
            { start: 60, end: 60 },
            { start: 70, end: choice.chance(0.3) ? 90 : 75 },
          ],
        },
        { names: ['gone', 'old_name'] },
      ]
    : []
  return {
    kind: 'message',
    name,
    options: choice.chance(0.1) ? [plain('deprecated', word('true'))] : [],
    fields: group === undefined ? fields : [...fields, group],
    oneofs: hasOneof ? [{ name: 'choice', options: [] }] : [],
    types,
    extensions: [],
    extensionRanges:
      syntax === 'proto2' && depth === 0 && choice.chance(0.2)
        ? [
            {
              ranges: [
                { start: 100, end: 199 },
                { start: 30_000, end: choice.chance(0.5) ? MAX_FIELD_NUMBER : 30_000 },
              ],
              options: [],
            },
          ]
        : [],
    reserved,
  }
}

function makeGroup(making: Making, depth: number): ProtoField & { readonly group: ProtoMessage } {
  const type = `Group${depth}`
  const group = makeMessage(making, type, depth + 1)
  const label = making.choice.one(['optional', 'repeated', 'required'] as const)
  return { ...emptyField(type.toLowerCase(), 55), label, type, group }
}

function emptyField(name: string, number: number): ProtoField {
  return { label: undefined, type: '', map: undefined, group: undefined, name, number, options: [], oneof: undefined }
}

function makeField(making: Making, name: string, number: number): ProtoField {
  const { choice, syntax, known } = making
  const named = known.length > 0 && choice.chance(0.35) ? choice.one(known) : undefined
  const type = named?.name ?? choice.one(SCALAR_TYPES)
  const label = choice.chance(0.25)
    ? 'repeated'
    : syntax === 'proto2'
      ? choice.chance(0.08)
        ? 'required'
        : 'optional'
      : choice.chance(0.2)
        ? 'optional'
        : undefined
  return {
    ...emptyField(name, number),
    label,
    type,
    options: makeOptions(making, { type, label, isNamed: named !== undefined }),
  }
}

function makeOptions(
  { choice, syntax }: Making,
  { type, label, isNamed }: { readonly type: string; readonly label: ProtoField['label']; readonly isNamed: boolean },
): readonly ProtoOption[] {
  const options: ProtoOption[] = []
  if (choice.chance(0.08)) options.push(plain('deprecated', word(choice.one(['true', 'false']))))
  if (label === 'repeated' && !isNamed && type !== 'string' && type !== 'bytes' && choice.chance(0.3)) {
    options.push(plain('packed', word(choice.one(['true', 'false']))))
  }
  if (choice.chance(0.06)) options.push(plain('json_name', text(choice.one(['id', 'other', 'weird name']))))
  if (syntax === 'proto2' && label !== 'repeated' && !isNamed && choice.chance(0.3)) {
    options.push(plain('default', defaultOf(choice, type)))
  }
  return options
}

function defaultOf(choice: Choice, type: string): OptionValue {
  if (type === 'bool') return word(choice.one(['true', 'false']))
  if (type === 'string') return text(choice.one(['', 'plain', 'quote " \' \\ \n\t', 'ünï — 日本']))
  if (type === 'bytes')
    return { kind: 'string', bytes: Uint8Array.from(choice.one([[], [0, 255, 34, 92, 10], [65, 66]])) }
  if (type === 'float' || type === 'double') {
    return choice.one<OptionValue>([
      { kind: 'integer', value: 7n },
      { kind: 'float', value: 1.5 },
      { kind: 'float', value: -0.1 },
      { kind: 'float', value: 1e20 },
      { kind: 'float', value: 3.0000000000000004e-7 },
      { kind: 'float', value: -Infinity },
      word('inf'),
      word('nan'),
    ])
  }
  return {
    kind: 'integer',
    value: choice.one([0n, 1n, 4_000_000n, ...(type.startsWith('u') || type.startsWith('fixed') ? [] : [-5n])]),
  }
}

function makeEnum({ choice, syntax }: Making, name: string): ProtoEnum {
  const prefix = name.toUpperCase()
  const count = 1 + choice.number(4)
  const values = Array.from({ length: count }, (_, index) => ({
    name: `${prefix}_${index}`,
    number: index === 0 ? (syntax === 'proto2' && choice.chance(0.2) ? 3 : 0) : index * (choice.chance(0.1) ? -10 : 10),
    options: choice.chance(0.1) ? [plain('deprecated', word('true'))] : [],
  }))
  const isAlias = choice.chance(0.1)
  return {
    kind: 'enum',
    name,
    options: isAlias ? [plain('allow_alias', word('true'))] : [],
    values: isAlias ? [...values, { name: `${prefix}_ALIAS`, number: values[0]!.number, options: [] }] : values,
    reserved: choice.chance(0.15)
      ? [{ ranges: [{ start: 1_000, end: 2 ** 31 - 1 }] }, { names: [`${prefix}_OLD`] }]
      : [],
  }
}

export function plain(name: string, value: OptionValue): ProtoOption {
  return { name: [{ text: name, isExtension: false }], value }
}

export function word(value: string): OptionValue {
  return { kind: 'identifier', text: value }
}

export function text(value: string): OptionValue {
  return { kind: 'string', bytes: Buffer.from(value) }
}

function shuffled<T>(choice: Choice, items: readonly T[]): T[] {
  const left = [...items]
  return Array.from({ length: items.length }, () => left.splice(choice.number(left.length), 1)[0]!)
}
