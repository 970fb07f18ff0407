import type { KafkaStreams, RestoreEvent } from 'millrace'

/** What one process of the application says of itself. */
export interface WorkerStatus {
  readonly state: string
  readonly tasks: number
  /** Records processed by the tasks that it has at the moment. */
  readonly processed: number
  readonly lag: number
  /** The highest of all tasks, in milliseconds since the epoch; -1 before the first record. */
  readonly streamTime: number
  /** Records that came after their window was closed. */
  readonly late: number
  /** The address of its console. */
  readonly console?: string
  /** Stores that are being restored. */
  readonly restoring: readonly Restoring[]
}

export interface Restoring {
  readonly task: string
  readonly store: string
  readonly restored: number
  readonly total: number
}

/** Watches an application; the function it gives tells how it is. */
export function watch(streams: KafkaStreams): () => WorkerStatus {
  const restoring = new Map<string, Restoring>()
  const key = ({ task, store }: RestoreEvent) => `${task} ${store}`
  const note = (event: RestoreEvent) => {
    const { task, store, restored, from, to } = event
    restoring.set(key(event), { task, store, restored, total: to - from })
  }
  streams.on('restoreStart', note)
  streams.on('restoreProgress', note)
  streams.on('restoreEnd', event => restoring.delete(key(event)))
  return () => {
    const tasks = streams.tasks()
    const times = tasks.map(({ streamTime }) => streamTime).filter(time => time >= 0)
    const late = streams.metrics().filter(({ name, tags }) => name === 'dropped-records' && tags['reason'] === 'late')
    return {
      state: streams.state,
      tasks: tasks.length,
      processed: tasks.reduce((sum, task) => sum + task.processed, 0),
      lag: tasks.reduce((sum, task) => sum + task.lag, 0),
      streamTime: times.length === 0 ? -1 : Math.max(...times),
      late: late.reduce((sum, { value }) => sum + value, 0),
      restoring: [...restoring.values()].filter(({ total }) => total > 0),
    }
  }
}
