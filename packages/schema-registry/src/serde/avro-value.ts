import type { LogicalConverter } from '../avro/value-form.ts'

/** What the types of values depend on besides the schema. */
export interface AvroTyping {
  readonly longs?: 'number' | 'bigint'
  // oxlint-disable-next-line typescript/no-explicit-any -- only the type of the values is looked at
  readonly logicalTypes?: Readonly<Record<string, LogicalConverter<any, any>>>
}

/**
 * The type of the values of an Avro schema that is written as a literal. `unknown` for types that are referred to by name, and for
 * schemas that are given as text.
 */
export type AvroValue<Schema, Typing extends AvroTyping = object> = Schema extends string
  ? Primitive<Schema, Typing>
  : Schema extends readonly unknown[]
    ? Union<Schema, Typing>
    : Schema extends { readonly logicalType: infer Name }
      ? Converted<Name, Schema, Typing>
      : Complex<Schema, Typing>

type Converted<Name, Schema, Typing extends AvroTyping> = Name extends keyof ConvertersOf<Typing>
  ? // oxlint-disable-next-line typescript/no-explicit-any -- the raw side does not matter
    ConvertersOf<Typing>[Name] extends LogicalConverter<infer Value, any>
    ? Value
    : never
  : Complex<Schema, Typing>

type ConvertersOf<Typing> = Typing extends { readonly logicalTypes: infer Converters } ? Converters : object

type Complex<Schema, Typing extends AvroTyping> = Schema extends {
  readonly type: 'record'
  readonly fields: infer Fields
}
  ? RecordOf<Fields, Typing>
  : Schema extends { readonly type: 'enum'; readonly symbols: readonly (infer Symbol)[] }
    ? Symbol
    : Schema extends { readonly type: 'array'; readonly items: infer Items }
      ? AvroValue<Items, Typing>[]
      : Schema extends { readonly type: 'map'; readonly values: infer Values }
        ? Record<string, AvroValue<Values, Typing>>
        : Schema extends { readonly type: 'fixed' }
          ? Buffer
          : Schema extends { readonly type: infer Inner extends string }
            ? Primitive<Inner, Typing>
            : unknown

type RecordOf<Fields, Typing extends AvroTyping> = Fields extends readonly {
  readonly name: string
  readonly type: unknown
}[]
  ? { [Field in Fields[number] as Field['name']]: AvroValue<Field['type'], Typing> }
  : unknown

type Primitive<Name extends string, Typing extends AvroTyping> = Name extends 'null'
  ? null
  : Name extends 'boolean'
    ? boolean
    : Name extends 'int' | 'float' | 'double'
      ? number
      : Name extends 'long'
        ? Typing extends { readonly longs: 'bigint' }
          ? bigint
          : number
        : Name extends 'bytes'
          ? Buffer
          : Name extends 'string'
            ? string
            : unknown

/** A union whose branches may look alike is wrapped: its type is left open, since a wrong one would be worse. */
type Union<Branches extends readonly unknown[], Typing extends AvroTyping> = Branches extends
  | readonly ['null', infer Only]
  | readonly [infer Only, 'null']
  ? AvroValue<Only, Typing> | null
  : Branches extends readonly PlainName[]
    ? HasTwoNumbers<Branches> extends true
      ? unknown
      : AvroValue<Branches[number], Typing>
    : unknown

type PlainName = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

type HasTwoNumbers<Branches extends readonly unknown[], Seen = false> = Branches extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends 'int' | 'long' | 'float' | 'double'
    ? Seen extends true
      ? true
      : HasTwoNumbers<Rest, true>
    : HasTwoNumbers<Rest, Seen>
  : false
