import { checkedNumber } from '../errors/number-option.ts'
import type { AggregateFunction } from '../operators/aggregate.ts'
import { sameBytesOf } from '../serde/key-identity.ts'
import { list } from '../serde/list.ts'
import { long } from '../serde/number-serdes.ts'
import type { Serde } from '../serde/serde.ts'
import { refuseKeyFirst } from '../topology/value-first.ts'
import { addAggregation, type GroupPoint, type WindowedBy } from './aggregation.ts'
import type { NameOption, StoreOptions, WindowStoreSettings } from '../dsl/options.ts'
import type { TablePoint } from './point.ts'
import type { StoreOption } from './store-options.ts'
import { addTableMapValues } from './tables.ts'

/** A value that `===` compares. */
export type DistinctId = string | number | bigint | boolean

interface DistinctBy<ID> extends NameOption {
  /** The serde of the ids, which are stored as a `list`. */
  readonly id: Serde<ID>
  /**
   * The maximum number of distinct ids that are counted for each key. All ids of a key are written with each new id, so this
   * limits the cost of an update.
   * @default 1000
   */
  readonly maxIds?: number
}

/** Options of `distinctCount`. */
export interface DistinctCountOptions<ID> extends DistinctBy<ID> {
  readonly store?: string | StoreOptions
}

/** Options of `distinctCount` over windows or sessions. */
export interface DistinctCountWindowsOptions<ID> extends DistinctBy<ID> {
  readonly store?: string | WindowStoreSettings
}

interface ErasedOptions extends NameOption {
  readonly id: object
  readonly maxIds?: number
  readonly store?: StoreOption
}

/** `distinctCount`: an aggregation into the ids seen so far, and their number. */
export function addDistinctCount(
  group: GroupPoint,
  by: (value: never, key: never) => DistinctId | null,
  options: ErasedOptions,
  windowedBy?: WindowedBy,
): TablePoint {
  const { id, maxIds = 1000, ...settings } = options
  checkedNumber('distinctCount', 'maxIds', maxIds, { from: 1 })
  refuseKeyFirst(by, 'distinctCount')
  const idOf = by as (value: unknown, key: unknown) => DistinctId | null
  const sameId = sameBytesOf(id as Serde<unknown>, '')
  const withId = (seen: readonly DistinctId[], one: DistinctId): readonly DistinctId[] =>
    seen.length >= maxIds || seen.some(other => sameId(other, one)) ? seen : [...seen, one]
  const add = (seen: readonly DistinctId[], value: unknown, key: unknown) => {
    const one = value === null ? null : idOf(value, key)
    return one === null ? seen : withId(seen, one)
  }
  const merger = (seen: readonly DistinctId[], others: readonly DistinctId[]) => others.reduce(withId, seen)
  const aggregate: AggregateFunction = { kind: 'aggregate', initializer: () => [], aggregator: add }
  const serde = list(id as Serde<unknown>) as Serde<unknown>
  const ids = addAggregation(group, aggregate, settings, serde, windowedBy && { ...windowedBy, merger })
  const counted = addTableMapValues(ids, (seen: readonly DistinctId[]) => BigInt(seen.length), {})
  return { ...counted, valueSerde: long() }
}
