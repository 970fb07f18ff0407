import { millraceError } from '../errors/millrace-error.ts'
import type { DraftSerdes, Graph, GraphEntry, RepartitionEntry } from '../topology/graph.ts'
import type { TableState } from '../topology/table-state.ts'

/** Where the objects of the DSL keep what they stand for. */
export const point: unique symbol = Symbol('point')

/** The same of global tables. */
export const globalPoint: unique symbol = Symbol('globalPoint')

/** The key under which they declare their types. There is no such property. */
export declare const types: unique symbol

export interface BasePoint extends DraftSerdes {
  readonly graph: Graph
  /** What goes on from here becomes a child of this entry. */
  readonly entry: GraphEntry
  readonly name: string
  /** Names of the source nodes that lead here without a topic between. */
  readonly sources: readonly string[]
}

/** A global table. */
export interface GlobalPoint {
  readonly graph: Graph
  /** The name of its store. */
  readonly store: string
}

/** A place in the topology where a stream is. */
export interface StreamPoint extends BasePoint {
  /** The key was changed since the records were last distributed by it. */
  readonly repartitionRequired: boolean
  /** The repartition that a join has put here: a second join uses it too. */
  readonly joinRepartition: { entry?: RepartitionEntry }
}

/** A place in the topology where a table is. */
export interface TablePoint extends BasePoint {
  readonly table: TableState
  /** The name that the user gave to the table's own store. */
  readonly storeName: string | undefined
}

export function streamPoint(point: Omit<StreamPoint, 'joinRepartition'>): StreamPoint {
  return { ...point, joinRepartition: {} }
}

/** @throws MILLRACE_TOPOLOGY_FOREIGN when `other` belongs to another builder. */
export function sameGraph(one: BasePoint, other: BasePoint, operator: string): void {
  if (one.graph !== other.graph) throw millraceError('MILLRACE_TOPOLOGY_FOREIGN', { operator })
}
