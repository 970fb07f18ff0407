import { create, createFileRegistry, type DescFile, fromBinary, toBinary, toJson } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { describe, expect, it } from 'vitest'
import { schemaRegistry } from '../client/schema-registry.ts'
import { protobuf } from '../serde/protobuf.ts'
import { startRegistry } from '../start-registry.ts'
import { isBreaking, protoChanges } from './compare-protos.ts'
import { loadProto } from './load-proto.ts'
import { printProto } from './print-proto.ts'
import { toDescriptor } from './to-descriptor.ts'
import { wellKnownProto } from './well-known.ts'

/* Custom options and other extensions. `npm run schemas -- --format protobuf` draws many more, beside protoc. */

const OPTIONS = `syntax = "proto2"; package opt; import "google/protobuf/descriptor.proto";
  message Note { optional string text = 1; map<string, int64> counts = 2; optional double ratio = 3; }
  extend google.protobuf.FieldOptions { optional Note note = 50000; repeated int32 codes = 50001; optional bool secret = 50002; }`
const IMPORTS = new Map([['opt.proto', OPTIONS]])
const TEXT = `syntax = "proto3"; package shop; import "opt.proto"; import "confluent/meta.proto";
  message Order {
    int64 id = 1 [(opt.note).text = "x", (opt.codes) = 1, (opt.codes) = 2];
    string card = 2 [(opt.note) = { counts { key: "a" value: -1 } }, (confluent.field_meta) = { tags: ["PII"] }];
  }`
const IN_DESCRIPTOR = [
  { '[opt.note]': { text: 'x' }, '[opt.codes]': [1, 2] },
  { '[opt.note]': { counts: { a: '-1' } }, '[confluent.field_meta]': { tags: ['PII'] } },
]

/** A file with all that it imports, as programs have it. */
function descFileOf(descriptor: FileDescriptorProto): {
  readonly file: DescFile
  readonly options: readonly unknown[]
} {
  const known = (path: string) => wellKnownProto(path) ?? loadProto(IMPORTS.get(path)!, IMPORTS, { path })
  const files = new Map<string, FileDescriptorProto>()
  const add = (one: FileDescriptorProto): void => {
    for (const path of one.dependency) if (!files.has(path)) add(toDescriptor(known(path)))
    files.set(one.name, one)
  }
  add(descriptor)
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...files.values()] }))
  const { messageType } = toJson(FileDescriptorProtoSchema, descriptor, { registry }) as unknown as {
    readonly messageType: readonly { readonly field: readonly { readonly options?: unknown }[] }[]
  }
  return { file: registry.getFile(descriptor.name)!, options: messageType[0]!.field.map(({ options }) => options) }
}

const load = (text: string) => loadProto(text, IMPORTS, { path: 'order.proto' })
const field = (option: string, more = ''): string =>
  `syntax = "proto2"; import "opt.proto"; message A { optional int32 x = 1 [${option}]; } ${more}`

