import type { Serde } from '../serde/serde.ts'
import type { DeduplicateSpec } from './deduplicate.ts'
import type { MapValuesAsyncSpec } from './map-values-async.ts'
import type { WindowsPort } from '../ports/windows.ts'

/**
 * What a processor node does, as data. `type` is the operator; functions are the user's own, by reference. How each
 * compiles to a function stands in the file named for it.
 *
 * User functions may return promises (see `Awaitable`); `never` parameters only say that the plan does not know the types,
 * which the DSL has checked.
 */
export type OperatorSpec =
  | { readonly type: 'filter'; readonly predicate: ValueFn<boolean>; readonly negate: boolean }
  | { readonly type: 'map'; readonly mapper: ValueFn<readonly [unknown, unknown]> }
  | { readonly type: 'mapValues'; readonly mapper: ValueFn<unknown> }
  | MapValuesAsyncSpec
  | { readonly type: 'flatMap'; readonly mapper: ValueFn<Iterable<readonly [unknown, unknown]>> }
  | { readonly type: 'flatMapValues'; readonly mapper: ValueFn<Iterable<unknown>> }
  /** Also the first half of `groupBy`. */
  | { readonly type: 'selectKey'; readonly mapper: ValueFn<unknown> }
  /** `merge`, and every other node that only passes on. */
  | { readonly type: 'passThrough' }
  /**
   * The first predicate that holds sends the record to `children[i]`; none sends it to `defaultChild`, or nowhere. Where the
   * branches are `exhaustive`, none is a failure.
   */
  | {
      readonly type: 'branch'
      readonly branches: readonly BranchSpec[]
      readonly defaultChild: string | undefined
      readonly exhaustive?: boolean
    }
  | { readonly type: 'peek'; readonly action: ValueFn<unknown>; readonly forwards: boolean }
  | {
      readonly type: 'print'
      readonly label: string
      readonly write: (line: string) => void
      readonly mapper: ValueFn<string> | undefined
    }
  /** Before a repartition sink: records without a key go no further. With `passNullKeys` all pass. */
  | { readonly type: 'repartitionFilter'; readonly passNullKeys: boolean }
  | { readonly type: 'process'; readonly supplier: () => unknown; readonly fixedKey: boolean }
  | KeyValueAggregateSpec
  | WindowAggregateSpec
  | SlidingAggregateSpec
  | SessionAggregateSpec
  | DeduplicateSpec
  | (TableSourceSpec & { readonly type: 'tableSource' })
  | (TableSourceSpec & { readonly type: 'toTable' })
  | TableFilterSpec
  | TableMapValuesSpec
  | { readonly type: 'tableToStream' }
  | StreamTableJoinSpec
  /** Keeps a stream's records for the other side of a join. */
  | (LateOutput & { readonly type: 'joinWindow'; readonly store: string })
  | StreamStreamJoinSpec
  | StreamSelfJoinSpec
  | StreamGlobalJoinSpec
  /** The first half of a table's `groupBy`: the old and the new value of each update, under their new keys. */
  | (VersionedInput & {
      readonly type: 'tableGroup'
      readonly selector: ValueFn<readonly [unknown, unknown]>
      /** Of the new keys, in the topic (undecorated) between both halves. */
      readonly keySerde: Serde<unknown>
      readonly topic: string
    })
  | TableAggregateSpec
  | TableTableJoinSpec
  | {
      readonly type: 'tableTransformValues'
      readonly supplier: () => unknown
      readonly store: string | undefined
      readonly sendOldValues: boolean
    }
  | ForeignKeySpec
  | SuppressSpec
  /** Where both sides of a join of tables meet. */
  | { readonly type: 'tableJoinMerge'; readonly store: string | undefined; readonly sendOldValues: boolean }

/** The value comes first, since few functions look at the key (ADR 9). */
export type ValueFn<Result> = (value: never, key: never) => Awaitable<Result>
/** A user function may return its result or a promise of it; promises are awaited in order. */
export type Awaitable<T> = T | PromiseLike<T>

