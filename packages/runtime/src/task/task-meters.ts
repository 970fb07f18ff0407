import type { RecordingLevel } from '../observe/metric-table.ts'
import { Meters, type MetricReading } from '../observe/metrics.ts'
import type { Sensor } from '../observe/sensor.ts'
import type { ThreadMeters } from '../observe/thread-meters.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { RecordContext } from './record-context.ts'
import { RecordMeters } from './record-meters.ts'

export interface TaskMetersOptions {
  readonly thread: ThreadMeters
  readonly task: string
  readonly level: RecordingLevel
  readonly context: RecordContext
  readonly clock: { monotonic(): number }
  readonly stores: { readonly bytes: number }
  readonly queues: () => readonly PartitionQueue[]
}

/** The metrics of a task and of all that is in it. */
export class TaskMeters {
  readonly meters: Meters
  readonly records: RecordMeters
  /** Records that were left out. */
  readonly dropped: Sensor
  readonly #processed: Sensor
  readonly #enforced: Sensor | undefined
  readonly #punctuate: Sensor | undefined
  readonly #thread: ThreadMeters
  /** The task's share of the thread's last processing. */
  processRatio = 0

  constructor({ thread, task, level, context, clock, stores, queues }: TaskMetersOptions) {
    this.#thread = thread
    const monotonic = () => clock.monotonic()
    const tags = { 'thread-id': thread.threadId, 'task-id': task }
    const meters = new Meters({ now: monotonic, level, tags: () => tags })
    this.meters = meters
    this.records = new RecordMeters(meters, context, monotonic)
    this.dropped = meters.sensor('task.dropped-records')!
    this.#processed = meters.sensor('task.process')!
    this.#enforced = meters.sensor('task.enforced-processing')
    this.#punctuate = meters.sensor('task.punctuate')
    meters.gauge('task.active-process-ratio', () => this.processRatio)
    meters.gauge('task.active-buffer-count', () => queues().reduce((sum, { buffered }) => sum + buffered, 0))
    meters.gauge('task.input-buffer-bytes', () => queues().reduce((sum, { bytes }) => sum + bytes, 0))
    meters.gauge('task.cache-size-bytes-total', () => stores.bytes)
    meters.gauge('task.stream-time', () => context.streamTime)
  }

  /** Is told of a turn of the task. */
  turned(records: number, enforced: boolean): void {
    this.records.fold()
    if (records === 0) return
    this.#processed.record(records)
    if (enforced) this.#enforced?.record()
  }

  punctuated(ms: number): void {
    this.#punctuate?.record(ms)
    this.#thread.punctuated(ms)
  }

  /** A partition of the input. */
  watch(queue: PartitionQueue): void {
    const { topic, partition } = queue
    const tags = { topic, partition: String(partition) }
    this.meters.gauge('task.records-lag', () => Math.max(0, queue.end - queue.position), tags)
  }

  readings(): readonly MetricReading[] {
    return this.meters.readings()
  }

  closed(): void {
    this.#thread.taskClosed.record()
  }
}
