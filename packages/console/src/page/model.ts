import type { GraphEdge, GraphNode, StatusAnswer, TopologyAnswer } from '../answers.ts'
import { type EdgeRate, edgeRatesOf } from './edge-rates.ts'

/** What the views show: the last answers, and rates over the last seconds. */
export class Model {
  readonly topology: TopologyAnswer
  #status: StatusAnswer | undefined
  readonly #past: StatusAnswer[] = []
  readonly #edgeRates: ReturnType<typeof edgeRatesOf>
  /** Topics with nodes. */
  readonly #named: ReadonlySet<string>

  constructor(topology: TopologyAnswer) {
    this.topology = topology
    this.#edgeRates = edgeRatesOf(topology.nodes, topology.edges)
    this.#named = new Set(topology.nodes.filter(({ kind }) => kind === 'topic').map(({ label }) => label))
  }

  get status(): StatusAnswer | undefined {
    return this.#status
  }

  take(status: StatusAnswer): void {
    this.#status = status
    this.#past.push(status)
    while (this.#past.length > 2 && this.#past[0]!.at < status.at - RATE_MS) this.#past.shift()
  }

  /** Records a second that go along each edge. */
  edgeRates(): ReadonlyMap<GraphEdge, EdgeRate> {
    return this.#edgeRates({
      read: (topic, { subTopology }) => this.#readRate(topic, subTopology),
      written: topic => this.writeRate(topic.label),
      reached: ({ id }) => this.#rateOf(({ counters }) => counters?.reached[id]),
    })
  }

  /** Whether the rates between operators are of this instance alone, and there are others. */
  get countsHere(): boolean {
    const { counters, instances = [] } = this.#status ?? {}
    return instances.length > 1 && Object.keys(counters?.reached ?? {}).length > 0
  }

  /** Of the readers of a sub-topology. A global table takes whatever is written. */
  #readRate({ label }: GraphNode, subTopology: number | undefined): number | undefined {
    const rate = this.#rateOf(({ tasks }) => {
      const inputs = tasks.filter(task => task.subTopology === subTopology).flatMap(task => task.inputs)
      const own = inputs.filter(({ topic }) => topic === label || (isPattern(label) && !this.#named.has(topic)))
      return own.length === 0 ? undefined : own.reduce((sum, { committed = 0 }) => sum + committed, 0)
    })
    return rate ?? this.writeRate(label)
  }

  /** Records a second that are written to a topic. */
  writeRate(topic: string): number | undefined {
    return this.#rateOf(({ topics }) => topics.find(({ name }) => name === topic)?.written)
  }

  taskRate(id: string): number | undefined {
    return this.#rateOf(({ tasks }) => tasks.find(task => task.id === id)?.committed ?? 0)
  }

  totalRate(): number | undefined {
    return this.#rateOf(({ tasks }) => tasks.reduce((sum, { committed }) => sum + committed, 0))
  }

  /** By task, for a page of all of them. */
  taskRates(): ReadonlyMap<string, number> {
    const [first, last] = [this.#past[0], this.#status]
    if (first === undefined || last === undefined || last.at === first.at) return new Map()
    const before = new Map(first.tasks.map(({ id, committed }) => [id, committed]))
    const seconds = (last.at - first.at) / 1000
    return new Map(
      last.tasks.map(({ id, committed }) => [id, Math.max(0, committed - (before.get(id) ?? committed)) / seconds]),
    )
  }

  /** Undefined where one of the answers does not say it. */
  #rateOf(read: (status: StatusAnswer) => number | undefined): number | undefined {
    const [first, last] = [this.#past[0], this.#status]
    if (first === undefined || last === undefined || last.at === first.at) return undefined
    const [from, to] = [read(first), read(last)]
    return from === undefined || to === undefined ? undefined : Math.max(0, ((to - from) * 1000) / (last.at - first.at))
  }
}

/** A pattern stands for the topics that it matches, which have no nodes of their own. */
function isPattern(label: string): boolean {
  return label.startsWith('/')
}

const RATE_MS = 5_000
/** A partition that has not moved for so long, with records to process, needs somebody. */
export const STUCK_MS = 15_000
