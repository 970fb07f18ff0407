import {
  type ConsumerOptions,
  type KafkaClient,
  type Plan,
  topicNaming,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { APPLICATION_ID } from './process-world.ts'
import { withMethod } from './with-method.ts'

/** Counts what processes read of changelogs, to restore a task or to stand by for it. */
export class ChangelogReads {
  readonly #changelogs: ReadonlySet<string>
  /** By process, topic and partition: how far what it has on its disk goes, or has gone. */
  readonly #stored = new Map<string, number>()
  records = 0
  /** Records from which on a process begins to read, though its disk has had what they come to. */
  repeated = 0

  constructor(plan: Plan) {
    const real = topicNaming(plan, APPLICATION_ID)
    this.#changelogs = new Set(
      plan.stores.flatMap(({ changelog }) => (changelog === undefined ? [] : [real(changelog.topic)])),
    )
  }

  /** The disk of a process has been written. */
  stored(process: string, offsets: readonly TopicPartitionOffset[]): void {
    for (const position of offsets) {
      const name = nameOf(process, position)
      this.#stored.set(name, Math.max(position.offset, this.#stored.get(name) ?? 0))
    }
  }

  /** The client of a process, whose reading is counted. */
  counted<T extends KafkaClient>(process: string, client: T): T {
    const consumer = (options: ConsumerOptions) => {
      const inner = client.consumer(options)
      const assign = (positions: readonly TopicPartitionOffset[]) => {
        for (const position of positions) {
          const stored = this.#stored.get(nameOf(process, position)) ?? 0
          if (this.#changelogs.has(position.topic)) this.repeated += Math.max(0, stored - position.offset)
        }
        return inner.assign(positions)
      }
      const poll = async (maxWaitMs: number) => {
        const batches = await inner.poll(maxWaitMs)
        for (const { topic, recordCount } of batches) if (this.#changelogs.has(topic)) this.records += recordCount
        return batches
      }
      return withMethod(withMethod(inner, 'assign', assign), 'poll', poll)
    }
    return withMethod(client, 'consumer', consumer)
  }
}

function nameOf(process: string, { topic, partition }: TopicPartition): string {
  return `${process} ${topic}-${partition}`
}
