import {
  type AppenderOptions,
  type Clock,
  type CommittedOffset,
  type GroupMetadata,
  millraceError,
  type Producer,
  type TopicAppender,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { KnownLimits, TopicLimits } from '../topics/topic-limits.ts'

/** A producer that takes nothing that the topic would refuse, as far as that is known beforehand. */
export class LimitedProducer implements Producer {
  readonly #inner: Producer
  readonly #limits: Pick<KnownLimits, 'of'>
  readonly #clock: Clock

  constructor(inner: Producer, limits: Pick<KnownLimits, 'of'>, clock: Clock) {
    this.#inner = inner
    this.#limits = limits
    this.#clock = clock
  }

  topic(name: string, options: AppenderOptions = {}): TopicAppender {
    const limits = this.#limits.of(name)
    const { maxMessageBytes } = limits
    const inner = this.#inner.topic(
      name,
      Number.isFinite(maxMessageBytes) ? { ...options, maxBatchBytes: maxMessageBytes } : options,
    )
    if (limits.aheadMs === Infinity && limits.behindMs === Infinity) return inner
    const check = timestampCheck(name, limits, this.#clock)
    return {
      topic: name,
      check(keyStart, keyEnd, valueStart, valueEnd, headers, timestamp) {
        check(timestamp)
        inner.check(keyStart, keyEnd, valueStart, valueEnd, headers, timestamp)
      },
      append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers) {
        check(timestamp)
        inner.append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
      },
    }
  }

  init(): Promise<void> {
    return this.#inner.init()
  }

  pending(): Promise<void> | undefined {
    return this.#inner.pending()
  }

  flush(): Promise<readonly TopicPartitionOffset[]> {
    return this.#inner.flush()
  }

  begin(): void {
    this.#inner.begin()
  }

  sendOffsets(offsets: readonly CommittedOffset[], group: GroupMetadata): Promise<void> {
    return this.#inner.sendOffsets(offsets, group)
  }

  commit(): Promise<void> {
    return this.#inner.commit()
  }

  abort(): Promise<void> {
    return this.#inner.abort()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

/** Looks at the clock only where a timestamp is outside what was allowed when it was looked at last. */
function timestampCheck(topic: string, limits: TopicLimits, clock: Clock): (timestamp: number) => void {
  const { aheadMs, behindMs } = limits
  let earliest = Infinity
  let latest = -Infinity
  return timestamp => {
    if (timestamp >= earliest && timestamp <= latest) return
    const now = clock.now()
    earliest = now - behindMs
    latest = now + aheadMs
    if (timestamp >= earliest && timestamp <= latest) return
    const limitMs = timestamp > latest ? aheadMs : behindMs
    const where = timestamp > latest ? 'ahead of' : 'behind'
    throw millraceError('MILLRACE_PRODUCE_TIMESTAMP', {
      topic,
      timestamp: Number.isFinite(timestamp) ? new Date(timestamp).toISOString() : timestamp,
      distanceMs: Math.abs(timestamp - now),
      where,
      limitMs,
      setting: timestamp > latest ? 'message.timestamp.after.max.ms' : 'message.timestamp.before.max.ms',
    })
  }
}
