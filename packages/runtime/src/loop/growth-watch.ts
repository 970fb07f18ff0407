import {
  type Admin,
  type GroupConsumer,
  internalTopics,
  isMillraceError,
  millraceError,
  type Plan,
  topicNaming,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import { checkGrowth } from '../topics/check-growth.ts'

/**
 * Looks each `metadataRefreshMs` whether topics have grown. Where a sub-topology keeps state or writes to a repartition topic,
 * growth of its input ends the application, since a key may be in another partition from then on; otherwise the group assigns again
 * and follows. Growth of an internal topic always ends it. A topic that is gone is reported by the task that reads or writes it.
 */
export class GrowthWatch {
  readonly #options: ResolvedOptions
  readonly #plan: () => Plan
  #lastLook = 0
  /** Partitions of each topic by real name, when it was looked at last. */
  #counts: ReadonlyMap<string, number> = new Map()

  constructor(options: ResolvedOptions, plan: () => Plan) {
    this.#options = options
    this.#plan = plan
  }

  /** @param counts partitions of each topic at the start: growth before the first look counts */
  begin(counts: ReadonlyMap<string, number>): void {
    this.#counts = counts
    this.#lastLook = this.#options.clock.monotonic()
  }

  /** @throws MILLRACE_TOPIC_GROWN, MILLRACE_TOPIC_PARTITIONS_CHANGED, MILLRACE_TOPIC_NOT_COPARTITIONED */
  async lookIfDue({ admin, consumer }: { readonly admin: Admin; readonly consumer: GroupConsumer }): Promise<void> {
    const { clock, metadataRefreshMs, applicationId, logger } = this.#options
    if (clock.monotonic() - this.#lastLook < metadataRefreshMs || consumer.isRebalancing()) return
    this.#lastLook = clock.monotonic()
    const plan = this.#plan()
    const counts = await this.#ask(admin, plan)
    if (counts === undefined) return
    const before = this.#counts
    const real = topicNaming(plan, applicationId)
    const sources = [...new Set(plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real)))]
    // Its count is not known, and so neither is the one that others need.
    if (sources.some(topic => !counts.has(topic))) return
    checkGrowth(plan, applicationId, counts)
    const grown = [...counts].filter(([topic, count]) => count > (before.get(topic) ?? count)).map(([topic]) => topic)
    const internal = internalTopics(plan).map(real)
    const changed = grown.find(topic => internal.includes(topic))
    if (changed !== undefined) {
      const fields = { topic: changed, actual: counts.get(changed)!, expected: before.get(changed)! }
      throw millraceError('MILLRACE_TOPIC_PARTITIONS_CHANGED', fields)
    }
    // What a look did not see keeps the count that it had.
    this.#counts = new Map([...before, ...counts])
    if (grown.length === 0) return
    logger.info({ topics: grown }, 'input topics have grown: the group assigns again')
    consumer.requestRejoin('an input topic has grown')
  }

  /** Undefined where nobody answers at the moment: the tasks go on meanwhile. */
  async #ask(admin: Admin, plan: Plan): Promise<ReadonlyMap<string, number> | undefined> {
    const real = topicNaming(plan, this.#options.applicationId)
    const sources = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics)
    const names = [...new Set([...sources, ...internalTopics(plan)].map(real))]
    try {
      return new Map((await admin.describeTopics(names)).map(({ name, partitions }) => [name, partitions]))
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
      this.#options.logger.debug({ error }, 'nobody says whether input topics have grown')
      return undefined
    }
  }
}
