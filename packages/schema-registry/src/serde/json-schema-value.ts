/**
 * The type of the values of a JSON Schema that is written as a literal. `unknown` for what TypeScript cannot see: references, patterns, and
 * schemas that are given as text.
 */
export type JsonSchemaValue<Schema> = Schema extends true
  ? unknown
  : Schema extends false
    ? never
    : Schema extends { readonly const: infer Value }
      ? Value
      : Schema extends { readonly enum: readonly (infer Value)[] }
        ? Value
        : Schema extends { readonly anyOf: readonly (infer Part)[] }
          ? JsonSchemaValue<Part>
          : Schema extends { readonly oneOf: readonly (infer Part)[] }
            ? JsonSchemaValue<Part>
            : Schema extends { readonly type: readonly (infer Type)[] }
              ? TypedValue<Type, Schema>
              : Schema extends { readonly type: infer Type }
                ? TypedValue<Type, Schema>
                : Schema extends { readonly properties: object }
                  ? ObjectValue<Schema>
                  : unknown

type TypedValue<Type, Schema> = Type extends 'string'
  ? string
  : Type extends 'number' | 'integer'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? Schema extends { readonly items: infer Items }
            ? JsonSchemaValue<Items>[]
            : unknown[]
          : Type extends 'object'
            ? ObjectValue<Schema>
            : unknown

type ObjectValue<Schema> = Schema extends { readonly properties: infer Properties }
  ? Flat<
      { [Name in Exclude<keyof Properties, Required<Schema>>]?: JsonSchemaValue<Properties[Name]> } & {
        [Name in Extract<keyof Properties, Required<Schema>>]: JsonSchemaValue<Properties[Name]>
      }
    >
  : Schema extends { readonly additionalProperties: infer Rest extends object }
    ? Record<string, JsonSchemaValue<Rest>>
    : Record<string, unknown>

type Required<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never

type Flat<T> = { [Name in keyof T]: T[Name] }
