import type { JoinedGetterSpec, StoredGetterSpec, ValueGetterSpec, ValueGetterStep } from '../operators/value-getter.ts'
import type { TableJoiner } from '../operators/table-table-join.ts'
import type { ValueFn } from '../operators/spec.ts'
import type { WindowsSpec } from '../windows/windows-spec.ts'
import type { Serde } from '../serde/serde.ts'

/**
 * What is settled about a table only when others use it: whether it is kept in a store, and whether it sends old values
 * along. Both may be asked for by an operator further down, long after the table was written.
 */
export interface TableState {
  /** The store that holds the table; undefined while nobody needs one. */
  store(): string | undefined
  sendsOldValues(): boolean
  /** Whether the table is a versioned one, so that an update may be of an older version than the latest. */
  versioned(): boolean
  /**
   * Asks that updates carry the value before them. Without `force` a table source that is kept nowhere refuses; with it,
   * the source gets a store.
   */
  enableSendingOldValues(force: boolean): boolean
  /** How to look up a current value. Gives the table's source a store where there is none. */
  getter(): ValueGetterSpec
}

/** `table()` and `toTable()`: the store's name is known, whether it is used is not. */
export function sourceTableState(
  storeName: string,
  materialized: boolean,
  historyRetentionMs: number | undefined,
): TableState {
  let kept = materialized
  let sendsOldValues = false
  return {
    store: () => (kept ? storeName : undefined),
    sendsOldValues: () => sendsOldValues,
    versioned: () => historyRetentionMs !== undefined,
    enableSendingOldValues(force) {
      if (!force && !kept) return false
      kept = true
      sendsOldValues = true
      return true
    },
    getter() {
      kept = true
      return storedGetter(storeName, historyRetentionMs)
    },
  }
}

/** The result of an aggregation: always in a store. */
export function aggregateTableState(
  storeName: string,
  windows?: WindowsSpec['type'],
  historyRetentionMs?: number,
): TableState {
  const by = windows === undefined ? 'key' : windows === 'session' ? 'session' : 'window'
  let sendsOldValues = false
  return {
    store: () => storeName,
    sendsOldValues: () => sendsOldValues,
    versioned: () => historyRetentionMs !== undefined,
    enableSendingOldValues() {
      sendsOldValues = true
      return true
    },
    getter: () => storedGetter(storeName, historyRetentionMs, by),
  }
}

/** The result of a join of tables. Old values can be had always: both tables then get stores. */
export function joinedTableState(
  left: TableState,
  right: TableState,
  join: JoinedGetterSpec['join'],
  joiner: TableJoiner,
  storeName: string | undefined,
  historyRetentionMs: number | undefined,
): TableState {
  let sendsOldValues = false
  return {
    store: () => storeName,
    sendsOldValues: () => sendsOldValues,
    versioned: () => historyRetentionMs !== undefined,
    enableSendingOldValues() {
      left.enableSendingOldValues(true)
      right.enableSendingOldValues(true)
      sendsOldValues = true
      return true
    },
    getter: () =>
      storeName === undefined
        ? { kind: 'joined', join, joiner, left: left.getter(), right: right.getter(), steps: [] }
        : storedGetter(storeName, historyRetentionMs),
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
    versioned: () => false,
    enableSendingOldValues: force => parent.enableSendingOldValues(force),
    getter: () => ({ kind: 'suppressed', store: storeName, ...serdes(), above: parent.getter(), steps: [] }),
  }
}

/** Says of an operator that it gets the updates of a versioned table. */
export function versionedSemantics(from: TableState): { readonly versioned?: true } {
  return from.versioned() ? { versioned: true } : {}
}

/** The stores that a look-up reads. */
export function getterStores(getter: ValueGetterSpec): readonly string[] {
  if (getter.kind === 'stored') return [getter.store]
  if (getter.kind === 'suppressed') return [getter.store, ...getterStores(getter.above)]
  return [...new Set([...getterStores(getter.left), ...getterStores(getter.right)])]
}

/** How far back a look-up knows what was valid at a time; undefined where it does not. */
export function getterHistoryMs(getter: ValueGetterSpec): number | undefined {
  return getter.kind === 'stored' ? getter.historyRetentionMs : undefined
}

function storedGetter(
  store: string,
  historyRetentionMs: number | undefined,
  by: StoredGetterSpec['by'] = 'key',
): ValueGetterSpec {
  return { kind: 'stored', store, by, ...(historyRetentionMs === undefined ? {} : { historyRetentionMs }), steps: [] }
}

/** The store of a table made from another. Settings without a name keep it nowhere, and still make it no versioned one. */
export interface KeptTable {
  readonly store: string | undefined
  readonly given: boolean
  readonly historyRetentionMs: number | undefined
}

/** `filter`: an old value costs nothing where the parent has a store, so it is asked for and spares useless tombstones. */
export function filteredTableState(
  parent: TableState,
  step: { readonly predicate: ValueFn<boolean>; readonly negate: boolean },
  kept: KeptTable,
): TableState {
  const derived = derivedTableState(parent, { type: 'filter', ...step }, kept)
  return { ...derived.state, ...derived.withOldValues(parent.enableSendingOldValues(false)) }
}

export function mappedTableState(parent: TableState, mapper: ValueFn<unknown>, kept: KeptTable): TableState {
  const derived = derivedTableState(parent, { type: 'mapValues', mapper }, kept)
  return { ...derived.state, ...derived.withOldValues(false) }
}

export function transformedTableState(parent: TableState, supplier: () => unknown, kept: KeptTable): TableState {
  const derived = derivedTableState(parent, { type: 'transformValues', supplier }, kept)
  return { ...derived.state, ...derived.withOldValues(false) }
}

function derivedTableState(parent: TableState, step: ValueGetterStep, kept: KeptTable) {
  const { store: storeName, historyRetentionMs } = kept
  const state = {
    store: () => storeName,
    versioned: () => (kept.given ? historyRetentionMs !== undefined : parent.versioned()),
    getter(): ValueGetterSpec {
      if (storeName !== undefined) return storedGetter(storeName, historyRetentionMs)
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
