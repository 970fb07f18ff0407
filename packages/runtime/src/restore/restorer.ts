import {
  type Admin,
  type Clock,
  type Consumer,
  type FetchedBatch,
  isMillraceError,
  type KafkaClient,
  type Logger,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { TaskStores } from '../state/task-stores.ts'

export interface RestoreEvent {
  readonly task: string
  readonly store: string
  readonly topic: string
  readonly partition: number
  /** Where restoring begins and ends, as offsets. */
  readonly from: number
  readonly to: number
  readonly restored: number
  readonly milliseconds: number
}

export interface RestoreListener {
  onRestoreStart(event: RestoreEvent): void
  onRestoreProgress(event: RestoreEvent): void
  onRestoreEnd(event: RestoreEvent): void
}

export interface RestoreRequest {
  readonly task: string
  readonly partition: number
  readonly stores: TaskStores
  /**
   * For stores whose changelog is a source topic: how far the task has processed it. What comes later is not restored, but
   * processed.
   */
  readonly processed: readonly TopicPartitionOffset[]
  /** Aborted when the task is no longer wanted: what was restored so far is kept with its position. */
  readonly signal: AbortSignal
}

/** One changelog partition on its way into a store. */
interface Restoring {
  readonly request: RestoreRequest
  readonly store: string
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly startedAt: number
  position: number
  restored: number
}

const POLL_MS = 100
/** Keys and values gathered for one backend write. */
const RECORDS_PER_WRITE = 20_000

/**
 * Brings the stores of tasks up to the ends of their changelogs, all partitions through one consumer. Only what lies
 * beyond a store's own position is read.
 */
export class Restorer {
  readonly #client: KafkaClient
  readonly #admin: Admin
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listener: RestoreListener

  constructor(options: {
    readonly client: KafkaClient
    readonly admin: Admin
    readonly clock: Clock
    readonly logger: Logger
    readonly listener: RestoreListener
  }) {
    this.#client = options.client
    this.#admin = options.admin
    this.#clock = options.clock
    this.#logger = options.logger
    this.#listener = options.listener
  }

  /**
   * Restores every store of the tasks. `onReady` runs for each task as soon as its own stores are complete, or its signal
   * is aborted; `onFailed` for one whose changelogs could not be asked about.
   */
  async restore(
    requests: readonly RestoreRequest[],
    onReady: (request: RestoreRequest) => void,
    onFailed: (request: RestoreRequest, error: unknown) => void,
  ): Promise<void> {
    // All plans are waited for, failed ones too: a plan may empty a store, and must not do so when its task is tried again.
    const plans = await Promise.allSettled(requests.map(request => this.#plan(request)))
    const work: Restoring[] = []
    const planned: RestoreRequest[] = []
    plans.forEach((plan, index) => {
      const request = requests[index]!
      if (plan.status === 'rejected') return onFailed(request, plan.reason)
      planned.push(request)
      work.push(...plan.value)
    })
    const open = new Set(work)
    const readyIfDone = (request: RestoreRequest) => {
      for (const restoring of open) if (restoring.request === request) return
      onReady(request)
    }
    for (const restoring of work) this.#listener.onRestoreStart(this.#event(restoring))
    for (const restoring of work) if (restoring.position >= restoring.to) this.#end(restoring, open)
    for (const request of planned) readyIfDone(request)
    if (open.size === 0) return

    // Read-committed shows nothing of aborted transactions; it also waits at the end of an open one, which is what restoring
    // to the high watermark means.
    const consumer = this.#client.consumer({ isolationLevel: 'read_committed', maxPartitionBytes: 4 << 20 })
    try {
      const positions = [...open].map(({ topic, partition, position }) => ({ topic, partition, offset: position }))
      await consumer.assign(positions)
      for (;;) {
        this.#leaveAborted(planned, open, onReady)
        if (open.size === 0) break
        const batches = await this.#poll(consumer)
        for (const batch of batches) {
          const restoring = [...open].find(r => r.topic === batch.topic && r.partition === batch.partition)
          if (restoring === undefined) continue
          await this.#apply(restoring, batch)
          if (restoring.position < restoring.to) {
            this.#listener.onRestoreProgress(this.#event(restoring))
            continue
          }
          consumer.pause([restoring])
          this.#end(restoring, open)
          readyIfDone(restoring.request)
        }
      }
    } finally {
      await consumer.close()
    }
  }

  #leaveAborted(
    requests: readonly RestoreRequest[],
    open: Set<Restoring>,
    onReady: (request: RestoreRequest) => void,
  ): void {
    for (const request of requests.filter(({ signal }) => signal.aborted)) {
      const left = [...open].filter(restoring => restoring.request === request)
      for (const restoring of left) open.delete(restoring)
      if (left.length > 0) onReady(request)
    }
  }

  async #poll(consumer: Consumer): Promise<readonly FetchedBatch[]> {
    try {
      return await consumer.poll(POLL_MS)
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
      this.#logger.warn({ error }, 'restoring waits for the broker')
      await this.#clock.sleep(POLL_MS)
      return []
    }
  }

  /** Where each changelog of a task begins and ends. A store whose position its changelog no longer has is emptied. */
  async #plan(request: RestoreRequest): Promise<readonly Restoring[]> {
    const { stores, partition } = request
    const logged = stores.plans.filter(({ changelogTopic }) => changelogTopic !== undefined)
    if (logged.length === 0) return []
    const partitions = logged.map(({ changelogTopic }) => ({ topic: changelogTopic!, partition }))
    const [positions, earliest, latest] = await Promise.all([
      stores.offsets(),
      this.#admin.earliestOffsets(partitions),
      this.#admin.latestOffsets(partitions),
    ])
    const work: Restoring[] = []
    for (const { plan, changelogTopic, changelogIsSource } of logged) {
      const topic = changelogTopic!
      const first = offsetOf(earliest, topic)
      const end = offsetOf(latest, topic)
      const to = changelogIsSource ? Math.min(end, offsetOf(request.processed, topic)) : end
      const stored = positions.get(topic)
      let from = stored ?? first
      if (stored !== undefined && (stored < first || stored > to)) {
        this.#logger.warn(
          { task: request.task, store: plan.name, position: stored, earliest: first, latest: to },
          'the changelog no longer has the position of the local state: it is restored from the beginning',
        )
        from = first
        await stores.clear(plan.name, [{ topic, partition, offset: from }])
      } else if (stored === undefined) {
        await stores.clear(plan.name, [{ topic, partition, offset: from }])
      }
      const startedAt = this.#clock.now()
      work.push({ request, store: plan.name, topic, partition, from, to, startedAt, position: from, restored: 0 })
    }
    return work
  }

  async #apply(restoring: Restoring, batch: FetchedBatch): Promise<void> {
    const { request, store } = restoring
    const codec = request.stores.codecs.get(store)!
    let keys: Buffer[] = []
    let values: (Buffer | null)[] = []
    const write = async (offset: number) => {
      const position = { topic: restoring.topic, partition: restoring.partition, offset }
      await request.stores.restore(store, { keys, values }, position)
      restoring.restored += keys.length
      restoring.position = offset
      keys = []
      values = []
    }
    const cursor = batch.cursor()
    while (cursor.advance()) {
      if (cursor.offset < restoring.position || cursor.keyStart < 0) continue
      keys.push(codec.restoredKey(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd)))
      values.push(
        cursor.valueStart < 0
          ? null
          : codec.restoredValue(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd), cursor.timestamp),
      )
      if (keys.length >= RECORDS_PER_WRITE) await write(cursor.offset + 1)
    }
    await write(batch.nextOffset)
  }

  #end(restoring: Restoring, open: Set<Restoring>): void {
    open.delete(restoring)
    const event = this.#event(restoring)
    const { task, store, from, to, restored, milliseconds } = event
    this.#logger.info(
      { task, store, from, to, restored, milliseconds },
      `restored ${restored} records of ${store} in ${milliseconds} ms`,
    )
    this.#listener.onRestoreEnd(event)
  }

  #event(restoring: Restoring): RestoreEvent {
    const { request, store, topic, partition, from, to, restored, startedAt } = restoring
    return {
      task: request.task,
      store,
      topic,
      partition,
      from,
      to,
      restored,
      milliseconds: this.#clock.now() - startedAt,
    }
  }
}

function offsetOf(offsets: readonly TopicPartitionOffset[], topic: string): number {
  return offsets.find(entry => entry.topic === topic)?.offset ?? 0
}
