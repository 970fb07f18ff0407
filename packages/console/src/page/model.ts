import type { StatusAnswer, TopologyAnswer } from '../answers.ts'

/** What the views show: the last answers, and rates over the last seconds. */
export class Model {
  readonly topology: TopologyAnswer
  #status: StatusAnswer | undefined
  readonly #past: StatusAnswer[] = []

  constructor(topology: TopologyAnswer) {
    this.topology = topology
  }

  get status(): StatusAnswer | undefined {
    return this.#status
  }

  take(status: StatusAnswer): void {
    this.#status = status
    this.#past.push(status)
    while (this.#past.length > 2 && this.#past[0]!.at < status.at - RATE_MS) this.#past.shift()
  }

  /** Records a second that were processed of a topic by its readers. */
  readRate(topic: string): number | undefined {
    return this.#rateOf(({ tasks }) => {
      let sum = 0
      for (const task of tasks) for (const input of task.inputs) if (input.topic === topic) sum += input.committed ?? 0
      return sum
    })
  }

  /** Records a second that are written to a topic. */
  writeRate(topic: string): number | undefined {
    return this.#rateOf(({ topics }) => topics.find(({ name }) => name === topic)?.written ?? 0)
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

  #rateOf(read: (status: StatusAnswer) => number): number | undefined {
    const [first, last] = [this.#past[0], this.#status]
    if (first === undefined || last === undefined || last.at === first.at) return undefined
    return Math.max(0, ((read(last) - read(first)) * 1000) / (last.at - first.at))
  }
}

const RATE_MS = 5_000
/** A partition that has not moved for so long, with records to process, needs somebody. */
export const STUCK_MS = 15_000
