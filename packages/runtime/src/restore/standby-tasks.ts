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
import type { OnlyKey } from '../state/buffer/store-output.ts'
import type { StoreView } from '../state/task-stores/store-view.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { type TaskId, taskName } from '../task-id.ts'
import { shareBudget } from './fetch-budget.ts'
import { LOST, planRestore } from './plan-restore.ts'
import { RestoreWrites } from './restore-writes.ts'
import type { StandbyEvent, StandbyListener, StandbySuspendedEvent } from '../observe/standby-listener.ts'

export interface StandbyOptions {
  readonly applicationId: string
  readonly client: KafkaClient
  readonly admin: Admin
  readonly clock: Clock
  readonly logger: Logger
  readonly listener: StandbyListener
  readonly budgetBytes: () => number
  readonly open: (id: TaskId) => Promise<TaskStores>
  /** An active task is being restored: it comes first. */
  readonly isBusy: () => boolean
}

/** One changelog that a store follows. */
interface Log {
  readonly standby: Standby
  readonly store: string
  readonly topic: string
  readonly partition: number
  readonly isSource: boolean
  position: number
  /** What is known of it. */
  end: number
  /** Beyond it nothing has been processed yet: only of a source topic. */
  limit: number
  /** Where the changelog ended when the standby began: before that it shows states that never were. */
  readonly complete: number
  /** The store has whole transactions only. */
  whole: boolean
  /** Called at the next moment at which it has. */
  waiting: (() => void)[]
}

/** A store of a standby as queries read it. */
export interface StandbyView {
  readonly view: StoreView
  /** Next offset of the changelog, and its end as far as it is known. */
  readonly changelog: { readonly topic: string; readonly position: number; readonly end: number }
  readonly isSource: boolean
}

interface Standby {
  readonly id: TaskId
  /** Undefined until they are open. */
  stores: TaskStores | undefined
  logs: readonly Log[]
  /** What is being done with the stores: they can be handed over when it has ended. */
  work: Promise<unknown>
}

const POLL_MS = 100
const RETRY_MS = 500
/** After each round active tasks have their turn, however much there is to follow. */
const PAUSE_MS = 1

/**
 * Keeps the state of tasks that run elsewhere: it follows their changelogs in the background, committed records only, so that
 * a task can start here and restore nothing but the tail. Trouble with a standby never ends the application.
 */
export class StandbyTasks {
  readonly #with: StandbyOptions
  readonly #standbys = new Map<string, Standby>()
  readonly #closing = new AbortController()
  #loop: Promise<void> | undefined
  #consumer: Consumer | undefined
  #partitionBytes = 0
  #reading: readonly Log[] = []

  constructor(options: StandbyOptions) {
    this.#with = options
  }

