import type { GroupConsumer, TopicPartition } from '@millrace/core'
import type { PartitionQueue } from './partition-queue.ts'

/**
 * Pauses partitions of which enough is buffered, and resumes them when half of it has been processed; also those whose task begins.
 * Nothing else pauses partitions of the group's consumer.
 */
export class BackPressure {
  readonly #consumer: Pick<GroupConsumer, 'pause' | 'resume'>
  readonly #limitBytes: number

  constructor(consumer: Pick<GroupConsumer, 'pause' | 'resume'>, limitBytes: number) {
    this.#consumer = consumer
    this.#limitBytes = limitBytes
  }

  apply(queues: readonly PartitionQueue[]): void {
    for (const queue of queues) {
      const partition: TopicPartition = { topic: queue.topic, partition: queue.partition }
      if (!queue.paused && queue.bytes > this.#limitBytes) {
        queue.paused = true
        this.#consumer.pause([partition])
      } else if (queue.paused && queue.bytes < this.#limitBytes / 2) {
        queue.paused = false
        this.#consumer.resume([partition])
      }
    }
  }

  /**
   * Partitions of a task that is not there yet. The task before it may have left a position that cannot be read, and each poll would
   * fail on it before the new task has chosen another.
   */
  hold(partitions: readonly TopicPartition[]): void {
    this.#consumer.pause(partitions)
  }

  /** Partitions of a task that begins: they may be paused since the last task that read them. */
  begin(partitions: readonly TopicPartition[]): void {
    this.#consumer.resume(partitions)
  }

  /** Partitions that were assigned again: the consumer does not pause them any more. */
  assignedAgain(queues: readonly PartitionQueue[]): void {
    for (const queue of queues) queue.paused = false
  }
}