export interface BranchSpec {
  readonly predicate: ValueFn<boolean>
  readonly child: string
}

/** `count`, `reduce` and `aggregate` of a grouped stream. */
export interface KeyValueAggregateSpec {
  readonly type: 'aggregate'
  readonly store: string
  readonly function: AggregateFunction
  /** Downstream needs the value before the update. */
  readonly sendOldValues: boolean
}

/** Of an operator that may leave out records because they are late. */
export interface LateOutput {
  /** The child that gets them, see `late.ts`. Only there where `onLate` was given. */
  readonly late?: string | undefined
}

export interface WindowAggregateSpec extends LateOutput {
  readonly type: 'windowAggregate'
  readonly store: string
  readonly function: AggregateFunction
  readonly windows: FixedWindowsSpec
  readonly emit: EmitStrategy
  readonly sendOldValues: boolean
}

export interface SlidingAggregateSpec extends LateOutput {
  readonly type: 'slidingAggregate'
  readonly store: string
  readonly function: AggregateFunction
  readonly windows: SlidingWindowsSpec
  readonly emit: EmitStrategy
  readonly sendOldValues: boolean
}

export interface SessionAggregateSpec extends LateOutput {
  readonly type: 'sessionAggregate'
  readonly store: string
  readonly function: AggregateFunction
  /** Makes one aggregate of two, for `aggregate`; `count` and `reduce` need none. */
  readonly merger: ((one: never, other: never, key: never) => Awaitable<unknown>) | undefined
  readonly windows: SessionWindowsSpec
  readonly emit: EmitStrategy
  readonly sendOldValues: boolean
}

