import { checkedNumber, shownOption } from '../errors/number-option.ts'
import type { AggregateFunction } from '../operators/aggregate.ts'
import { list } from '../serde/list.ts'
import type { Serde } from '../serde/serde.ts'
import { refuseKeyFirst } from '../topology/value-first.ts'
import { addAggregation, type GroupPoint, type WindowedBy } from './aggregation.ts'
import type { SerdeFor, SerdeOf } from '../dsl/known-serdes.ts'
import type { NameOption, StoreOptions, WindowStoreSettings } from '../dsl/options.ts'
import type { TablePoint } from './point.ts'
import type { StoreOption } from './store-options.ts'

/** A value that orders records. All ranks of one operator have the same type. */
export type Rank = number | bigint | string

interface RankedBy<K, V> extends NameOption {
  /** The number of values to keep. All of them are written with each update, so this limits the cost of an update. */
  readonly n: number
  /**
   * Returns the rank of a value. Of equal ranks the earlier value comes first. A value without a rank (null, NaN) is ignored.
   */
  readonly by: (value: V, key: K) => Rank | null
}

/** Options of `topN`. */
export interface TopNOptions<K, V> extends RankedBy<K, V> {
  readonly value?: SerdeOf<V>
  /** The name of the store, or its settings. The values are stored as a `list` of their serde. */
  readonly store?: string | StoreOptions
}

/** Options of `topN` over windows or sessions. */
export interface TopNWindowsOptions<K, V> extends RankedBy<K, V> {
  readonly value?: SerdeOf<V>
  /** The name of the store, or its settings. The values are stored as a `list` of their serde. */
  readonly store?: string | WindowStoreSettings
}

interface ErasedOptions extends NameOption {
  readonly n: number
  readonly by: (value: never, key: never) => Rank | null
  readonly value?: SerdeFor<never>
  readonly store?: StoreOption
}

/** `topN`: an aggregation into a list that is never longer than `n`. */
export function addTopN(group: GroupPoint, options: ErasedOptions, windowedBy?: WindowedBy): TablePoint {
  const { n, by, value, ...settings } = options
  checkedNumber('topN', 'n', n, { from: 1 })
  refuseKeyFirst(by, 'topN')
  const { aggregate, merger } = topNFunction(n, by as (value: unknown, key: unknown) => Rank | null)
  const element = value ?? group.valueSerde
  const serde = element && (list(element) as Serde<unknown>)
  return addAggregation(group, aggregate, settings, serde, windowedBy && { ...windowedBy, merger })
}

const RANKS: ReadonlySet<string> = new Set(['number', 'bigint', 'string'])

/** The aggregation and, for sessions, how two lists become one. */
function topNFunction(n: number, by: (value: unknown, key: unknown) => Rank | null) {
  const add = (top: readonly unknown[], value: unknown, key: unknown): readonly unknown[] => {
    const rank = value === null ? null : by(value, key)
    if (rank === null || Number.isNaN(rank)) return top
    if (!RANKS.has(typeof rank)) {
      throw new Error(`\`by\` returned ${shownOption(rank)}, but it must return a number, a bigint, a text, or null`)
    }
    const below = top.findIndex(each => by(each, key)! < rank)
    const place = below < 0 ? top.length : below
    return place >= n ? top : top.toSpliced(place, 0, value).slice(0, n)
  }
  const merger = (one: readonly unknown[], other: readonly unknown[], key: unknown) =>
    other.reduce<readonly unknown[]>((top, value) => add(top, value, key), one)
  const aggregate: AggregateFunction = { kind: 'aggregate', initializer: () => [], aggregator: add }
  return { aggregate, merger }
}
