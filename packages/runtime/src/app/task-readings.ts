import type { MetricReading } from '../observe/metrics.ts'
import type { Task } from '../task/task.ts'

/**
 * The metrics of tasks that run here. They are read when somebody asks, so that processing pays nothing for them. Names and tags are those of
 * Kafka Streams 4.3 (docs/metrics.md).
 */
export function taskReadings(tasks: readonly Task[]): readonly MetricReading[] {
  return tasks.flatMap(task => {
    const tags = { 'task-id': task.name }
    return [
      { name: 'process-total', tags, value: task.processed },
      { name: 'cache-size-bytes-total', tags, value: task.stores.bytes },
      { name: 'input-buffer-bytes', tags, value: task.queues.reduce((sum, { bytes }) => sum + bytes, 0) },
      { name: 'stream-time', tags, value: task.context.streamTime },
      ...task.queues.map(({ topic, partition, end, position }) => ({
        name: 'records-lag',
        tags: { ...tags, topic, partition: String(partition) },
        value: Math.max(0, end - position),
      })),
    ]
  })
}
