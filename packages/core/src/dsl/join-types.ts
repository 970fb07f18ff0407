import type { types } from '../assemble/point.ts'
import type { StreamJoinOptions } from '../assemble/stream-joins.ts'
import type { Awaitable } from '../operators/spec.ts'
import type {
  MissingOtherValue,
  MissingSerdes,
  MissingSerdesOfNewKey,
  RowOf,
  SameKey,
  SerdeSide,
  TopologyError,
} from './known-serdes.ts'
import type { TableJoinOptions } from './options.ts'

/*
 * A join with three arguments has one signature, not one for each kind of join: if no signature of several fits, the compiler only says "No
 * overload matches this call". The types here tell the kinds apart: for a stream by the first argument, for two tables by the third. The
 * second argument is a plain function type, so that a generic joiner gets its types. As a third argument it cannot be one, since there it may
 * also be options: a generic joiner gets its types if options follow.
 */

/** What the types of the other side of a join say. */
type SideOf<Other> = Other extends { readonly [types]: infer T }
  ? T extends { readonly grouped: true }
    ? never
    : {
        readonly kind: T extends { readonly global: true }
          ? 'global'
          : T extends { readonly table: true }
            ? 'table'
            : 'stream'
        readonly key: T extends { readonly key: infer KO } ? KO : never
        readonly value: T extends { readonly value: infer VO } ? VO : never
        readonly known: T extends { readonly known: infer Known } ? keyof Known & SerdeSide : SerdeSide
      }
  : never

/** The values of a stream or table. */
export type ValuesOf<Other> = SideOf<Other>['value']

/** The serdes that are known of a stream or table. */
export type KnownOfSide<Other> = SideOf<Other>['known']

/** Whether something is neither a stream nor a table. */
type IsNoSide<Other> = [SideOf<Other>] extends [never] ? true : false

type NothingToJoin =
  'The first argument of a join is a stream, a table or a global table, as builder.table(topic, …) returns it'

/** A table with keys `K`; anything else is a sentence that says what to do. */
export type JoinedTable<Other, K> =
  IsNoSide<Other> extends true
    ? TopologyError<NothingToJoin>
    : SideOf<Other>['kind'] extends 'table'
      ? SameKey<K, SideOf<Other>['key']>
      : SideOf<Other>['kind'] extends 'global'
        ? TopologyError<'A join with a global table needs two functions: the first returns the key in the global table, the second is the joiner'>
        : TopologyError<'A join of two streams needs windows: give { windows: joinWindows(…) } as the third argument'>

/** A table or stream with keys `K`, or any global table. */
export type JoinedSide<Other, K> =
  IsNoSide<Other> extends true
    ? TopologyError<NothingToJoin>
    : SideOf<Other>['kind'] extends 'global'
      ? unknown
      : SameKey<K, SideOf<Other>['key']>

/** A stream that can be merged with `Stream`. */
export type MergedStream<Other, Stream> = SideOf<Other>['kind'] extends 'table'
  ? TopologyError<'Only streams are merged: call toStream() on the table'>
  : Stream

/** What a stream is told that is joined with a table, or without windows. */
export type OuterJoinArguments =
  'An outer join is of two streams, and needs windows: give { windows: joinWindows(…) } as the third argument. For a table use leftJoin'

/** What a table is told that is joined with a stream. */
export type TableExpected =
  'A table is joined with another table: call join on the stream, or make a table of the stream with toTable()'

/** The first parameter of the second argument: the key selector of a join with a global table, else the joiner. */
export type JoinedValueOf<Other, V> = SideOf<Other>['kind'] extends 'global' ? V : RowOf<V>

/** Its second parameter. `Null` is null if a record without a match is joined. */
export type SecondOfJoiner<Other, K, Null> = SideOf<Other>['kind'] extends 'global'
  ? K
  : SideOf<Other>['kind'] extends 'stream'
    ? RowOf<SideOf<Other>['value']> | Null
    : SideOf<Other>['value'] | Null

/** Whether a selector returns keys. It does as long as the compiler has not inferred what it returns. */
type IsKey<Selected, Key> = unknown extends Selected ? true : [Selected] extends [Key | null] ? true : false

/** The joiner of a join with a global table, where the second argument returns `Selected`; else the options. */
export type ThirdOfJoin<
  Other,
  K,
  V,
  Known extends SerdeSide,
  Null,
  Selected,
  VR,
> = SideOf<Other>['kind'] extends 'global'
  ? IsKey<Selected, SideOf<Other>['key']> extends true
    ? (value: RowOf<V>, globalValue: SideOf<Other>['value'] | Null, key: K) => Awaitable<VR>
    : TopologyError<'The first function must return a key of the global table, or null'>
  : SideOf<Other>['kind'] extends 'table'
    ? TableJoinOptions<K, V> & MissingSerdesOfNewKey<K, V, Known>
    : StreamJoinOptions<K, V, SideOf<Other>['value']> &
        MissingSerdes<K, V, Known> &
        MissingOtherValue<SideOf<Other>['value'], SideOf<Other>['known']>

/** `Global` after a join with a global table, else `Other`. */
export type AfterJoin<Side, Global, Other> = SideOf<Side>['kind'] extends 'global' ? Global : Other

/** Whether the third argument of a join of two tables is options. A function has no type before the compiler has typed its parameters. */
type IsOptions<Third> = unknown extends Third ? false : Third extends (...args: never) => unknown ? false : true

/** `ByKey` if the third argument is options, else `ByForeignKey`. */
export type TableJoin<Third, ByKey, ByForeignKey> = IsOptions<Third> extends true ? ByKey : ByForeignKey

/** The last branch is never taken: from it the compiler infers `Third`. `Selected` is what the second argument returns. */
export type ThirdOfTableJoin<Third, Options, KO, Selected, Joiner> =
  IsOptions<Third> extends true
    ? Options & {
        readonly [Name in Exclude<keyof Third, keyof Options>]: TopologyError<`There is no option "${Name & string}"`>
      }
    : IsOptions<Third> extends false
      ? IsKey<Selected, KO> extends true
        ? Joiner
        : TopologyError<'The first function must return a key of the other table, or null, and no promise'>
      : Third

/** The type of the value serde in options. */
export type ValueSerdeOf<Options> = Options extends { readonly value: infer S } ? S : undefined
