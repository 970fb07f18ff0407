import { describe, expect, it } from 'vitest'
import { isBreaking, protoChanges } from './compare-protos.ts'
import { loadProto } from './load-proto.ts'

const file = (body: string, syntax = 'proto3'): string => `syntax = "${syntax}"; package shop; ${body}`
const message = (fields: string, more = ''): string => file(`message A { ${fields} } ${more}`)
const changes = (from: string, to: string, imports: readonly [object, object] = [{}, {}]): string[] =>
  protoChanges(
    loadProto(from, new Map(Object.entries(imports[0]))),
    loadProto(to, new Map(Object.entries(imports[1]))),
  ).map(change => `${isBreaking(change) ? '!' : ''}${change.kind} ${change.path}`)

describe('a change of a message', () => {
  it.each([
    ['nothing', 'int32 x = 1;', 'int32 x = 1;', []],
    ['a field more', 'int32 x = 1;', 'int32 x = 1; int32 y = 2;', ['FIELD_ADDED #/A/2']],
    ['a field less', 'int32 x = 1; int32 y = 2;', 'int32 x = 1;', ['FIELD_REMOVED #/A/2']],
    ['another name', 'int32 x = 1;', 'int32 z = 1;', ['FIELD_NAME_CHANGED #/A/1']],
    ['another number', 'int32 x = 1;', 'int32 x = 2;', ['FIELD_REMOVED #/A/1', 'FIELD_ADDED #/A/2']],
    [
      'a number used again',
      'int32 x = 1;',
      'string y = 1;',
      ['FIELD_NAME_CHANGED #/A/1', '!FIELD_SCALAR_KIND_CHANGED #/A/1'],
    ],
    ['int32 to uint64', 'int32 x = 1;', 'uint64 x = 1;', []],
    ['bool to int64', 'bool x = 1;', 'int64 x = 1;', []],
    ['int32 to sint32', 'int32 x = 1;', 'sint32 x = 1;', ['!FIELD_SCALAR_KIND_CHANGED #/A/1']],
    ['sint32 to sint64', 'sint32 x = 1;', 'sint64 x = 1;', []],
    ['fixed32 to sfixed32', 'fixed32 x = 1;', 'sfixed32 x = 1;', []],
    ['fixed32 to fixed64', 'fixed32 x = 1;', 'fixed64 x = 1;', ['!FIELD_SCALAR_KIND_CHANGED #/A/1']],
    ['float to double', 'float x = 1;', 'double x = 1;', ['!FIELD_SCALAR_KIND_CHANGED #/A/1']],
    ['string to bytes', 'string x = 1;', 'bytes x = 1;', []],
    ['string to a message', 'string x = 1;', 'A x = 1;', ['!FIELD_KIND_CHANGED #/A/1']],
    ['a map to a message', 'map<string, int32> x = 1;', 'A x = 1;', ['!FIELD_KIND_CHANGED #/A/1']],
    [
      'another key of a map',
      'map<string, int32> x = 1;',
      'map<int32, int32> x = 1;',
      ['!FIELD_SCALAR_KIND_CHANGED #/A/1'],
    ],
    [
      'another value of a map',
      'map<string, int32> x = 1;',
      'map<string, double> x = 1;',
      ['!FIELD_SCALAR_KIND_CHANGED #/A/1'],
    ],
    ['one value to several', 'optional int32 x = 1;', 'repeated int32 x = 1;', ['!FIELD_NUMERIC_LABEL_CHANGED #/A/1']],
    [
      'one text to several',
      'optional string x = 1;',
      'repeated string x = 1;',
      ['FIELD_STRING_OR_BYTES_LABEL_CHANGED #/A/1'],
    ],
    ['a oneof around one field', 'int32 x = 1;', 'oneof o { int32 x = 1; }', ['ONEOF_ADDED #/A/o']],
    [
      'a oneof around two',
      'int32 x = 1; int32 y = 2;',
      'oneof o { int32 x = 1; int32 y = 2; }',
      ['!MULTIPLE_FIELDS_MOVED_TO_ONEOF #/A/o', 'ONEOF_ADDED #/A/o'],
    ],
    [
      'a field into a oneof',
      'int32 x = 1; oneof o { int32 y = 2; }',
      'oneof o { int32 x = 1; int32 y = 2; }',
      ['!FIELD_MOVED_TO_EXISTING_ONEOF #/A/o'],
    ],
    [
      'a field of a oneof more',
      'oneof o { int32 y = 2; }',
      'oneof o { int32 y = 2; int32 z = 3; }',
      ['ONEOF_FIELD_ADDED #/A/o/3'],
    ],
    [
      'a field of a oneof less',
      'oneof o { int32 y = 2; int32 z = 3; }',
      'oneof o { int32 y = 2; }',
      ['!ONEOF_FIELD_REMOVED #/A/o/3'],
    ],
    ['no oneof any more', 'oneof o { int32 y = 2; int32 z = 3; }', '', ['ONEOF_REMOVED #/A/o']],
    [
      'out of a oneof',
      'oneof o { int32 y = 2; int32 z = 3; }',
      'int32 z = 3; oneof o { int32 y = 2; }',
      ['ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/A/3'],
    ],
  ])('%s', (_what, from, to, expected) => expect(changes(message(from), message(to))).toEqual(expected))
})

