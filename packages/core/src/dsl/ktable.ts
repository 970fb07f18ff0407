import type { Awaitable, Fn2 } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeSide } from './known-serdes.ts'
import type { KStream } from './kstream.ts'
import type { Make } from './make.ts'
import type { MaterializeOptions, NameOption, StoreOptions } from './options.ts'
import { point, type TablePoint, type types } from './point.ts'
import { addStep } from './steps.ts'
import { addTableFilter, addTableMapValues, addToStream } from './tables.ts'

/** A store needs the value serde: where it is not known, it must come with the store. */
type FilterOptions<K, V, Known extends SerdeSide> = 'value' extends Known ? MaterializeOptions<K, V> : NameOption

/**
 * A table: the last value of each key, changing as records come. It is kept in a store where one is named or another
 * operator needs one.
 */
export class KTable<K, V, Known extends SerdeSide = never> {
  /** @internal */
  readonly [point]: TablePoint
  readonly #make: Make
  /** Never there: carries the types only. A table that knows more serdes fits where fewer are asked for. */
  declare readonly [types]?: { readonly key: K; readonly value: V; readonly known: Record<Known, true> }

  /** @internal */
  constructor(from: TablePoint, make: Make) {
    this[point] = from
    this.#make = make
  }

  /** The rows for which `predicate` holds; a row for which it no longer holds is deleted. */
  filter(
    predicate: (key: K, value: V) => Awaitable<boolean>,
    options: NameOption & { readonly store: StoreOptions<K, V> & { readonly value: Serde<V> } },
  ): KTable<K, V, Known | 'value'>
  filter(predicate: (key: K, value: V) => Awaitable<boolean>, options?: FilterOptions<K, V, Known>): KTable<K, V, Known>
  filter(predicate: (key: K, value: V) => Awaitable<boolean>, options?: MaterializeOptions<K, V>): KTable<K, V> {
    return this.#make.table(addTableFilter(this[point], { predicate, negate: false }, options ?? {}))
  }

  /** The rows for which `predicate` does not hold. */
  filterNot(
    predicate: (key: K, value: V) => Awaitable<boolean>,
    options: NameOption & { readonly store: StoreOptions<K, V> & { readonly value: Serde<V> } },
  ): KTable<K, V, Known | 'value'>
  filterNot(
    predicate: (key: K, value: V) => Awaitable<boolean>,
    options?: FilterOptions<K, V, Known>,
  ): KTable<K, V, Known>
  filterNot(predicate: (key: K, value: V) => Awaitable<boolean>, options?: MaterializeOptions<K, V>): KTable<K, V> {
    return this.#make.table(addTableFilter(this[point], { predicate, negate: true }, options ?? {}))
  }

  /** Rows with new values. To keep the result in a store, give the store's value serde. */
  mapValues<VR>(
    mapper: (value: V, key: K) => Awaitable<VR>,
    options: NameOption & { readonly store: StoreOptions<K, VR> & { readonly value: Serde<VR> } },
  ): KTable<K, VR, Known | 'value'>
  mapValues<VR>(
    mapper: (value: V, key: K) => Awaitable<VR>,
    options?: NameOption,
  ): KTable<K, VR, Exclude<Known, 'value'>>
  mapValues<VR>(mapper: (value: V, key: K) => Awaitable<VR>, options?: MaterializeOptions<K, VR>): KTable<K, VR> {
    return this.#make.table(addTableMapValues(this[point], mapper, options ?? {}))
  }

  /** The table's changes; a deletion is a record without a value. With `mapper` they get new keys. */
  toStream<KR>(mapper: (key: K, value: V) => Awaitable<KR>, options?: NameOption): KStream<KR, V, Exclude<Known, 'key'>>
  toStream(options?: NameOption): KStream<K, V, Known>
  toStream(first?: NameOption | Fn2<unknown>, second?: NameOption): unknown {
    if (typeof first !== 'function') return this.#make.stream(addToStream(this[point], first?.name))
    const changes = addToStream(this[point], second?.name)
    // A function has a name too, so the type of the options does not exclude it.
    return this.#make.stream(addStep(changes, 'selectKey', { type: 'selectKey', mapper: first as Fn2<unknown> }))
  }
}
