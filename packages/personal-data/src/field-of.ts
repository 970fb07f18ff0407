/**
 * The fields of a value, as `name`, `address.street` and `phones[].number`. Any text where the type of the value is not known.
 */
export type FieldOf<T> = unknown extends T ? string : Below<T, [1, 2, 3, 4]>

type Below<T, Levels> = Levels extends readonly [unknown, ...infer Rest]
  ? T extends readonly (infer Element)[]
    ? '[]' | `[]${Step<Below<Element, Rest>>}`
    : T extends Leaf
      ? never
      : T extends object
        ? { [Name in keyof T & string]: Name | `${Name}${Step<Below<NonNullable<T[Name]>, Rest>>}` }[keyof T & string]
        : never
  : never

type Step<Path extends string> = Path extends `[${string}` ? Path : `.${Path}`
type Leaf = Date | Uint8Array | ((...args: never) => unknown)
