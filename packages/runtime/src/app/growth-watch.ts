import { type Admin, type GroupConsumer, internalTopics, isMillraceError, type Plan, topicNaming } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import { checkGrowth } from '../topics/check-growth.ts'

/**
 * Looks each `metadataRefreshMs` whether input topics have grown. Where a sub-topology keeps state or writes to a repartition topic,
 * growth ends the application, since a key may be in another partition from then on; otherwise the group assigns anew and follows.
 */
export class GrowthWatch {
  readonly #options: ResolvedOptions
  readonly #plan: () => Plan
  #lastLook = 0
  /** Of each input topic, when it was looked at last. */
  #counts: ReadonlyMap<string, number> | undefined

  constructor(options: ResolvedOptions, plan: () => Plan) {
    this.#options = options
    this.#plan = plan
  }

  begin(): void {
    this.#lastLook = this.#options.clock.monotonic()
  }

  /** @throws MILLRACE_TOPIC_GROWN, MILLRACE_TOPIC_NOT_COPARTITIONED */
  async lookIfDue({ admin, consumer }: { readonly admin: Admin; readonly consumer: GroupConsumer }): Promise<void> {
    const { clock, metadataRefreshMs, applicationId, logger } = this.#options
    if (clock.monotonic() - this.#lastLook < metadataRefreshMs || consumer.isRebalancing()) return
    this.#lastLook = clock.monotonic()
    const plan = this.#plan()
    const counts = await this.#ask(admin, plan)
    if (counts === undefined) return
    checkGrowth(plan, applicationId, counts)
    const before = this.#counts
    this.#counts = counts
    const grown = [...counts].filter(([topic, count]) => count > (before?.get(topic) ?? count)).map(([topic]) => topic)
    if (grown.length === 0) return
    logger.info({ topics: grown }, 'input topics have grown: the group assigns anew')
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
