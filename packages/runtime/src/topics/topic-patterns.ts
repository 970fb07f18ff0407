import {
  type Admin,
  checkRealNames,
  internalTopics,
  type Plan,
  readsByPattern,
  topicNaming,
  withMatchedTopics,
} from '@millrace/core'

/** Topics that Kafka keeps for itself. */
const KAFKAS_OWN = ['__consumer_offsets', '__transaction_state', '__share_group_state']

/** An application's plan, with the patterns of its sources replaced by the topics that were last found to match them. */
export class TopicPatterns {
  readonly #original: Plan
  readonly #ignored: ReadonlySet<string>
  #plan: Plan

  /** @param deadLetterTopic is not read by patterns either */
  constructor(plan: Plan, applicationId: string, deadLetterTopic?: string) {
    const dead = deadLetterTopic === undefined ? [] : [deadLetterTopic]
    checkRealNames(plan, applicationId, dead)
    this.#original = plan
    this.#ignored = new Set([...internalTopics(plan).map(topicNaming(plan, applicationId)), ...KAFKAS_OWN, ...dead])
    this.#plan = plan
  }

  get any(): boolean {
    return readsByPattern(this.#original)
  }

  /** Without any topics in place of its patterns. */
  get original(): Plan {
    return this.#original
  }

  get plan(): Plan {
    return this.#plan
  }

  /** Looks again. True when other topics match than before. */
  async refresh(admin: Admin): Promise<boolean> {
    const matched = await this.matched(admin)
    if (sources(matched) === sources(this.#plan)) return false
    this.#plan = matched
    return true
  }

  /** Looks again if one of `topics` is not known to be read. */
  async include(admin: Admin, topics: readonly string[]): Promise<void> {
    if (!this.any) return
    const known = new Set(this.#plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics))
    const ofPatterns = topics.filter(topic => !this.#ignored.has(topic) && !known.has(topic))
    if (ofPatterns.length > 0) this.#plan = this.#with([...(await admin.listTopics()), ...ofPatterns])
  }

  /** The plan as of this moment, for a leader that assigns: what this member reads stays as it is. */
  async matched(admin: Admin): Promise<Plan> {
    return this.any ? this.#with(await admin.listTopics()) : this.#original
  }

  #with(existing: readonly string[]): Plan {
    return withMatchedTopics(this.#original, existing, topic => this.#ignored.has(topic))
  }
}

function sources(plan: Plan): string {
  return JSON.stringify(plan.subTopologies.map(({ sourceTopics }) => sourceTopics))
}
