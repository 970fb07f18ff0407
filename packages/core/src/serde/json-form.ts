/*
 * What TypeScript can say about types that JSON has no form for. `jsonMisfit` says the same about values.
 */

/** `unknown` where JSON gives back a `T` as it was written, else a sentence that names what it does not give back, and what to do. */
export type JsonForm<T> = State<T> extends 'misfit' ? JsonTypeError<MisfitOf<T, 'the value', Levels>> : unknown

/** A type that nothing fits, whose name is the message. */
export interface JsonTypeError<Message> {
  readonly [message]: Message
}
declare const message: unique symbol

// A literal, so that the compiler can tell that a type parameter, of which it knows nothing, is none of the misfits.
type State<T> = [MisfitOf<T, 'the value', Levels>] extends [never] ? 'fits' : 'misfit'

/** How deep the search goes: a recursive type has no end. */
type Levels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
type Below<Left> = Left extends readonly [unknown, ...infer Rest] ? Rest : []

// In tuples, or a type parameter would leave the condition open.
type IsAny<T> = [0] extends [1 & T] ? true : false

/** The sentences about `T` and all inside it. `Name` is how a sentence calls the place; it is not a path, of which there are too many. */
type MisfitOf<T, Name extends string, Left> =
  IsAny<T> extends true
    ? never
    : Left extends readonly []
      ? never
      : T extends string | number | boolean | null
        ? never
        : T extends NotJson[number][0]
          ? `${Name} ${ReasonOf<T>}`
          : T extends readonly unknown[]
            ? MisfitOf<ElementOf<T>, `an element of ${Name}`, Below<Left>>
            : T extends object
              ? MisfitOfMembers<T, Left>
              : never

type MisfitOfMembers<T, Left> = {
  // JSON leaves out members that are undefined, and those whose names are symbols.
  [K in keyof T]-?: K extends string | number ? MisfitOf<Exclude<T[K], undefined>, NameOf<K>, Below<Left>> : never
}[keyof T]

type NameOf<K extends string | number> = string extends K ? 'a member' : number extends K ? 'a member' : `"${K}"`

/** Elements that a tuple may lack are left out; an array of undefined is not. */
type ElementOf<T extends readonly unknown[]> = number extends T['length'] ? T[number] : Exclude<T[number], undefined>

/** Types that JSON writes as something else, with what to do. The first that fits counts. */
type NotJson = [
  [bigint, 'is a bigint, for which JSON has no form: use string or number, or the serde long()'],
  [symbol, 'is a symbol, for which JSON has no form: leave it out'],
  [undefined, 'may be undefined, for which JSON has no form: use null'],
  [(...args: never) => unknown, 'is a function or a method, which JSON leaves out: describe the data only'],
  [abstract new (...args: never) => unknown, 'is a class, which JSON leaves out: describe the data only'],
  [ReadonlyMap<unknown, unknown>, 'is a Map, which JSON writes as {}: use an object or an array of entries'],
  [ReadonlySet<unknown>, 'is a Set, which JSON writes as {}: use an array'],
  [Date, 'is a Date, which JSON gives back as text: use string or number, or a schema that makes dates, json(schema)'],
  [ArrayBufferView, 'is bytes, for which JSON has no form: use base64 text, or the serde bytes()'],
  [PromiseLike<unknown>, 'is a promise, which JSON writes as {}: await it first'],
]

type ReasonOf<T, Table extends readonly unknown[] = NotJson> = Table extends readonly [
  readonly [infer Type, infer Reason extends string],
  ...infer Rest,
]
  ? T extends Type
    ? Reason
    : ReasonOf<T, Rest>
  : never
