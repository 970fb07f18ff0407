import {
  type Admin,
  type Clock,
  type Consumer,
  type FetchedBatch,
  isMillraceError,
  type KafkaClient,
  type Logger,
} from '@millrace/core'
import type { RestoreEvent, RestoreListener } from '../observe/restore-listener.ts'
import { WaitingLine } from '../observe/waiting-line.ts'
import { shareBudget } from './fetch-budget.ts'
import { LOST, planRestore, type RestorePlan, type RestoreSubject } from './plan-restore.ts'
import { RestoreProgress } from './restore-progress.ts'
import { RestoreWrites } from './restore-writes.ts'

export interface RestoreRequest extends RestoreSubject {
  /** Aborted when the task is no longer wanted: what was restored so far is kept with its position. */
  readonly signal: AbortSignal
}

/** One changelog partition on its way into a store. */
interface Restoring extends RestorePlan {
  readonly request: RestoreRequest
  readonly startedAt: number
  readonly writes: RestoreWrites
  /** Where it is read on. */
  readonly position: number
  /** Records that are written, and that were told. */
  restored: number
}

const POLL_MS = 100

/**
 * Brings the stores of tasks up to the ends of their changelogs, many partitions at once through one consumer. Only what lies
 * beyond a store's own position is read, and no more than `budgetBytes` of it held at a time.
 */
export class Restorer {
  readonly #client: KafkaClient
  readonly #admin: Admin
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listener: RestoreListener
  readonly #budgetBytes: () => number

  constructor(options: {
    readonly client: KafkaClient
    readonly admin: Admin
    readonly clock: Clock
    readonly logger: Logger
    readonly listener: RestoreListener
    readonly budgetBytes: () => number
  }) {
    this.#client = options.client
    this.#admin = options.admin
    this.#clock = options.clock
    this.#logger = options.logger
    this.#listener = options.listener
    this.#budgetBytes = options.budgetBytes
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

    await this.#readAll(work, open, planned, onReady)
  }

  async #readAll(
    work: readonly Restoring[],
    open: Set<Restoring>,
    planned: readonly RestoreRequest[],
    onReady: (request: RestoreRequest) => void,
  ): Promise<void> {
    const share = shareBudget(this.#budgetBytes(), open.size)
    // Read-committed shows nothing of aborted transactions; it also waits at the end of an open one, which is what restoring
    // to the high watermark means.
    const consumer = this.#client.consumer({
      isolationLevel: 'read_committed',
      maxPartitionBytes: share.partitionBytes,
    })
    const progress = new RestoreProgress(this.#clock, this.#logger)
    const waiting = new WaitingLine(this.#clock, this.#logger, 'restoring is waiting for the broker')
    let window: readonly Restoring[] = []
    try {
      for (;;) {
        await this.#leaveAborted(planned, open, onReady)
        if (open.size === 0) break
        // Not with each one that ends: what a client has fetched ahead of the others is lost by it.
        if (window.filter(restoring => open.has(restoring)).length <= window.length / 2) {
          window = [...open].slice(0, share.partitions)
          await consumer.assign(
            window.map(({ topic, partition, position }) => ({ topic, partition, offset: position })),
          )
        }
        const read = new Set<Restoring>()
        for (const batch of await this.#poll(consumer, open, waiting)) {
          waiting.over()
          const restoring = window.find(
            one => one.topic === batch.topic && one.partition === batch.partition && open.has(one),
          )
          if (restoring === undefined || restoring.request.signal.aborted) continue
          read.add(restoring)
          await restoring.writes.add(batch, restoring.isSource ? restoring.to : Infinity)
          this.#tellProgress(restoring)
          if (restoring.position < restoring.to) continue
          consumer.pause([restoring])
          await restoring.writes.finish()
          this.#end(restoring, open)
          if (![...open].some(({ request }) => request === restoring.request)) onReady(restoring.request)
        }
        for (const restoring of read) {
          if (!open.has(restoring)) continue
          // The backend is busy with it while the next records are fetched and read.
          await restoring.writes.write()
          this.#tellProgress(restoring)
        }
        progress.tell(work)
      }
      progress.end(work)
    } finally {
      // A task whose restore has failed is tried again, and its stores must not be written to then.
      await Promise.allSettled(work.map(({ writes }) => writes.settle()))
      await consumer.close()
    }
  }

  async #leaveAborted(
    requests: readonly RestoreRequest[],
    open: Set<Restoring>,
    onReady: (request: RestoreRequest) => void,
  ): Promise<void> {
    for (const request of requests.filter(({ signal }) => signal.aborted)) {
      const left = [...open].filter(restoring => restoring.request === request)
      for (const restoring of left) {
        await restoring.writes.settle()
        open.delete(restoring)
        this.#listener.onRestoreSuspended(this.#event(restoring))
      }
      if (left.length > 0) onReady(request)
    }
  }

  async #poll(
    consumer: Consumer,
    open: ReadonlySet<Restoring>,
    waiting: WaitingLine,
  ): Promise<readonly FetchedBatch[]> {
    try {
      return await consumer.poll(POLL_MS)
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
      if (error.code === 'MILLRACE_OFFSET_OUT_OF_RANGE') return await this.#beginAgain(consumer, open)
      waiting.waits(error)
      await this.#clock.sleep(POLL_MS)
      return []
    }
  }

  /** While they were read, changelogs have lost records to retention: their stores are emptied, and read from what is left. */
  async #beginAgain(consumer: Consumer, open: ReadonlySet<Restoring>): Promise<readonly FetchedBatch[]> {
    const starts = await this.#admin.earliestOffsets([...open])
    for (const restoring of open) {
      const { request, writes, store, topic, partition, position } = restoring
      const first = starts.find(start => start.topic === topic && start.partition === partition)?.offset ?? 0
      if (position >= first) continue
      this.#logger.warn({ task: request.task, store, position, earliest: first, latest: restoring.to }, LOST)
      await writes.restart(first)
      await request.stores.clear(store, [{ topic, partition, offset: first }])
      consumer.seek({ topic, partition, offset: first })
    }
    return []
  }

  async #plan(request: RestoreRequest): Promise<readonly Restoring[]> {
    const plans = await planRestore(request, { admin: this.#admin, logger: this.#logger })
    const startedAt = this.#clock.monotonic()
    return plans.map(plan => {
      const { store, topic, partition, from } = plan
      const writes = new RestoreWrites({ stores: request.stores, store, topic, partition }, from)
      return {
        ...{ ...plan, request, startedAt, writes, restored: 0 },
        get position() {
          return writes.position
        },
      }
    })
  }

  #tellProgress(restoring: Restoring): void {
    const { writes, restored } = restoring
    if (writes.written === restored) return
    restoring.restored = writes.written
    if (restoring.position < restoring.to) this.#listener.onRestoreProgress(this.#event(restoring))
  }

  #end(restoring: Restoring, open: Set<Restoring>): void {
    open.delete(restoring)
    restoring.restored = restoring.writes.written
    const event = this.#event(restoring)
    const { task, store, from, to, restored, milliseconds } = event
    this.#logger.debug(
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
      milliseconds: this.#clock.monotonic() - startedAt,
    }
  }
}
