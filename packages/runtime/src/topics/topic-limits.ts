import { type Admin, isMillraceError, type Logger } from '@millrace/core'

/** What a topic takes, as far as it is known before anything is sent. */
export interface TopicLimits {
  /** The largest batch, its header included. */
  readonly maxMessageBytes: number
  /** How far a timestamp may lie ahead of the broker's clock, in milliseconds; Infinity without a limit. */
  readonly aheadMs: number
  /** How far it may lie behind. */
  readonly behindMs: number
}

const NO_LIMITS: TopicLimits = { maxMessageBytes: Infinity, aheadMs: Infinity, behindMs: Infinity }

/**
 * The limits of topics that are written, asked for once. A record that a topic would refuse is found while it is in hand that way, and
 * not when the broker answers for a whole batch.
 */
export class KnownLimits {
  readonly #admin: Admin
  readonly #logger: Logger
  readonly #known = new Map<string, TopicLimits>()

  constructor(admin: Admin, logger: Logger) {
    this.#admin = admin
    this.#logger = logger
  }

  of(topic: string): TopicLimits {
    return this.#known.get(topic) ?? NO_LIMITS
  }

  /** Without the right to ask, nothing is known: then the broker says it. */
  async load(topics: readonly string[]): Promise<void> {
    for (const topic of new Set(topics)) {
      if (!this.#known.has(topic)) this.#known.set(topic, await this.#ask(topic))
    }
  }

  async #ask(topic: string): Promise<TopicLimits> {
    try {
      return limitsOf(await this.#admin.describeTopicConfigs(topic))
    } catch (error) {
      if (isMillraceError(error, 'retriable', 'fenced')) throw error
      this.#logger.debug({ topic, error }, 'nobody says what the topic takes: it shows when something is refused')
      return NO_LIMITS
    }
  }
}

function limitsOf(configs: Readonly<Record<string, string>>): TopicLimits {
  const number = (name: string) => {
    const value = Number(configs[name] ?? NaN)
    // The largest number of Kafka stands for no limit.
    return Number.isSafeInteger(value) && value >= 0 ? value : Infinity
  }
  const maxMessageBytes = number('max.message.bytes')
  // A broker that stamps the records itself takes any timestamp.
  if (configs['message.timestamp.type'] === 'LogAppendTime') return { ...NO_LIMITS, maxMessageBytes }
  // The older setting, for both directions (Kafka before 3.6).
  const both = number('message.timestamp.difference.max.ms')
  return {
    maxMessageBytes,
    aheadMs: Math.min(number('message.timestamp.after.max.ms'), both),
    behindMs: Math.min(number('message.timestamp.before.max.ms'), both),
  }
}
