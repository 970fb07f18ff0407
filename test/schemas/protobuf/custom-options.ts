import type {
  OptionValue,
  ProtoFile,
  ProtoOption,
  ProtoType,
} from '../../../packages/schema-registry/src/protobuf/proto-file.ts'
import type { Choice } from '../choice.ts'

/** The file that declares the custom options which are drawn. */
export const OPTIONS_PATH = 'options.proto'
export const OPTIONS_PROTO = `syntax = "proto2";
package opt;
import "google/protobuf/descriptor.proto";
import "google/protobuf/any.proto";

enum Level { LOW = 0; HIGH = 5; }
message Note {
  optional string text = 3;
  repeated int32 sizes = 1;
  map<string, int64> counts = 2;
  optional Level level = 4;
  optional Note inner = 5;
  optional google.protobuf.Any any = 6;
  optional bool on = 7;
  optional double ratio = 8;
  optional bytes data = 9;
  optional group Part = 10 { optional string sku = 1; }
  extensions 100 to 199;
}
extend Note { optional string extra = 100; }
message Scope { extend google.protobuf.FieldOptions { optional string within = 50010; } }

extend google.protobuf.FileOptions { optional string owner = 50000; repeated Note notes = 50001; }
extend google.protobuf.MessageOptions { optional Note note = 50000; optional uint64 big = 50001; repeated string tags = 50002; }
extend google.protobuf.FieldOptions {
  optional int32 least = 50000; optional sint64 most = 50001; optional float ratio = 50002; optional bool secret = 50003;
  optional Level level = 50004; optional Note field_note = 50005; repeated fixed32 codes = 50006; optional bytes raw = 50007;
}
extend google.protobuf.EnumOptions { optional Level default_level = 50000; }
extend google.protobuf.EnumValueOptions { optional string label = 50000; }
extend google.protobuf.OneofOptions { optional bool needed = 50000; }
`

/** By what they are options of. Some do not fit, so that they are refused. */
const OPTIONS: Readonly<Record<'file' | 'message' | 'field' | 'enum' | 'value' | 'oneof', readonly string[]>> = {
  file: ['(opt.owner) = "a \\"team\\""', '(opt.notes) = { text: "x" }', '(opt.notes) = { sizes: [1, -2] sizes: 3 }'],
  message: [
    '(opt.note).text = "x"',
    '(opt.note).inner.text = "y"',
    '(opt.note).inner.level = HIGH',
    '(opt.note) = { text: "a" "b", sizes: 1; sizes: 2, inner < text: \'z\' >, level: HIGH }',
    '(opt.note) = { counts { key: "a" value: -1 } counts: { key: "b", value: 2 } }',
    '(opt.note) = { level: 5 on: 1 ratio: 1 Part { sku: "s" } [opt.extra]: "more" }',
    '(opt.note) = { on: t ratio: -inf data: "\\001\\377" }',
    '(opt.note) = { any { [type.googleapis.com/opt.Note] { text: "in" } } }',
    '(opt.note).(opt.extra) = "more"',
    '(opt.big) = 18446744073709551615',
    '(opt.big) = -1',
    '(.opt.tags) = "one"',
    '(opt.tags) = "two"',
    '(opt.note).nothing = 1',
    '(opt.note) = { nothing: 1 }',
    '(opt.secret) = true',
  ],
  field: [
    '(opt.least) = -5',
    '(opt.least) = 3000000000',
    '(opt.most) = -9223372036854775808',
    '(opt.ratio) = 0.1',
    '(opt.ratio) = 3',
    '(opt.ratio) = inf',
    '(opt.secret) = true',
    '(opt.secret) = 1',
    '(opt.level) = HIGH',
    '(opt.level) = NEITHER',
    '(opt.level) = 5',
    '(opt.field_note) = { text: "x" }',
    '(opt.field_note).sizes = 7',
    '(opt.codes) = 1',
    '(opt.codes) = 4294967295',
    '(opt.raw) = "\\x00\\xff"',
    '(opt.Scope.within) = "w"',
    '(opt.note).text = "x"',
  ],
  enum: ['(opt.default_level) = HIGH', '(opt.default_level) = LOW'],
  value: ['(opt.label) = "a"', '(opt.label) = 7'],
  oneof: ['(opt.needed) = true'],
}

/** The file with some of the options. */
export function withCustomOptions(choice: Choice, file: ProtoFile): ProtoFile {
  const drawn = (of: keyof typeof OPTIONS, before: readonly ProtoOption[]): readonly ProtoOption[] => {
    const options = [...before]
    while (choice.chance(of === 'field' || of === 'value' ? 0.08 : 0.3)) options.push(verbatim(choice.one(OPTIONS[of])))
    return options
  }
  const decorated = (type: ProtoType): ProtoType =>
    type.kind === 'enum'
      ? {
          ...type,
          options: drawn('enum', type.options),
          values: type.values.map(value => ({ ...value, options: drawn('value', value.options) })),
        }
      : {
          ...type,
          options: drawn('message', type.options),
          fields: type.fields.map(field => ({ ...field, options: drawn('field', field.options) })),
          oneofs: type.oneofs.map(oneof => ({ ...oneof, options: drawn('oneof', oneof.options) })),
          types: type.types.filter(inner => !type.fields.some(({ group }) => group === inner)).map(decorated),
        }
  return {
    ...file,
    imports: [...file.imports, { path: OPTIONS_PATH, kind: 'plain' }],
    options: drawn('file', file.options),
    types: file.types.map(decorated),
  }
}

/** An option whose text is printed as it is. */
function verbatim(text: string): ProtoOption {
  const [name, ...rest] = text.split(' = ')
  const value: OptionValue = { kind: 'identifier', text: rest.join(' = ') }
  return { name: [{ text: name!, isExtension: false }], value }
}
