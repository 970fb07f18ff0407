import type { TopicPartition } from '../ports/client.ts'
import type { RecordFetcher } from './fetch-consumer.ts'

/** The partitions that a group member holds. Nothing else is fetched. */
export class HeldPartitions {
  readonly #fetcher: Pick<RecordFetcher, 'assign' | 'hold'>
  #held: readonly TopicPartition[] = []

  constructor(fetcher: Pick<RecordFetcher, 'assign' | 'hold'>) {
    this.#fetcher = fetcher
  }

  get all(): readonly TopicPartition[] {
    return this.#held
  }

  /** Replaces them. Those that stay keep their positions. */
  hold(partitions: readonly TopicPartition[]): void {
    this.#held = partitions
    this.#fetcher.hold(partitions)
  }

  /** Gives all of them up, then tells the listener. Nothing is fetched while it works. */
  async withdraw(tell: (partitions: readonly TopicPartition[]) => Promise<void>): Promise<void> {
    const partitions = this.#held
    this.#held = []
    this.#fetcher.assign([])
    if (partitions.length > 0) await tell(partitions)
  }
}

/** The partitions that are not among the others. */
export function withoutPartitions(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): readonly TopicPartition[] {
  const names = new Set(others.map(({ topic, partition }) => `${topic}-${partition}`))
  return partitions.filter(({ topic, partition }) => !names.has(`${topic}-${partition}`))
}
