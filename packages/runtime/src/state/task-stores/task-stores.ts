import {
  ByteSink,
  type KeyValueStore,
  millraceError,
  type OrderedTableStore,
  type PrefixTableStore,
  type RangeStore,
  type StorePlan,
  type TableStore,
  type TopicPartitionOffset,
  type WindowTableStore,
} from '@millrace/core'
import type { BufferContext, ChangelogWriter, OnlyKey } from '../buffer/store-output.ts'
import type { AheadReads, TaskBuffer } from '../buffer/task-buffer.ts'
import type { Pause } from '../pause.ts'
import type { StoreExpiry } from '../expiry/store-expiry.ts'
import { type StoreCodec, storeCodec } from '../format/store-codec.ts'
import { fairShares } from '../fair-shares.ts'
import { CustomStores } from '../views/custom-stores.ts'
import { storeOfPlan } from './kinds/store-of-plan.ts'
import type { OpenStore, TaskStore } from './kinds/task-store.ts'
import { type BackendsOptions, StoreBackends } from './store-backends.ts'
import { type FollowedStore, type StoreFollower, StoreFollowers } from './store-followers.ts'
import { heldView, openView, type StoreView } from './store-view.ts'
import type { TaskStorePlan } from './task-store-plan.ts'

export interface TaskStoresOptions extends BackendsOptions {
  /** Told on closing how far the state is that stays on disk; undefined where none stays, or it is not known. @default nobody */
  readonly left?: (position: number | undefined) => void
}

/**
 * All stores of one task: opened together, restored together, and written together with the changelog offsets that they
 * correspond to. What the kinds of stores differ in is in `kinds/`.
 */
export class TaskStores {
  readonly plans: readonly TaskStorePlan[]
  readonly codecs: ReadonlyMap<string, StoreCodec>
  readonly #partition: number
  readonly #backends: StoreBackends
  readonly #left: (position: number | undefined) => void
  readonly #stores: ReadonlyMap<string, TaskStore>
  /** In the order of the plan, from `start` on. */
  readonly #open = new Map<string, OpenStore>()
  /** Runs the flush of a store, for measurements. */
  measureFlush: ((store: string, flush: () => Promise<void>) => Promise<void>) | undefined
  #expiries: readonly StoreExpiry[] = []
  readonly #custom = new CustomStores()
  readonly #followers = new StoreFollowers()
  /** By store, the time that it had reached at the commit that the backend has. */
  readonly #times = new Map<string, number>()
  /** How often clean entries may have gone. */
  evictions = 0
  #writing: Promise<void> | undefined
  #writeError: unknown
  #isWriting = false
  #isClosing = false
  /** The input that the state on the backend includes: the next offset of each partition. */
  #inputs: readonly TopicPartitionOffset[] = []

