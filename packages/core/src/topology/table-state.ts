import type {
  Fn2,
  JoinedGetterSpec,
  StoredGetterSpec,
  TableJoiner,
  ValueFn,
  ValueGetterSpec,
  ValueGetterStep,
  WindowsSpec,
} from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'

/**
 * What is settled about a table only when others use it: whether it is kept in a store, and whether it sends old values
 * along. Both may be asked for by an operator further down, long after the table was written.
 */
export interface TableState {
  /** The store that holds the table; undefined while nobody needs one. */
  store(): string | undefined
  sendsOldValues(): boolean
  /**
   * Asks that updates carry the value before them. Without `force` a table source that is kept nowhere refuses; with it,
   * the source gets a store.
   */
  enableSendingOldValues(force: boolean): boolean
  /** How to look up a current value. Gives the table's source a store where there is none. */
  getter(): ValueGetterSpec
}

/** `table()` and `toTable()`: the store's name is known, whether it is used is not. */
export function sourceTableState(storeName: string, materialized: boolean): TableState {
  let kept = materialized
  let sendsOldValues = false
  return {
    store: () => (kept ? storeName : undefined),
    sendsOldValues: () => sendsOldValues,
    enableSendingOldValues(force) {
      if (!force && !kept) return false
      kept = true
      sendsOldValues = true
      return true
    },
    getter() {
      kept = true
      return storedGetter(storeName)
    },
  }
}

/** The result of an aggregation: always in a store. */
export function aggregateTableState(storeName: string, windows?: WindowsSpec['type']): TableState {
  const by = windows === undefined ? 'key' : windows === 'session' ? 'session' : 'window'
  let sendsOldValues = false
  return {
    store: () => storeName,
    sendsOldValues: () => sendsOldValues,
    enableSendingOldValues() {
      sendsOldValues = true
      return true
    },
    getter: () => storedGetter(storeName, by),
  }
}

/** The result of a join of tables. Old values can be had always: both tables then get stores. */
export function joinedTableState(
  left: TableState,
  right: TableState,
  join: JoinedGetterSpec['join'],
  joiner: TableJoiner,
  storeName: string | undefined,
): TableState {
  let sendsOldValues = false
  return {
    store: () => storeName,
    sendsOldValues: () => sendsOldValues,
    enableSendingOldValues() {
      left.enableSendingOldValues(true)
      right.enableSendingOldValues(true)
      sendsOldValues = true
      return true
    },
    getter: () =>
      storeName === undefined
        ? { kind: 'joined', join, joiner, left: left.getter(), right: right.getter(), steps: [] }
        : storedGetter(storeName),
  }
}

/** `suppress`: its view is behind the table above. */
export function suppressedTableState(
  parent: TableState,
  storeName: string,
  serdes: () => { readonly keySerde: Serde<unknown>; readonly valueSerde: Serde<unknown> },
): TableState {
  return {
    store: () => undefined,
    sendsOldValues: () => true,
    enableSendingOldValues: force => parent.enableSendingOldValues(force),
    getter: () => ({ kind: 'suppressed', store: storeName, ...serdes(), above: parent.getter(), steps: [] }),
  }
}

/** The stores that a look-up reads. */
export function getterStores(getter: ValueGetterSpec): readonly string[] {
  if (getter.kind === 'stored') return [getter.store]
  if (getter.kind === 'suppressed') return [getter.store, ...getterStores(getter.above)]
  return [...new Set([...getterStores(getter.left), ...getterStores(getter.right)])]
}

function storedGetter(store: string, by: StoredGetterSpec['by'] = 'key'): ValueGetterSpec {
  return { kind: 'stored', store, by, steps: [] }
}

/** `filter`: an old value costs nothing where the parent has a store, so it is asked for and spares useless tombstones. */
export function filteredTableState(
  parent: TableState,
  step: { readonly predicate: Fn2<boolean>; readonly negate: boolean },
  storeName: string | undefined,
): TableState {
  const derived = derivedTableState(parent, { type: 'filter', ...step }, storeName)
  return { ...derived.state, ...derived.withOldValues(parent.enableSendingOldValues(false)) }
}

export function mappedTableState(
  parent: TableState,
  mapper: ValueFn<unknown>,
  storeName: string | undefined,
): TableState {
  const derived = derivedTableState(parent, { type: 'mapValues', mapper }, storeName)
  return { ...derived.state, ...derived.withOldValues(false) }
}

export function transformedTableState(
  parent: TableState,
  supplier: () => unknown,
  storeName: string | undefined,
): TableState {
  const derived = derivedTableState(parent, { type: 'transformValues', supplier }, storeName)
  return { ...derived.state, ...derived.withOldValues(false) }
}

function derivedTableState(parent: TableState, step: ValueGetterStep, storeName: string | undefined) {
  const state = {
    store: () => storeName,
    getter(): ValueGetterSpec {
      if (storeName !== undefined) return storedGetter(storeName)
      const above = parent.getter()
      return { ...above, steps: [...above.steps, step] }
    },
  }
  const withOldValues = (initially: boolean) => {
    let sendsOldValues = initially
    return {
      sendsOldValues: () => sendsOldValues,
      enableSendingOldValues(force: boolean) {
        // Its own store has the old values; without one they are computed from the parent's.
        if (storeName !== undefined || parent.enableSendingOldValues(force)) sendsOldValues = true
        return sendsOldValues
      },
    }
  }
  return { state, withOldValues }
}