describe('custom options', () => {
  it('are kept in the text, and have their values in the descriptor', () => {
    const linked = load(TEXT)
    expect(printProto(linked.file)).toContain('(opt.note).text = "x"')
    expect(descFileOf(toDescriptor(linked)).options).toEqual(IN_DESCRIPTOR)
  })

  it('of a descriptor are in the text that is made of it', () => {
    const base64 = Buffer.from(toBinary(FileDescriptorProtoSchema, toDescriptor(load(TEXT)))).toString('base64')
    const again = load(base64)
    expect(printProto(again.file)).toContain('(.confluent.field_meta) = {')
    expect(descFileOf(toDescriptor(again)).options).toEqual(IN_DESCRIPTOR)
  })

  it('of generated messages are in the text that is registered', async () => {
    await using registry = await startRegistry()
    const { file } = descFileOf(toDescriptor(load(TEXT)))
    const order = protobuf(file.messages[0]!, { registry: schemaRegistry({ url: registry.url }) })
    await order.prepare!('orders', 'write')
    const path = `${registry.url}/subjects/orders-value/versions/1`
    const { schema } = (await (await fetch(path)).json()) as { readonly schema: string }
    expect(descFileOf(toDescriptor(load(schema))).options).toEqual(IN_DESCRIPTOR)
    // A client that asks for the descriptor finds the tags of a data contract.
    const { schema: base64 } = (await (await fetch(`${path}?format=serialized`)).json()) as { readonly schema: string }
    const descriptor = fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64'))
    expect(descFileOf(descriptor).options).toEqual(IN_DESCRIPTOR)
  })

  it('whose extension nobody declares are kept, and not interpreted', () => {
    const linked = load(field('(other.tag) = "x"'))
    expect(printProto(linked.file)).toContain('[(other.tag) = "x"]')
    expect(toDescriptor(linked).messageType[0]!.field[0]!.options!.uninterpretedOption).toMatchObject([
      { name: [{ namePart: 'other.tag', isExtension: true }] },
    ])
  })

  it.each([
    ['(opt.secret) = 1', 'option (opt.secret): it cannot have the value 1'],
    ['(opt.secret) = true, (opt.secret) = true', 'option (opt.secret): it is set twice'],
    ['(opt.codes) = 3000000000', 'option (opt.codes): it cannot have the value 3000000000'],
    ['(opt.note) = "x"', 'option (opt.note): it cannot have the value "x"'],
    ['(opt.note).nothing = 1', 'option (opt.note).nothing: Protobuf has no such option'],
    ['(opt.note) = { nothing: 1 }', 'option (opt.note): there is no field "nothing"'],
    ['(opt.note) = { ratio: 0x1 }', 'option (opt.note).ratio: it cannot have the value 1'],
    ['(opt.codes).x = 1', 'option (opt.codes).x: "opt.codes" has no fields'],
  ])('%s is refused', (option, reason) => {
    expect(() => toDescriptor(load(field(option)))).toThrow(reason)
  })

  it('of a field are none of a message', () => {
    const text = 'import "opt.proto"; message A { option (opt.secret) = true; }'
    const reason =
      '"opt.secret" is an option of google.protobuf.FieldOptions, and not of google.protobuf.MessageOptions'
    expect(() => toDescriptor(load(text))).toThrow(reason)
  })
})

describe('compatibility', () => {
  const changes = (from: string, to: string): readonly string[] =>
    protoChanges(load(from), load(to)).map(change => `${isBreaking(change) ? '!' : ''}${change.kind} ${change.path}`)
  const proto2 = (body: string): string => `syntax = "proto2"; ${body}`

  it.each([
    ['a custom option more', field('deprecated = false'), field('(opt.secret) = true'), []],
    ['another value of one', field('(opt.codes) = 1'), field('(opt.codes) = 2'), []],
    ['an option that nobody declares', field('(other.tag) = "x"'), field('(other.tag) = "y"'), []],
    ['a group more', proto2('message A {}'), proto2('message A { optional group G = 1 {} }'), ['MESSAGE_ADDED #/A/G']],
    [
      'a group less',
      proto2('message A { optional group G = 1 {} }'),
      proto2('message A {}'),
      ['!MESSAGE_REMOVED #/A/G'],
    ],
    [
      'another field of a group',
      proto2('message A { optional group G = 1 { optional int32 x = 1; } }'),
      proto2('message A { optional group G = 1 { optional string x = 1; } }'),
      ['!FIELD_SCALAR_KIND_CHANGED #/A/G/1'],
    ],
    [
      'an extension more',
      proto2('message A { extensions 100 to 199; }'),
      proto2('message A { extensions 100 to 199; } extend A { optional int32 x = 100; }'),
      [],
    ],
  ])('%s', (_what, from, to, expected) => expect(changes(from, to)).toEqual(expected))
})

describe('editions', () => {
  it('2023 is read, with its features', () => {
    const text = 'edition = "2023"; message A { int32 x = 1 [features.field_presence = LEGACY_REQUIRED]; }'
    const linked = load(text)
    expect(printProto(linked.file)).toContain('edition = "2023";')
    expect(descFileOf(toDescriptor(linked)).file.messages[0]!.fields[0]!.presence).toBe(3)
  })

  it.each([
    ['a text', 'edition = "2024"; message A {}', 'the edition "2024" is not supported, only "2023"'],
    [
      'a descriptor',
      Buffer.from(
        toBinary(
          FileDescriptorProtoSchema,
          create(FileDescriptorProtoSchema, { name: 'a.proto', syntax: 'editions', edition: 1001 }),
        ),
      ).toString('base64'),
      'a.proto: EDITION_2024 is not supported, only EDITION_2023',
    ],
  ])('others are refused: %s', (_what, schema, reason) => expect(() => load(schema)).toThrow(reason))
})