describe('a change of a file', () => {
  it.each([
    [
      'another package',
      file('message A {}'),
      'syntax = "proto3"; package other; message A {}',
      ['!PACKAGE_CHANGED #/'],
    ],
    ['a message less', file('message A {} message B {}'), file('message A {}'), ['!MESSAGE_REMOVED #/B']],
    [
      'a message more, before',
      file('message A {}'),
      file('message B {} message A {}'),
      ['MESSAGE_MOVED #/A', 'MESSAGE_ADDED #/B'],
    ],
    ['a nested message less', file('message A { message B {} }'), file('message A {}'), ['!MESSAGE_REMOVED #/A/B']],
    [
      'values of an enum',
      file('enum E { X = 0; Y = 1; }'),
      file('enum E { X = 0; Z = 1; W = 2; }'),
      ['ENUM_CONST_CHANGED #/E/1', 'ENUM_CONST_ADDED #/E/2'],
    ],
    [
      'a required field more',
      file('message A {}', 'proto2'),
      file('message A { required int32 x = 1; }', 'proto2'),
      ['!REQUIRED_FIELD_ADDED #/A/1'],
    ],
    [
      'a required field less',
      file('message A { required int32 x = 1; }', 'proto2'),
      file('message A {}', 'proto2'),
      ['!REQUIRED_FIELD_REMOVED #/A/1'],
    ],
    [
      'another message',
      message('B b = 1;', 'message B {} message C {}'),
      message('C b = 1;', 'message B {} message C {}'),
      ['!FIELD_NAMED_TYPE_CHANGED #/A/1'],
    ],
    [
      'a recursive message',
      message('A a = 1; int32 x = 2;'),
      message('A a = 1; string x = 2;'),
      ['!FIELD_SCALAR_KIND_CHANGED #/A/2'],
    ],
  ])('%s', (_what, from, to, expected) => expect(changes(from, to)).toEqual(expected))

  it('a message that moves into an import, and changes there', () => {
    const own = message('B b = 1;', 'message B { int32 x = 1; }')
    const imported = `syntax = "proto3"; package shop; import "b.proto"; message A { B b = 1; }`
    const dependency = (type: string) => ({ 'b.proto': file(`message B { ${type} x = 1; }`) })
    expect(changes(imported, imported, [dependency('int32'), dependency('int32')])).toEqual([])
    expect(changes(imported, imported, [dependency('int32'), dependency('string')])).toEqual([
      '!FIELD_SCALAR_KIND_CHANGED #/B/1',
      '!FIELD_NAMED_TYPE_CHANGED #/A/1',
    ])
    expect(changes(imported, own, [dependency('int32'), {}])).toEqual(['MESSAGE_ADDED #/B'])
  })
})
