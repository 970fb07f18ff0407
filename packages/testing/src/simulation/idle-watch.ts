import type { MemoryCluster } from '@millrace/client-memory'
import { type ManualClock, type Plan, topicNaming } from '@millrace/core'
import { APPLICATION_ID } from './process-world.ts'

/** A time in which a task had records to process and processed none. */
export interface IdleTime {
  readonly task: string
  readonly ms: number
  /** When it was over, in virtual milliseconds since the epoch. */
  readonly endedAt: number
}

interface Input {
  readonly topic: string
  readonly partition: number
  readonly task: string
  /** When each record could first be read. */
  readonly arrivals: number[]
}

/** Follows how long each task leaves records lying. */
export class IdleWatch {
  readonly #cluster: MemoryCluster
  readonly #clock: ManualClock
  readonly #inputs = new Map<string, Input>()
  readonly #lastSeen = new Map<string, number>()
  readonly #longest = new Map<string, IdleTime>()

  constructor(plan: Plan, cluster: MemoryCluster, clock: ManualClock, partitions: number) {
    this.#cluster = cluster
    this.#clock = clock
    const real = topicNaming(plan, APPLICATION_ID)
    for (const { id, sourceTopics } of plan.subTopologies) {
      for (const topic of sourceTopics.map(real)) {
        for (let partition = 0; partition < partitions; partition++) {
          this.#inputs.set(`${topic}-${partition}`, { topic, partition, task: `${id}_${partition}`, arrivals: [] })
        }
      }
    }
  }

  /** Notes which records can be read by now: to be called as often as the figures are to be exact. */
  look(): void {
    for (const { topic, partition, arrivals } of this.#inputs.values()) {
      const readable = this.#cluster.findLog(topic, partition)?.lastStableOffset ?? 0
      while (arrivals.length < readable) arrivals.push(this.#clock.monotonic())
    }
  }

  /** A record begins to be processed. */
  sees(topic: string, partition: number, offset: number): void {
    this.look()
    const now = this.#clock.monotonic()
    const { task, arrivals } = this.#inputs.get(`${topic}-${partition}`)!
    const ms = now - Math.max(this.#lastSeen.get(task) ?? 0, arrivals[offset]!)
    this.#lastSeen.set(task, now)
    if (ms > (this.#longest.get(task)?.ms ?? -1)) this.#longest.set(task, { task, ms, endedAt: now })
  }

  /** Forgets what was until now. */
  begin(): void {
    this.#longest.clear()
  }

  /** The longest idle time of each task since `begin`, by task. */
  get longest(): readonly IdleTime[] {
    return [...this.#longest.values()].sort((a, b) => (a.task < b.task ? -1 : 1))
  }
}
