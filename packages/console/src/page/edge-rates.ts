import type { GraphEdge, GraphNode } from '../answers.ts'

/** What is measured, in records a second. Undefined where nothing is known. */
export interface MeasuredRates {
  /** That a reader takes from a topic. */
  read(topic: GraphNode, reader: GraphNode): number | undefined
  /** That are written to a topic, by whomever. */
  written(topic: GraphNode): number | undefined
  /** That reach an operator. */
  reached(operator: GraphNode): number | undefined
}

export interface EdgeRate {
  readonly rate: number
  /** It follows from other edges. */
  readonly derived: boolean
}

/** Operators that hand on each record that they get, as one record, unless it fails or, before a repartition topic, has no key. */
const ONE_FOR_ONE: ReadonlySet<string> = new Set([
  ...['map', 'mapValues', 'mapValuesAsync', 'selectKey', 'passThrough', 'peek', 'tableToStream', 'repartitionFilter'],
])
/** Operators whose results do not all go to all that follow. */
const CHOOSING: ReadonlySet<string> = new Set(['branch', 'process', 'foreignKeySend'])

/**
 * How many records go along each edge. At topics that is measured, and between operators where the application counts their records. The
 * rest follows where it is known: what a `mapValues` gives is what it gets.
 */
export function edgeRatesOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]) {
  const nodeOf = new Map(nodes.map(node => [node.id, node]))
  const into = Map.groupBy(edges, ({ to }) => to)
  const outOf = Map.groupBy(edges, ({ from }) => from)
  const operators = nodes.filter(({ kind }) => kind === 'operator')
  return (measured: MeasuredRates): ReadonlyMap<GraphEdge, EdgeRate> => {
    const rates = new Map<GraphEdge, EdgeRate>()
    const set = (edge: GraphEdge, rate: number | undefined, derived: boolean): boolean => {
      if (rate === undefined || rates.has(edge)) return false
      rates.set(edge, { rate: Math.max(0, rate), derived })
      return true
    }
    for (const edge of edges) set(edge, measuredOf(edge), false)
    const walk = (operator: GraphNode) => {
      const before = rates.size
      const [ins, outs] = [into.get(operator.id) ?? [], outOf.get(operator.id) ?? []]
      const isOneForOne = ONE_FOR_ONE.has(operator.what)
      const given = CHOOSING.has(operator.what) ? undefined : known(outs)[0]
      const reached = measured.reached(operator) ?? (isOneForOne ? given : undefined)
      const unknown = ins.filter(edge => !rates.has(edge))
      if (unknown.length === 1 && reached !== undefined) set(unknown[0]!, reached - sum(known(ins)), true)
      const got = measured.reached(operator) ?? (ins.length === known(ins).length ? sum(known(ins)) : undefined)
      const gives = given ?? (isOneForOne ? got : undefined)
      for (const edge of outs) if (gives !== undefined && !CHOOSING.has(operator.what)) set(edge, gives, true)
      return rates.size > before
    }
    while (operators.filter(walk).length > 0);
    return rates

    function measuredOf({ from, to }: GraphEdge): number | undefined {
      const [source, target] = [nodeOf.get(from)!, nodeOf.get(to)!]
      const isOnly = into.get(to)!.length === 1
      if (source.kind === 'topic') return measured.read(source, target)
      if (target.kind === 'topic') return isOnly ? measured.written(target) : undefined
      return isOnly ? measured.reached(target) : undefined
    }

    function known(some: readonly GraphEdge[]): readonly number[] {
      return some.flatMap(edge => rates.get(edge)?.rate ?? [])
    }
  }
}

function sum(rates: readonly number[]): number {
  return rates.reduce((all, rate) => all + rate, 0)
}
