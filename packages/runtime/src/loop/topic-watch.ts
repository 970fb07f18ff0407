import type { Admin, GroupConsumer } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { GroupMembership } from '../group/group-membership.ts'
import { prepareTopicsOf } from '../topics/prepare-topics-of.ts'
import type { TopicPatterns } from '../topics/topic-patterns.ts'

export interface TopicWatchOptions {
  readonly options: ResolvedOptions
  readonly topics: TopicPatterns
  readonly admin: Admin
  readonly consumer: GroupConsumer
  readonly membership: GroupMembership
}

/** Looks for topics that match the patterns of sources, each `metadataRefreshMs`, and has the group assign them. */
export class TopicWatch {
  readonly #with: TopicWatchOptions
  #lastRefresh: number
  /** When the matching topics changed last. */
  #lastChange = -Infinity
  /** Topics were found that the group does not know of yet. */
  #hasNew = false

  constructor(options: TopicWatchOptions) {
    this.#with = options
    this.#lastRefresh = options.options.clock.monotonic()
  }

  /** Any source reads by a pattern. */
  get any(): boolean {
    return this.#with.topics.any
  }

  get unchangedForMs(): number {
    return this.#with.options.clock.monotonic() - this.#lastChange
  }

  async refreshIfDue(): Promise<boolean> {
    const { consumer, options } = this.#with
    if (!this.any || consumer.isRebalancing()) return false
    const isOld = options.clock.monotonic() - this.#lastRefresh >= options.metadataRefreshMs
    return (isOld || this.#hasNew) && (await this.refresh())
  }

  /** Returns whether other topics match than before. The instance then joins its group again. */
  async refresh(): Promise<boolean> {
    const { topics, admin, options, membership } = this.#with
    const { clock } = options
    this.#lastRefresh = clock.monotonic()
    // Topics that were found but not subscribed to, because a call in between failed, are not found again.
    if (await topics.refresh(admin)) this.#hasNew = true
    if (!this.#hasNew) return false
    const { partitions } = await prepareTopicsOf(topics, options, admin)
    membership.subscribe(partitions)
    this.#hasNew = false
    this.#lastChange = clock.monotonic()
    return true
  }
}
