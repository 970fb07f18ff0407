import { describe, expect, it } from 'vitest'
import { loadProto } from './load-proto.ts'
import { parseProto } from './parse-proto.ts'
import { printProto } from './print-proto.ts'

const PROTO2 = `syntax = "proto2";
package a.b;

import "x.proto";
import public "y.proto";

option java_package = "a\\nb";
option (shop.tag) = {
  name: "x",
  sizes: [
    1,
    -2
  ]
};

message A {
  reserved 4, 6 to 8;
  reserved "gone";

  optional int32 x = 1 [default = -5];
  required string text = 2 [default = "\\001\\"q\\\\"];
  repeated B.C items = 3 [packed = true];
  optional double d = 9 [default = -inf];

  oneof choice {
    bool yes = 20;
  }

  repeated group Line = 21 {
    optional string sku = 1;
  }

  extensions 100 to 199, 500 to max;

  extend A {
    optional int32 more = 150;
  }
}
enum E {
  reserved -5 to -2, 100 to max;
  option allow_alias = true;
  ZERO = 0;
  NULL = 0 [deprecated = true];
  MINUS = -1;
}

extend A {
  optional int32 extra = 100;
}

service S {
  rpc Get (stream A) returns (.a.b.A) {
    option deprecated = true;
  };
  rpc Put (A) returns (stream A);
}
`

it('prints what it parses', () => {
  expect(printProto(parseProto(PROTO2))).toBe(PROTO2)
})

it('takes comments, adjacent strings, other quotes, octal and hexadecimal numbers, and empty statements', () => {
  const text = `/* a */ syntax = 'pro' "to3"; ;// b
    message A{;int32 x=0x1;/**/ int32 y = 010 ; }`
  expect(printProto(parseProto(text))).toBe('syntax = "proto3";\n\nmessage A {\n  int32 x = 1;\n  int32 y = 8;\n}\n')
})

it('takes words of the language as names', () => {
  const text = `syntax = "proto3"; message message { .message message = 1; string optional = 2; rpc.x reserved_ = 3; } enum E { option = 0; reserved = 1; }`
  expect(parseProto(text).types[0]).toMatchObject({
    name: 'message',
    fields: [{ type: '.message' }, { name: 'optional' }, { type: 'rpc.x' }],
  })
})

describe('errors name the place', () => {
  it.each([
    ['message A {', '1:12: the type of a field is expected, and not the end'],
    ['message A { string x = 0; }', '1:24: the number of x must be from 1 to 536870911, and not 0'],
    ['message A { string x = 09; }', '1:24: "09" begins with 0 and is not octal'],
    ['message A {\n  string "x" = 1;\n}', '2:10: the name of a field is expected, and not ""x""'],
    ['option x = "a', '1:12: a string has no end'],
    ['/* a', '1:1: a comment has no end'],
    ['option x = "\\q";', '1:12: the string has an escape that has no meaning (\\q)'],
    ['option x = 1a;', '1:12: "1" is followed by a letter or a point'],
    ['message A { € }', '1:13: the character "€" has no meaning'],
    ['syntax = "proto4";', 'there is no syntax "proto4"'],
    ['edition = "2099";', 'the edition "2099" is not supported, only "2023"'],
    ['message A { oneof o { map<string, string> m = 1; } }', 'a map cannot be in the oneof o'],
    ['package a; package b;', 'the file has two packages'],
  ])('%s', (text, reason) => expect(() => parseProto(text)).toThrow(reason))
})

describe('rules of the language', () => {
  const proto3 = (body: string) => `syntax = "proto3"; ${body}`
  it.each([
    [proto3('message A { required int32 x = 1; }'), 'A.x: a field of proto3 cannot be required'],
    [proto3('message A { int32 x = 1 [default = 1]; }'), 'A.x: a field of proto3 has no default'],
    [proto3('message A { int32 x = 19000; }'), 'A.x: the numbers 19000 to 19999 are reserved'],
    [proto3('message A { reserved 1; int32 x = 1; }'), 'A.x: the number 1 is reserved'],
    [proto3('message A { reserved "x"; int32 x = 1; }'), 'A.x: the name is reserved'],
    [proto3('message A { oneof o {} }'), 'A.o: the oneof has no field'],
    [proto3('message A { map<float, int32> m = 1; }'), 'A.m: "float" cannot be the type of keys'],
    [proto3('message A { string a_b = 1; string aB = 2; }'), 'A.aB: its name in JSON, "aB", is that of "a_b"'],
    [
      proto3('message A { string a_b = 1 [json_name = "x"]; string aB = 2; }'),
      'A.aB: its name in JSON, "aB", is that of "a_b"',
    ],
    [
      'message A { optional int32 x = 1 [json_name = "n"]; optional int32 y = 2 [json_name = "n"]; }',
      'A.y: its name in JSON, "n", is that of "x"',
    ],
    [proto3('enum E { X = 1; }'), 'E: its first value must be 0'],
    [proto3('enum E { X = 0; Y = 0; }'), 'E.Y: the number 0 belongs to "X" already'],
    [proto3('enum E { X = 0; } enum F { X = 0; }'), 'X: it is declared twice'],
    [proto3('message A {} message A {}'), 'A: it is declared twice'],
    [proto3('import "a.proto"; import "a.proto";'), 'import "a.proto": there is no such file'],
    ['message A { int32 x = 1; }', 'A.x: a field of proto2 is optional, required or repeated'],
    [
      'message A { optional int32 x = 1 [default = 3000000000]; }',
      'A.x: its default does not fit: 3000000000 is out of the range of int32',
    ],
    ['message A { optional string x = 1 [packed = true]; }', 'A.x: only repeated numbers'],
    ['message A {} extend A { optional int32 x = 1; }', 'x: "A" does not keep the number 1 for extensions'],
  ])('%s', (text, reason) => expect(() => loadProto(text)).toThrow(reason))

  it('in proto2, a name in JSON may be that of a field that came first (seed 201415)', () => {
    const text = (first: string) =>
      `message A { ${first} optional int32 x = 2 [json_name = "id"]; optional int32 y = 3 [json_name = "id"]; }`
    expect(() => loadProto(text('optional int32 id = 1;'))).not.toThrow()
    expect(() => loadProto(text(''))).toThrow('is that of "x"')
  })

  it('finds names from the innermost scope to the outermost', () => {
    const text = 'syntax = "proto3"; package a.b; message B { message C {} } message A { message B {} B.C c = 1; }'
    expect(() => loadProto(text)).toThrow('"B.C" is taken for "a.b.A.B.C", which is not defined')
    expect(() => loadProto(text.replace('B.C c', 'b.B.C c'))).not.toThrow()
    expect(() => loadProto(text.replace('B.C c', '.a.b.B.C c'))).not.toThrow()
  })

  it('sees what an import imports publicly, and nothing else of it', () => {
    const imports = (kind: string) =>
      new Map([
        ['one.proto', `syntax = "proto3"; import ${kind} "two.proto";`],
        ['two.proto', 'syntax = "proto3"; message Two {}'],
      ])
    const text = 'syntax = "proto3"; import "one.proto"; message A { Two two = 1; }'
    expect(() => loadProto(text, imports('public'))).not.toThrow()
    expect(() => loadProto(text, imports(''))).toThrow('A: "Two" is not defined')
  })
})