  get ids(): readonly TaskId[] {
    return [...this.#standbys.values()].map(({ id }) => id)
  }

  /** By name, how far the state of each standby is; one that is not open yet is absent. */
  get positions(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#standbys].flatMap(([name, { stores }]) =>
        stores === undefined ? [] : [[name, stores.position] as const],
      ),
    )
  }

  /** The changelogs that are followed, and the next offset of each. */
  get changelogs(): readonly (TopicPartitionOffset & { readonly store: string })[] {
    return [...this.#standbys.values()].flatMap(({ logs }) =>
      logs.map(({ store, topic, partition, position }) => ({ store, topic, partition, offset: position })),
    )
  }

  /** By name, where the changelogs of each standby end as far as it is known: a sum as in `positions`. */
  get ends(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#standbys].flatMap(([name, { logs }]) =>
        logs.length === 0 ? [] : [[name, logs.reduce((sum, { end }) => sum + end, 0)] as const],
      ),
    )
  }

  /**
   * Opens a store for queries. Undefined if there is no such standby, or the store has no changelog.
   *
   * @param whole show whole transactions only, for which it waits up to `waitMs`; `late` if none ends in this time
   */
  async view(
    task: string,
    store: string,
    only: OnlyKey | undefined,
    { whole, waitMs }: { readonly whole: boolean; readonly waitMs: number },
  ): Promise<StandbyView | 'late' | undefined> {
    const standby = this.#standbys.get(task)
    const log = standby?.logs.find(one => one.store === store)
    const stores = standby?.stores
    if (log === undefined || stores === undefined) return undefined
    const open = async (): Promise<StandbyView> => {
      const { topic, position, end, isSource } = log
      // A snapshot in any case: the next batch is written while this one is read.
      const view = await stores.view(store, 'committed', only, 'snapshot')
      return { view, changelog: { topic, position, end }, isSource }
    }
    if (!whole || log.whole) return await open()
    const tooLong = new AbortController()
    const late = this.#with.clock.sleep(waitMs, tooLong.signal).then(() => 'late' as const)
    const opened = new Promise<StandbyView>((resolve, reject) =>
      log.waiting.push(() => void open().then(resolve, reject)),
    )
    opened.catch(() => undefined)
    const found = await Promise.race([opened, late])
    tooLong.abort()
    if (found === 'late') opened.then(({ view }) => view[Symbol.asyncDispose]()).catch(() => undefined)
    return found
  }

  /** From now on these, and those that are `taken` soon; what is neither is closed when this resolves. */
  async follow(ids: readonly TaskId[], toBeTaken: ReadonlySet<string>): Promise<void> {
    const wanted = new Set(ids.map(taskName))
    for (const name of [...this.#standbys.keys()]) {
      if (!wanted.has(name) && !toBeTaken.has(name)) await (await this.take(name, 'migrated'))?.close()
    }
    for (const id of ids) {
      const name = taskName(id)
      if (!this.#standbys.has(name))
        this.#standbys.set(name, { id, stores: undefined, logs: [], work: Promise.resolve() })
    }
    if (this.#standbys.size > 0) this.#loop ??= this.#run()
  }

  /** Hands the stores of a task over, open as they are, and follows it no longer; undefined where there are none. */
  async take(name: string, reason: StandbySuspendedEvent['reason'] = 'promoted'): Promise<TaskStores | undefined> {
    const standby = this.#standbys.get(name)
    if (standby === undefined) return undefined
    this.#standbys.delete(name)
    await standby.work.catch(() => undefined)
    for (const log of standby.logs) this.#with.listener.onStandbyUpdateSuspended({ ...eventOf(log), reason })
    return standby.stores
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#consumer?.wakeup()
    for (const name of [...this.#standbys.keys()]) await (await this.take(name, 'migrated'))?.close()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#with
    const { signal } = this.#closing
    while (!signal.aborted && this.#standbys.size > 0) {
      try {
        await this.#round()
      } catch (error) {
        if (signal.aborted) break
        const level = isMillraceError(error, 'retriable') ? 'debug' : 'warn'
        logger[level]({ error }, 'standby tasks are waiting; retrying')
        await clock.sleep(RETRY_MS, signal)
      }
    }
    const consumer = this.#consumer
    this.#consumer = undefined
    this.#reading = []
    this.#loop = undefined
    try {
      await consumer?.close()
    } catch (error) {
      logger.warn({ error }, 'failed to close the consumer of the standby tasks')
    }
    if (this.#standbys.size > 0 && !signal.aborted) this.#loop ??= this.#run()
  }

  async #round(): Promise<void> {
    const { clock, isBusy } = this.#with
    const { signal } = this.#closing
    if (isBusy()) return await clock.sleep(POLL_MS, signal)
    for (const standby of this.#standbys.values()) {
      if (standby.stores !== undefined) continue
      const opening = this.#open(standby)
      standby.work = opening
      try {
        await opening
      } catch (error) {
        // The member that runs the task in this process is about to give it up: the other standbys do not wait for that.
        if (!isMillraceError(error) || error.code !== 'MILLRACE_STORE_BUSY') throw error
      }
    }
    await this.#readOn()
    let batches: readonly FetchedBatch[] = []
    try {
      batches = (await this.#consumer?.poll(POLL_MS)) ?? []
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'MILLRACE_OFFSET_OUT_OF_RANGE') throw error
      await this.#beginAgain()
    }
    for (const batch of batches) await this.#apply(batch)
    await clock.sleep(PAUSE_MS, signal)
  }

  async #open(standby: Standby): Promise<void> {
    const { admin, logger, listener } = this.#with
    const { id } = standby
    const stores = await this.#with.open(id)
    // Known at once, so that the owner of the task closes them, whatever fails next.
    standby.stores = stores
    try {
      const processed = await this.#processed(stores, id.partition)
      const subject = { task: taskName(id), partition: id.partition, stores, processed }
      standby.logs = (await planRestore(subject, { admin, logger })).map(plan => ({
        ...plan,
        standby,
        position: plan.from,
        end: plan.to,
        limit: plan.isSource ? plan.to : Infinity,
        complete: plan.to,
        whole: plan.from >= plan.to,
        waiting: [],
      }))
    } catch (error) {
      standby.stores = undefined
      await stores.close()
      throw error
    }
    for (const log of standby.logs) listener.onStandbyUpdateStart(eventOf(log))
  }

  /** How far the group has processed source topics that serve as changelogs. */
  async #processed(stores: TaskStores, partition: number): Promise<readonly TopicPartitionOffset[]> {
    const { admin, applicationId } = this.#with
    const sources = stores.plans.flatMap(({ changelogIsSource, changelogTopic: topic }) =>
      changelogIsSource && topic !== undefined ? [{ topic, partition }] : [],
    )
    return sources.length === 0 ? [] : await admin.committedOffsets(applicationId, sources)
  }

  /** Reads what is followed now and may be read further. */
  async #readOn(): Promise<void> {
    const logs = [...this.#standbys.values()].flatMap(standby => standby.logs)
    await this.#moveLimits(logs.filter(({ isSource }) => isSource))
    const reading = logs.filter(({ position, limit }) => position < limit)
    const same = reading.length === this.#reading.length && reading.every((log, index) => log === this.#reading[index])
    if (same) return
    const { client, budgetBytes } = this.#with
    const { partitionBytes } = shareBudget(budgetBytes(), Math.max(1, logs.length))
    if (this.#consumer === undefined || partitionBytes < this.#partitionBytes) {
      await this.#consumer?.close()
      this.#partitionBytes = partitionBytes
      this.#consumer = client.consumer({ isolationLevel: 'read_committed', maxPartitionBytes: partitionBytes })
    }
    await this.#consumer.assign(
      reading.map(({ topic, partition, position }) => ({ topic, partition, offset: position })),
    )
    this.#reading = reading
  }

  async #moveLimits(logs: readonly Log[]): Promise<void> {
    if (logs.length === 0) return
    const { admin, applicationId } = this.#with
    // While a transaction of the task holds its offset, the limit stays where it is.
    const committed = await admin.committedOffsets(applicationId, logs, 'omit')
    for (const log of logs) {
      const found = committed.find(({ topic, partition }) => topic === log.topic && partition === log.partition)
      if (found !== undefined) log.limit = Math.max(log.limit, found.offset)
    }
  }

  async #apply(batch: FetchedBatch): Promise<void> {
    const log = this.#reading.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition)
    // It may have been taken since it was fetched.
    if (log === undefined || this.#standbys.get(taskName(log.standby.id)) !== log.standby) return
    const { standby, store, topic, partition, limit } = log
    if (batch.recordCount > 0) log.whole = false
    const writes = new RestoreWrites({ stores: standby.stores!, store, topic, partition }, log.position)
    const applying = writes.add(batch, limit).then(() => writes.finish())
    standby.work = applying
    try {
      await applying
      const { position, written: records } = writes
      log.position = position
      log.end = Math.max(batch.highWatermark, position)
      if (isWhole(log, batch)) {
        log.whole = true
        for (const open of log.waiting.splice(0)) open()
      }
      this.#with.listener.onStandbyBatchLoaded({ ...eventOf(log), records })
    } catch (error) {
      // Opened again, what cannot be read is moved aside.
      const { stores } = standby
      standby.stores = undefined
      standby.logs = []
      await stores?.close()
      throw error
    }
    // What lies beyond the limit was fetched in vain: it is read again when it has been processed.
    if (log.position >= limit) this.#reading = this.#reading.filter(one => one !== log)
  }

  /** Changelogs have lost records to retention: their stores are emptied, and read from what is left. */
  async #beginAgain(): Promise<void> {
    const { admin, logger } = this.#with
    const starts = await admin.earliestOffsets(this.#reading)
    for (const log of this.#reading) {
      const { standby, store, topic, partition, position } = log
      const first = starts.find(start => start.topic === topic && start.partition === partition)?.offset ?? 0
      if (position >= first || this.#standbys.get(taskName(standby.id)) !== standby) continue
      logger.warn({ task: taskName(standby.id), store, position, earliest: first }, LOST)
      const clearing = standby.stores!.clear(store, [{ topic, partition, offset: first }])
      standby.work = clearing
      await clearing
      log.position = first
    }
    this.#reading = []
  }
}

/**
 * Whether no transaction is applied in part. A batch without records is the end of a transaction, or an aborted one that comes after the
 * end of another; and nothing is open before the end of what can be read. Of a source topic whole is what has been processed.
 */
function isWhole({ position, complete, isSource, limit }: Log, { recordCount, highWatermark }: FetchedBatch): boolean {
  if (isSource) return position >= limit
  return position >= complete && (recordCount === 0 || position >= highWatermark)
}

function eventOf({ standby, store, topic, partition, position, end }: Log): StandbyEvent {
  return { task: taskName(standby.id), store, topic, partition, position, end }
}