/** A topic (`tableSource`) or a stream (`toTable`) as a table. Only where it is versioned can anything be late for it. */
export interface TableSourceSpec extends LateOutput {
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

/** Whether a window's result is emitted with each record that changes it, or once, when no more can change it. */
export type EmitStrategy = 'on-update' | 'on-close'

export type AggregateFunction =
  | { readonly kind: 'count' }
  | { readonly kind: 'reduce'; readonly reducer: (aggregate: never, value: never) => Awaitable<unknown> }
  | {
      readonly kind: 'aggregate'
      readonly initializer: () => unknown
      readonly aggregator: (aggregate: never, value: never, key: never) => Awaitable<unknown>
    }

/** All times are in milliseconds. */
export type WindowsSpec = FixedWindowsSpec | SlidingWindowsSpec | SessionWindowsSpec

/** Windows whose starts and ends do not depend on the records. */
export type FixedWindowsSpec = TimeWindowsSpec | UnlimitedWindowsSpec | CustomWindowsSpec

/** Windows that a function gives, see `customWindows`. */
export interface CustomWindowsSpec extends WindowsPort {
  readonly type: 'custom'
  /** The longest that a window can be. */
  readonly sizeMs: number
  readonly graceMs: number
}

/** Tumbling when `advanceMs` equals `sizeMs`. A window ends before `start + sizeMs`. */
export interface TimeWindowsSpec {
  readonly type: 'time'
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
}

/** One window from `startMs` on. */
export interface UnlimitedWindowsSpec {
  readonly type: 'unlimited'
  readonly startMs: number
  /** `Infinity`. */
  readonly sizeMs: number
  /** 0: it never closes. */
  readonly graceMs: number
}

/** A window holds records that are at most `timeDifferenceMs` apart; both its ends are inclusive. */
export interface SlidingWindowsSpec {
  readonly type: 'sliding'
  readonly timeDifferenceMs: number
  readonly graceMs: number
}

/** A session ends when nothing comes for longer than `inactivityGapMs`. */
export interface SessionWindowsSpec {
  readonly type: 'session'
  readonly inactivityGapMs: number
  readonly graceMs: number
}

/** Of an operator below a table. */
export interface VersionedInput {
  /** The table is versioned: `TaskContext.isLatest` says whether an update is of its latest version. */
  readonly versioned?: true
}

/**
 * A table's filter. With a `store` its results are materialised; `parent` says where an old value can be had from when
 * there is none.
 */
export interface TableFilterSpec extends VersionedInput {
  readonly type: 'tableFilter'
  readonly predicate: ValueFn<boolean>
  readonly negate: boolean
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

export interface TableMapValuesSpec {
  readonly type: 'tableMapValues'
  readonly mapper: ValueFn<unknown>
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

/** `count`, `reduce` and `aggregate` of a grouped table. Its input are changes: the old value goes before the new one comes. */
export interface TableAggregateSpec {
  readonly type: 'tableAggregate'
  readonly store: string
  readonly function: TableAggregateFunction
  readonly sendOldValues: boolean
}

export type TableAggregateFunction =
  | { readonly kind: 'count' }
  | {
      readonly kind: 'reduce'
      readonly adder: (aggregate: never, value: never) => Awaitable<unknown>
      readonly subtractor: (aggregate: never, value: never) => Awaitable<unknown>
    }
  | {
      readonly kind: 'aggregate'
      readonly initializer: () => unknown
      readonly adder: (aggregate: never, value: never, key: never) => Awaitable<unknown>
      readonly subtractor: (aggregate: never, value: never, key: never) => Awaitable<unknown>
    }

/** One side of a join of two tables: its updates meet the current value of the other. */
export interface TableTableJoinSpec extends VersionedInput {
  readonly type: 'tableTableJoin'
  readonly join: 'inner' | 'left' | 'outer'
  readonly side: 'left' | 'right'
  readonly joiner: TableJoiner
  readonly other: ValueGetterSpec
  readonly sendOldValues: boolean
}

/** Holds updates back: all until stream time has passed their time by `waitMs`, or the buffer is full. */
export interface SuppressSpec {
  readonly type: 'suppress'
  readonly store: string
  /** An update's time is the end of its window, or its timestamp. */
  readonly until: 'window-closes' | 'time-limit'
  readonly waitMs: number
  /** How long the windows above are, by which an update can be older than its time; 0 with a time limit. */
  readonly windowMs: number
  /** `Infinity` without a limit. */
  readonly maxRecords: number
  readonly maxBytes: number
  readonly whenFull: 'emit-early' | 'shut-down'
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
}

/** The steps of a join by foreign key, see `foreign-key-join.ts`. `topic` is the undecorated one of the subscriptions. */
export type ForeignKeySpec =
  | (VersionedInput & {
      readonly type: 'foreignKeySend'
      readonly join: 'inner' | 'left'
      readonly foreignKey: ForeignKeyFn
      readonly foreignKeySerde: Serde<unknown>
      readonly valueSerde: Serde<unknown>
      readonly topic: string
    })
  | {
      readonly type: 'foreignKeyReceive'
      readonly store: string
      readonly foreignKeySerde: Serde<unknown>
      readonly primaryKeySerde: Serde<unknown>
      readonly topic: string
    }
  | { readonly type: 'foreignKeyLookUp'; readonly foreign: ValueGetterSpec }
  | (VersionedInput & {
      readonly type: 'foreignKeyUpdate'
      readonly store: string
      readonly foreignKeySerde: Serde<unknown>
      readonly topic: string
    })
  | {
      readonly type: 'foreignKeyResolve'
      readonly join: 'inner' | 'left'
      readonly joiner: TableJoiner
      readonly primary: ValueGetterSpec
      readonly valueSerde: Serde<unknown>
      readonly topic: string
    }

/** The foreign key in a row; null where it names none. */
export type ForeignKeyFn = (value: never, key: never) => unknown

/** The left value comes first, whichever side was updated. */
export type TableJoiner = (left: never, right: never, key: never) => Awaitable<unknown>

/** One side of a join of two streams. Times are milliseconds, and seen from this side. */
export interface StreamStreamJoinSpec {
  readonly type: 'streamStreamJoin'
  readonly side: 'left' | 'right'
  /** The left value comes first, whichever side brings the record. */
  readonly joiner: (left: never, right: never, key: never) => Awaitable<unknown>
  /** Where the records of the other side are kept. */
  readonly otherStore: string
  readonly beforeMs: number
  readonly afterMs: number
  /** Records of this side that find no partner are joined with null. */
  readonly keepsUnmatched: boolean
  /** Where records of either side wait for a partner; undefined where both sides need one. */
  readonly unmatched:
    | { readonly store: string; readonly leftWaitsMs: number; readonly rightWaitsMs: number; readonly graceMs: number }
    | undefined
}

/** The join of a stream with itself, over one store of its records. */
export interface StreamSelfJoinSpec {
  readonly type: 'streamSelfJoin'
  /** Of a left or outer join, which lets records without a key come so far, though it has no use for them here. */
  readonly passesNullKeys: boolean
  readonly joiner: StreamStreamJoinSpec['joiner']
  readonly store: string
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

export interface StreamTableJoinSpec {
  readonly type: 'streamTableJoin'
  readonly join: 'inner' | 'left'
  readonly joiner: (streamValue: never, tableValue: never, key: never) => Awaitable<unknown>
  readonly table: ValueGetterSpec
  /** Where records wait for the versions of the table that come late. */
  readonly waiting?: JoinWaitSpec
}

/** Records wait until stream time, by the records that come to the join, has passed theirs by `graceMs`. */
export interface JoinWaitSpec {
  readonly store: string
  readonly graceMs: number
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
}

/** A stream's record meets a global table's value of the key that `keySelector` gives. */
export interface StreamGlobalJoinSpec {
  readonly type: 'streamGlobalJoin'
  readonly join: 'inner' | 'left'
  readonly keySelector: ValueFn<unknown>
  readonly joiner: (streamValue: never, globalValue: never, key: never) => Awaitable<unknown>
  /** The global table's. */
  readonly store: string
}

/**
 * How a table's current value is looked up: in the store of the nearest materialised ancestor, or in both tables of an
 * unmaterialised join, then through the unmaterialised steps below, first to last.
 */
export type ValueGetterSpec = StoredGetterSpec | JoinedGetterSpec | SuppressedGetterSpec

export interface StoredGetterSpec {
  readonly kind: 'stored'
  readonly store: string
  /** What finds a value: its key, or with windowed keys the key and its window or session. */
  readonly by: 'key' | 'window' | 'session'
  /** The store is a versioned one, and how far back it knows what was valid at a time. */
  readonly historyRetentionMs?: number
  readonly steps: readonly ValueGetterStep[]
}

/** What was before the first update that is held back; the table above where none is. */
export interface SuppressedGetterSpec {
  readonly kind: 'suppressed'
  readonly store: string
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  readonly above: ValueGetterSpec
  readonly steps: readonly ValueGetterStep[]
}

export interface JoinedGetterSpec {
  readonly kind: 'joined'
  readonly join: 'inner' | 'left' | 'outer'
  readonly joiner: TableJoiner
  readonly left: ValueGetterSpec
  readonly right: ValueGetterSpec
  readonly steps: readonly ValueGetterStep[]
}

export type ValueGetterStep =
  | { readonly type: 'filter'; readonly predicate: ValueFn<boolean>; readonly negate: boolean }
  | { readonly type: 'mapValues'; readonly mapper: ValueFn<unknown> }
  /** Also of a row that is not there. */
  | { readonly type: 'transformValues'; readonly supplier: () => unknown }

/** The serdes of a stream's records as far as they are known at a point of the topology. */
export interface KnownSerdes {
  readonly key: Serde<unknown> | undefined
  readonly value: Serde<unknown> | undefined
}