  private constructor({ stores, partition, left = () => undefined }: TaskStoresOptions, backends: StoreBackends) {
    this.plans = stores
    this.#partition = partition
    this.#backends = backends
    this.#left = left
    this.codecs = new Map(
      stores.map(({ plan, changelogTopic }) => [plan.name, storeCodec(plan, changelogTopic ?? plan.name)]),
    )
    this.#stores = new Map(
      [...this.codecs].map(([name, codec]) => {
        const { state, backend } = backends.databaseOf(name)
        return [name, storeOfPlan({ codec, state, syncReads: backend.capabilities.syncReads })]
      }),
    )
  }

  static async open(options: TaskStoresOptions): Promise<TaskStores> {
    return new TaskStores(options, await StoreBackends.open(options))
  }

  /** How far the state on the backend is: the sum of its positions in the changelogs of the stores. */
  get position(): number {
    return this.#backends.positionOf(this.plans)
  }

  /** Positions of the changelogs, by topic, as of the last write. */
  async offsets(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.positions()).map(({ topic, offset }) => [topic, offset]))
  }

  /** The same for stores that are fed by several partitions. */
  positions(): Promise<readonly TopicPartitionOffset[]> {
    return this.#backends.positions()
  }

  /** Writes changelog records, which come in offset order, and moves the position. */
  async restore(
    store: string,
    records: { readonly keys: Uint8Array[]; readonly values: (Uint8Array | null)[] },
    position: TopicPartitionOffset,
  ): Promise<void> {
    const restored = this.#stores.get(store)!
    const changes = await restored.restore(records.keys, records.values)
    await this.#backends.write(this.#backends.databaseOf(store), changes, [position])
    restored.restored()
  }

  /**
   * Empties a store whose changelog has continued without it, before it is restored from `positions`. The positions are written
   * at once: after a crash before the first restored record, an empty store would otherwise seem complete.
   */
  async clear(store: string, positions: readonly TopicPartitionOffset[]): Promise<void> {
    await this.#backends.write(this.#backends.databaseOf(store), this.#stores.get(store)!.clear(), positions)
  }

  /** After restoring: makes the buffers through which the task reads and writes. */
  async start(context: BufferContext, changelog: (store: TaskStorePlan) => ChangelogWriter | undefined): Promise<void> {
    const scratch = new ByteSink()
    const open = new Map<string, OpenStore>()
    for (const store of this.#backends.databases.flatMap(({ stores }) => stores)) {
      const { name } = store.plan
      open.set(name, await this.#stores.get(name)!.open({ context, log: changelog(store), scratch }))
    }
    this.#expiries = [...open.values()].flatMap(({ expiry }) => expiry ?? [])
    // Stores in memory and others can alternate in a topology; `flush` goes down the topology.
    for (const { plan } of this.plans) {
      const store = open.get(plan.name)!
      this.#open.set(plan.name, store)
      this.#times.set(plan.name, store.buffer.streamTime)
    }
    for (const { plan } of this.plans) {
      if (plan.open === undefined) continue
      const entries = this.entriesOf(plan.name, context) as KeyValueStore<unknown, unknown>
      await this.#custom.open(plan, entries, this.#partition)
    }
  }

  /** The store as user code sees it. */
  userStore(store: string, context: BufferContext): unknown {
    return this.#custom.get(store) ?? this.entriesOf(store, context)
  }

  /** The same, but of a custom store its entries. */
  entriesOf(store: string, context: BufferContext): unknown {
    return this.#opened(store).userStore(context)
  }

  /** What kind of store it is and where it is kept, in the words of Kafka Streams' metrics. */
  typeOf({ name, kind, maxEntries }: StorePlan): string {
    const { backend } = this.#backends.databaseOf(name)
    if (maxEntries !== undefined) return 'in-memory-lru'
    const place = backend.capabilities.durable ? 'rocksdb' : 'in-memory'
    return kind === 'window' || kind === 'session' ? `${place}-${kind}` : place
  }

  buffer(store: string): TaskBuffer {
    return this.#opened(store).buffer
  }

  /** What is read ahead of a store that is read by what its keys begin with. */
  prefixes(store: string): AheadReads {
    return this.#opened(store).prefixes()
  }

  tableStore(store: string): TableStore {
    return this.#opened(store).table()
  }

  orderedStore(store: string): OrderedTableStore {
    return this.#opened(store).ordered()
  }

  prefixStore(store: string, lengthOf: (key: Buffer) => number): PrefixTableStore {
    return this.#opened(store).prefix(lengthOf)
  }

  windowStore(store: string): WindowTableStore {
    return this.#opened(store).window()
  }

  rangeStore(store: string): RangeStore {
    return this.#opened(store).range()
  }

  /** Whether entries of any store expire. */
  get expires(): boolean {
    return this.#expiries.length > 0
  }

  /** When the next entry may expire by a clock, in milliseconds; Infinity if there is none. */
  expiresAt(by: StoreExpiry['by']): number {
    let first = Infinity
    for (const expiry of this.#expiries) if (expiry.by === by) first = Math.min(first, expiry.dueAt)
    return first
  }

  /** Deletes entries that have expired by a clock, store by store, no more than about `limit` of each. */
  async expire(
    by: StoreExpiry['by'],
    now: number,
    limit: number,
    apart: (run: () => void | Promise<void>) => void | Promise<void>,
  ): Promise<void> {
    for (const expiry of this.#expiries) {
      if (expiry.by === by && expiry.dueAt <= now) await expiry.run(now, limit, () => this.settle(), apart)
    }
  }

  /** Some stores are custom stores: their changes are taken back only by creating them again. */
  get hasCustom(): boolean {
    return this.plans.some(({ plan }) => plan.open !== undefined)
  }

  get hasChanges(): boolean {
    for (const { buffer } of this.#open.values()) if (buffer.hasChanges) return true
    return false
  }

  /** Bytes held on the heap, by estimate. */
  get bytes(): number {
    let bytes = 0
    for (const { buffer } of this.#open.values()) bytes += buffer.bytes
    return bytes
  }

  /**
   * Encodes, logs and emits changes, in plan order: an emission of one store reaches the next one before its flush.
   * @param pause between two entries
   */
  async flush(pause?: Pause): Promise<void> {
    for (const [name, { buffer }] of this.#open) {
      if (buffer.codec.plan.open !== undefined) await this.#custom.flush(name)
      if (this.measureFlush === undefined) await buffer.flush(pause)
      else await this.measureFlush(name, () => buffer.flush(pause))
    }
  }

  /** Logs and emits what caches hold back. */
  async emit(): Promise<void> {
    for (const { buffer } of this.#open.values()) if (buffer.caching && buffer.hasChanges) await buffer.emit()
  }

  /** Has the changelogs say what they said at the last commit. */
  async relog(): Promise<void> {
    await this.settle()
    for (const { buffer } of this.#open.values()) await buffer.relog()
  }

  /**
   * After Kafka has committed: starts the backend's write and marks the buffers clean. The write continues while records are
   * processed. `settle` waits for it; an error is thrown there and by the next call.
   */
  async persist(
    acknowledged: ReadonlyMap<string, number>,
    inputs: readonly TopicPartitionOffset[] = this.#inputs,
    pause?: Pause,
  ): Promise<void> {
    const partition = this.#partition
    const positions = [...acknowledged].map(([topic, offset]) => ({ topic, partition, offset }))
    await this.persistAt(positions, pause)
    const written = this.#writing
    void written?.then(() => {
      if (this.#writeError === undefined) this.#inputs = inputs
      if (this.#writing === written) this.#isWriting = false
    })
  }

  /** The backend has all that is committed. */
  get isWritten(): boolean {
    return !this.#isWriting
  }

  /** The input that the state on the backend includes at least: the next offset of each partition. */
  get inputs(): readonly TopicPartitionOffset[] {
    return this.#inputs
  }

  /** After a restore. */
  startAt(inputs: readonly TopicPartitionOffset[]): void {
    this.#inputs = inputs
  }

  /**
   * Opens a store for queries, as it is now.
   *
   * @param only nothing but this key is read
   * @param reads `now` lets the read of one row come a little later, without a snapshot
   * @throws MILLRACE_STORE_UNKNOWN; what a write of the backend has thrown
   */
  async view(
    store: string,
    isolation: 'committed' | 'uncommitted',
    only?: OnlyKey,
    reads: 'snapshot' | 'now' = 'now',
  ): Promise<StoreView> {
    const kind = this.#stores.get(store)
    if (kind === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store })
    const { state } = this.#backends.databaseOf(store)
    const buffer = isolation === 'committed' ? undefined : this.#open.get(store)?.buffer
    const held = buffer === undefined ? undefined : await heldView(kind, buffer, { only, reads })
    if (held !== undefined && this.#writeError === undefined) return held
    // What is being written is neither in the buffer nor surely in the backend.
    if (buffer !== undefined) await this.#written()
    const time = buffer?.streamTime ?? this.#timeOf(store)
    return await openView(kind, state.store(store), buffer, { only, reads, time })
  }

  /**
   * Opens a store as of the last commit, and tells a follower each later one. The snapshot and the beginning of the following are of one
   * moment, at which the backend writes nothing: no commit is in both, and none in neither (ADR 31).
   *
   * @throws MILLRACE_STORE_UNKNOWN, MILLRACE_STORE_CLOSED; what a write of the backend has thrown
   */
  async follow(store: string, follower: StoreFollower): Promise<FollowedStore> {
    const { state } = this.#backends.databaseOf(store)
    await this.#written()
    if (this.#isClosing) throw millraceError('MILLRACE_STORE_CLOSED', { operation: 'follow', object: 'store' })
    // From here to the end nothing else has a turn.
    const snapshot = state.store(store).snapshot()
    return {
      snapshot,
      position: this.#changelogPosition(store),
      time: this.#timeOf(store),
      caching: this.codecs.get(store)!.plan.caching,
      changelog: this.plans.find(({ plan }) => plan.name === store)!.changelogTopic,
      stop: this.#followers.add(store, follower),
    }
  }

  #timeOf(store: string): number {
    return this.#times.get(store) ?? -1
  }

  #changelogPosition(store: string): number | undefined {
    const { changelogTopic } = this.plans.find(({ plan }) => plan.name === store)!
    return changelogTopic === undefined ? undefined : this.#backends.positionIn(changelogTopic)
  }

  /** Waits until the backend has all that is committed. Other than `settle`, it leaves the write to those who began it. */
  async #written(): Promise<void> {
    for (let seen: Promise<void> | undefined; this.#writing !== seen;) {
      seen = this.#writing
      await seen
    }
    if (this.#writeError !== undefined) throw this.#writeError
  }

  /** The same with positions of any partitions; each store takes those of its own changelog. */
  async persistAt(positions: readonly TopicPartitionOffset[], pause?: Pause): Promise<void> {
    await this.settle()
    const writes = this.#backends.databases.map(database => {
      const own = new Set(database.stores.map(({ changelogTopic }) => changelogTopic))
      const changes = database.stores.flatMap(({ plan }) => {
        const { buffer, expiry } = this.#opened(plan.name)
        return expiry === undefined ? [buffer.changes()] : [buffer.changes(), expiry.changes()]
      })
      const times = database.stores.map(({ plan: { name } }) => [name, this.#opened(name).buffer.streamTime] as const)
      return { database, changes, times, offsets: positions.filter(({ topic }) => own.has(topic)) }
    })
    // Until here queries find the changes in the buffers, and from here on they wait for the write.
    const paused = pause?.()
    if (paused !== undefined) await paused
    for (const { buffer, expiry } of this.#open.values()) {
      buffer.committed()
      expiry?.committed()
    }
    this.#custom.committed()
    this.#isWriting = true
    this.#writing = (async () => {
      for (const { database, changes, times, offsets } of writes) {
        await this.#backends.write(database, changes, offsets)
        for (const [store, time] of times) this.#times.set(store, time)
        this.#followers.tell(changes, store => ({
          position: this.#changelogPosition(store),
          time: this.#timeOf(store),
        }))
      }
    })().catch((error: unknown) => {
      this.#writeError = error
    })
  }

  /** Waits for the write that is under way. */
  async settle(): Promise<void> {
    await this.#writing
    this.#writing = undefined
    if (this.#writeError !== undefined) throw this.#writeError
    this.#isWriting = false
  }

  /** Drops clean entries until about `limit` bytes are held, except those that the backend is still writing. */
  evict(limit: number): void {
    this.evictions++
    const buffers = [...this.#open.values()].map(({ buffer }) => buffer)
    const shares = fairShares(
      buffers.map(({ bytes }) => bytes),
      limit,
    )
    const written = this.isWritten && this.#writeError === undefined
    for (const [index, buffer] of buffers.entries()) buffer.evict(shares[index]!, written)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#followers.end()
    await this.#writing
    let kept: readonly TaskStorePlan[] = []
    try {
      await this.#custom.close()
    } finally {
      try {
        kept = await this.#backends.close()
      } finally {
        this.#left(kept.length > 0 ? this.#backends.positionOf(kept) : undefined)
      }
    }
  }

  #opened(store: string): OpenStore {
    const open = this.#open.get(store)
    if (open === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store })
    return open
  }
}
