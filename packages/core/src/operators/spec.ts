import type { Serde } from '../serde/serde.ts'
import type { KeyValueAggregateSpec } from './aggregate.ts'
import type { SplitSpec } from './branch.ts'
import type { DeduplicateSpec } from './deduplicate.ts'
import type { FilterSpec, RepartitionFilterSpec } from './filter.ts'
import type { ForeignKeySpec } from './foreign-key-join.ts'
import type { MapValuesAsyncSpec } from './map-values-async.ts'
import type { MapSpec, MapValuesSpec, FlatMapSpec, FlatMapValuesSpec, SelectKeySpec } from './map.ts'
import type { PeekSpec, PrintSpec } from './peek.ts'
import type { SessionAggregateSpec } from './session-aggregate.ts'
import type { SlidingAggregateSpec } from './sliding-aggregate.ts'
import type { StreamGlobalJoinSpec } from './stream-global-join.ts'
import type { StreamSelfJoinSpec } from './stream-self-join.ts'
import type { JoinWindowSpec, StreamStreamJoinSpec } from './stream-stream-join.ts'
import type { StreamTableJoinSpec } from './stream-table-join.ts'
import type { SuppressSpec } from './suppress.ts'
import type { TableAggregateSpec } from './table-aggregate.ts'
import type { TableGroupSpec } from './table-group.ts'
import type { TableTableJoinSpec } from './table-table-join.ts'
import type { TableTransformValuesSpec } from './table-transform.ts'
import type {
  TableSourceSpec,
  TableFilterSpec,
  TableMapValuesSpec,
  TableToStreamSpec,
  TableJoinMergeSpec,
} from './table.ts'
import type { ProcessSpec } from './user-processor.ts'
import type { WindowAggregateSpec } from './window-aggregate.ts'

/**
 * What a processor node does, as data: one of these. Each is described in the file of its operator, which also compiles it. `type` is
 * the operator; functions are the user's own, by reference. What the engine has to know of each kind is in `traits.ts`.
 *
 * User functions may return promises (see `Awaitable`). Parameters of type `never` say that the plan does not know the types, which
 * the DSL has checked.
 */
export type OperatorSpec =
  | FilterSpec
  | MapSpec
  | MapValuesSpec
  | MapValuesAsyncSpec
  | FlatMapSpec
  | FlatMapValuesSpec
  | SelectKeySpec
  | PassThroughSpec
  | SplitSpec
  | PeekSpec
  | PrintSpec
  | RepartitionFilterSpec
  | ProcessSpec
  | KeyValueAggregateSpec
  | WindowAggregateSpec
  | SlidingAggregateSpec
  | SessionAggregateSpec
  | DeduplicateSpec
  | (TableSourceSpec & { readonly type: 'tableSource' })
  | (TableSourceSpec & { readonly type: 'toTable' })
  | TableFilterSpec
  | TableMapValuesSpec
  | TableToStreamSpec
  | TableJoinMergeSpec
  | TableGroupSpec
  | TableAggregateSpec
  | TableTableJoinSpec
  | TableTransformValuesSpec
  | ForeignKeySpec
  | SuppressSpec
  | StreamTableJoinSpec
  | JoinWindowSpec
  | StreamStreamJoinSpec
  | StreamSelfJoinSpec
  | StreamGlobalJoinSpec

export type OperatorKind = OperatorSpec['type']

export type SpecOf<Kind extends OperatorKind> = Extract<OperatorSpec, { readonly type: Kind }>

/** `merge`, and every other node that only passes on. */
export interface PassThroughSpec {
  readonly type: 'passThrough'
}

/** The value comes first, since few functions look at the key (ADR 9). */
export type ValueFn<Result> = (value: never, key: never) => Awaitable<Result>
/** A user function may return its result or a promise of it; promises are awaited in order. */
export type Awaitable<T> = T | PromiseLike<T>

/** The serdes of a stream's records as far as they are known at a point of the topology. */
export interface KnownSerdes {
  readonly key: Serde<unknown> | undefined
  readonly value: Serde<unknown> | undefined
}
