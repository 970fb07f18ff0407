import {
  ByteSink,
  isMillraceError,
  type KeyValueStore,
  type Logger,
  memoryStore,
  millraceError,
  NO_HEADERS,
  type OrderedTableStore,
  type RangeStore,
  type StoreBackend,
  type StoreChanges,
  type StorePlan,
  type TableStore,
  type TaskState,
  type TopicPartitionOffset,
  type WindowTableStore,
} from '@millrace/core'
import { CustomStores } from '../views/custom-stores.ts'
import { indexName, indexRows } from '../expiry/expiry-index.ts'
import { LruBuffer } from '../buffer/lru-buffer.ts'
import { LruOrder } from '../buffer/lru-order.ts'
import { mergedEntries } from '../buffer/merged-entries.ts'
import { openVersioned } from '../buffer/open-versioned.ts'
import { withOwnKey } from '../buffer/own-key.ts'
import { RangeBuffer } from '../buffer/range-buffer.ts'
import { StoreBuffer } from '../buffer/store-buffer.ts'
import { asBuffer, type StoreCodec, storeCodec } from '../format/store-codec.ts'
import { StoreExpiry } from '../expiry/store-expiry.ts'
import type { BufferContext, ChangelogWriter } from '../buffer/store-output.ts'
import type { KeyedBuffer, TaskBuffer } from '../buffer/task-buffer.ts'
import { emptyWhereLayoutChanged } from './layout-marker.ts'
import { userStore } from '../views/user-store.ts'
import { VersionedBuffer } from '../buffer/versioned-buffer.ts'

/** What a versioned store may hold on the heap while it is restored. */
const RESTORE_BYTES = 16 << 20
/** Of a buffer that neither logs nor emits. */
const NO_RECORD: BufferContext = { timestamp: -1, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }

/** A store of a task and where its changelog is, if it has one. */
export interface TaskStorePlan {
  readonly plan: StorePlan
  /** Decorated name; undefined without a changelog. */
  readonly changelogTopic: string | undefined
  /** The changelog is the table's own source topic: restored from, never written. */
  readonly changelogIsSource: boolean
}

interface OpenState {
  readonly backend: StoreBackend
  readonly state: TaskState
  readonly stores: readonly TaskStorePlan[]
}

/**
 * All stores of one task: opened together, restored together, and written together with the changelog offsets they
 * stand for.
 */
export class TaskStores {
  readonly plans: readonly TaskStorePlan[]
  readonly codecs: ReadonlyMap<string, StoreCodec>
  readonly #partition: number
  readonly #opened: readonly OpenState[]
  readonly #buffers = new Map<string, TaskBuffer>()
  readonly #custom = new CustomStores()
  /** Of the stores that keep what was used last. */
  readonly #orders = new Map<string, LruOrder>()
  /** Of the stores whose entries expire. */
  readonly #expiries = new Map<string, StoreExpiry>()
  readonly #restoring = new Map<string, VersionedBuffer>()
  /** By changelog, the position of the last write that has ended. */
  readonly #positions = new Map<string, number>()
  readonly #left: (position: number) => void
  #writing: Promise<void> | undefined
  #writeError: unknown

  private constructor(
    plans: readonly TaskStorePlan[],
    partition: number,
    opened: readonly OpenState[],
    left: (position: number) => void,
  ) {
    this.plans = plans
    this.#partition = partition
    this.#opened = opened
    this.#left = left
    this.codecs = new Map(plans.map(p => [p.plan.name, storeCodec(p.plan, p.changelogTopic ?? p.plan.name)]))
    for (const [name, codec] of this.codecs) {
      if (codec.plan.maxEntries !== undefined) this.#orders.set(name, new LruOrder(codec))
    }
  }

  /**
   * Opens the backends; `recover` moves a directory aside that turns out to be corrupt, and the stores then start empty.
   */
  static async open(options: {
    readonly stores: readonly TaskStorePlan[]
    readonly partition: number
    readonly persistent: StoreBackend
    readonly directory: string
    readonly logger: Logger
    readonly recover: (directory: string, cause: unknown) => Promise<void>
    /** Told on closing how far the state is that stays on disk. @default nobody */
    readonly left?: (position: number) => void
  }): Promise<TaskStores> {
    const memory = memoryStore()
    const groups: readonly [StoreBackend, readonly TaskStorePlan[]][] = [
      [options.persistent, options.stores.filter(({ plan }) => plan.type !== 'memory')],
      [memory, options.stores.filter(({ plan }) => plan.type === 'memory')],
    ]
    const opened: OpenState[] = []
    for (const [backend, stores] of groups) {
      if (stores.length === 0) continue
      const open = () =>
        backend.open({
          directory: options.directory,
          stores: stores.flatMap(keySpacesOf),
          logger: options.logger,
        })
      let state: TaskState
      try {
        state = await open()
      } catch (error) {
        if (!isMillraceError(error) || error.code !== 'MILLRACE_STORE_CORRUPT') {
          await Promise.all(opened.map(other => other.state.close()))
          throw error
        }
        await options.recover(options.directory, error)
        state = await open()
      }
      await emptyWhereLayoutChanged(state, stores, options.partition, options.logger)
      opened.push({ backend, state, stores })
    }
    const stores = new TaskStores(options.stores, options.partition, opened, options.left ?? (() => undefined))
    stores.#moved(await stores.positions())
    return stores
  }

  /** How far the state is on the backend: the sum of its positions in the changelogs of the stores. */
  get position(): number {
    return this.#positionOf(this.plans)
  }

  #positionOf(stores: readonly TaskStorePlan[]): number {
    return stores.reduce((sum, { changelogTopic }) => sum + (this.#positions.get(changelogTopic ?? '') ?? 0), 0)
  }

  /** Positions of the changelogs, by topic, as of the last write. */
  async offsets(): Promise<ReadonlyMap<string, number>> {
    const positions = new Map<string, number>()
    for (const { state } of this.#opened) {
      for (const { topic, offset } of await state.offsets()) positions.set(topic, offset)
    }
    return positions
  }

  /** The same for stores that are fed by several partitions. */
  async positions(): Promise<readonly TopicPartitionOffset[]> {
    return (await Promise.all(this.#opened.map(({ state }) => state.offsets()))).flat()
  }

  /** Writes restored changelog records, which come in offset order, and moves the position. */
  async restore(
    store: string,
    records: { readonly keys: Buffer[]; readonly values: (Buffer | null)[] },
    position: TopicPartitionOffset,
  ): Promise<void> {
    const versioned = await this.#restoreBuffer(store)
    await versioned?.restore(records.keys, records.values)
    await versioned?.flush()
    const { keys, values } = this.#orders.get(store)?.restored(records.keys, records.values) ?? records
    const changes: StoreChanges[] = [versioned?.changes() ?? { store, keys, values }]
    if (this.#expires(store)) changes.push(indexRows(indexName(store), records.keys, records.values))
    await this.#stateOf(store).write(changes, [position])
    versioned?.committed()
    versioned?.evict(RESTORE_BYTES)
    this.#moved([position])
  }

  /** What a versioned store is restored through: where a record belongs depends on those before it. */
  async #restoreBuffer(store: string): Promise<VersionedBuffer | undefined> {
    const codec = this.codecs.get(store)!
    if (codec.plan.kind !== 'versioned') return undefined
    const there = this.#restoring.get(store)
    if (there !== undefined) return there
    const buffer = await openVersioned({
      codec,
      backend: this.#stateOf(store).store(store),
      syncReads: false,
      context: NO_RECORD,
      log: undefined,
      scratch: new ByteSink(),
    })
    this.#restoring.set(store, buffer)
    return buffer
  }

  /**
   * Empties a store whose changelog has gone on without it, before it is restored from `positions`: kept with it at once, or a
   * crash before the first restored record would leave an empty store that seems complete.
   */
  async clear(store: string, positions: readonly TopicPartitionOffset[]): Promise<void> {
    this.#restoring.delete(store)
    this.#orders.get(store)?.clear()
    const emptied = (name: string) => ({ store: name, keys: [], values: [], deleteRanges: [{}] })
    const changes = this.#expires(store) ? [emptied(store), emptied(indexName(store))] : [emptied(store)]
    await this.#stateOf(store).write(changes, positions)
    this.#moved(positions)
  }

  /** After restoring: makes the buffers through which the task reads and writes. */
  async start(context: BufferContext, changelog: (store: TaskStorePlan) => ChangelogWriter | undefined): Promise<void> {
    const scratch = new ByteSink()
    const buffers = new Map<string, TaskBuffer>()
    this.#restoring.clear()
    for (const { backend, state, stores } of this.#opened) {
      for (const store of stores) {
        const { name } = store.plan
        const keySpace = state.store(name)
        const codec = this.codecs.get(name)!
        await using iterator = keySpace.iterate({ limit: 1, reverse: true })
        const [last] = await iterator.nextChunk()
        const common = { codec, backend: keySpace, empty: last === undefined, context, log: changelog(store), scratch }
        const { syncReads } = backend.capabilities
        if (store.plan.kind === 'versioned') {
          buffers.set(name, await openVersioned({ ...common, syncReads }))
          continue
        }
        if (store.plan.maxEntries !== undefined) {
          const buffer = new StoreBuffer({ ...common, syncReads })
          buffers.set(name, new LruBuffer(buffer, this.#orders.get(name)!, context))
          continue
        }
        const buffer = isReadByRange(store.plan) ? new RangeBuffer(common) : new StoreBuffer({ ...common, syncReads })
        if (last !== undefined) buffer.startAt(codec.readKey(asBuffer(last[0])).slot)
        buffers.set(name, buffer)
        if (this.#expires(name) && buffer instanceof StoreBuffer) {
          this.#expiries.set(name, await StoreExpiry.open(buffer, state.store(indexName(name))))
        }
      }
    }
    // Stores in memory and others come by turns in a topology: `flush` goes down it.
    for (const { plan } of this.plans) this.#buffers.set(plan.name, buffers.get(plan.name)!)
    for (const { plan } of this.plans) {
      if (plan.open === undefined) continue
      await this.#custom.open(
        plan,
        this.entriesOf(plan.name, context) as KeyValueStore<unknown, unknown>,
        this.#partition,
      )
    }
  }

  /** What user code gets for a store's name. */
  userStore(store: string, context: BufferContext): unknown {
    return this.#custom.get(store) ?? this.entriesOf(store, context)
  }

  /** The same without what the user's own code makes of it. */
  entriesOf(store: string, context: BufferContext): unknown {
    return userStore(this.buffer(store), context)
  }

  buffer(store: string): TaskBuffer {
    const buffer = this.#buffers.get(store)
    if (buffer === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store })
    return buffer
  }

  tableStore(store: string): TableStore {
    const versioned = this.buffer(store)
    if (versioned instanceof VersionedBuffer) return versionedTableStore(versioned)
    const buffer = this.#slotBuffer(store)
    return {
      caching: buffer.caching,
      zero: () => zeroOf(buffer),
      get: key => buffer.get(key, 0),
      put: (key, value, timestamp) => buffer.put(key, 0, value, timestamp),
      onEmit: (listener, sendOldValues) =>
        buffer.onEmit(({ key }, value, old) => listener(buffer.codec.keptKey(key), value, old), sendOldValues),
    }
  }

  orderedStore(store: string): OrderedTableStore {
    const buffer = this.#slotBuffer(store)
    const bound = (key: unknown) => (key === undefined ? undefined : buffer.encodeKey(key, 0))
    return { ...this.tableStore(store), entries: (from, to) => mergedEntries(buffer, bound(from), bound(to), false) }
  }

  windowStore(store: string): WindowTableStore {
    const buffer = this.buffer(store)
    if (!(buffer instanceof StoreBuffer) && !(buffer instanceof RangeBuffer)) throw unfit(store)
    return {
      caching: buffer.caching,
      zero: () => zeroOf(buffer),
      get: (key, start) => (start < buffer.forgottenBefore ? undefined : buffer.get(key, start)),
      put: (key, start, value, timestamp) => buffer.put(key, start, value, timestamp),
      onEmit: (listener, sendOldValues) =>
        buffer.onEmit(
          ({ key, slot }, value, old) => listener(buffer.codec.keptKey(key), slot, value, old),
          sendOldValues,
        ),
    }
  }

  rangeStore(store: string): RangeStore {
    const buffer = this.buffer(store)
    if (!(buffer instanceof RangeBuffer)) throw unfit(store)
    return {
      caching: buffer.caching,
      get expiredBefore() {
        return buffer.expiredBefore
      },
      zero: () => zeroOf(buffer),
      load: key => buffer.load(key),
      range: (key, from, to) => buffer.range(key, from, to),
      get: (key, slot, tie) => buffer.entry(key, slot, tie),
      put: (key, slot, tie, value, timestamp) => buffer.put(key, slot, value, timestamp, tie),
      append: (key, slot, value) => buffer.append(key, slot, value),
      advance: slot => buffer.advance(slot),
      all: (from, to) => buffer.all(from, to),
      onEmit: (listener, sendOldValues) =>
        buffer.onEmit((entry, value, old) => listener(withOwnKey(entry, buffer.codec), value, old), sendOldValues),
    }
  }

  #slotBuffer(store: string): KeyedBuffer {
    const buffer = this.buffer(store)
    if (!(buffer instanceof StoreBuffer) && !(buffer instanceof LruBuffer)) throw unfit(store)
    return buffer
  }

  /** Whether entries of any store expire. */
  get expires(): boolean {
    return this.#expiries.size > 0
  }

  /** When the next entry may expire by a clock, in milliseconds; Infinity while there is none. */
  expiresAt(by: StoreExpiry['by']): number {
    let first = Infinity
    for (const expiry of this.#expiries.values()) if (expiry.by === by) first = Math.min(first, expiry.dueAt)
    return first
  }

  /** Deletes what has expired by a clock, store by store, no more than about `limit` entries of each. */
  async expire(
    by: StoreExpiry['by'],
    now: number,
    limit: number,
    apart: (run: () => void | Promise<void>) => void | Promise<void>,
  ): Promise<void> {
    for (const expiry of this.#expiries.values()) {
      if (expiry.by === by && expiry.dueAt <= now) await expiry.run(now, limit, () => this.settle(), apart)
    }
  }

  /** Some are the user's own: what they have made of a change cannot be taken back but by recreating them. */
  get hasCustom(): boolean {
    return this.plans.some(({ plan }) => plan.open !== undefined)
  }

  get hasChanges(): boolean {
    for (const buffer of this.#buffers.values()) if (buffer.hasChanges) return true
    return false
  }

  /** Bytes held on the heap, by estimate. */
  get bytes(): number {
    let bytes = 0
    for (const buffer of this.#buffers.values()) bytes += buffer.bytes
    return bytes
  }

  /** Encodes, logs and emits what changed: in plan order, so that what one store emits reaches the next in time. */
  async flush(): Promise<void> {
    for (const [name, buffer] of this.#buffers) {
      if (buffer.codec.plan.open !== undefined) await this.#custom.flush(name)
      await buffer.flush()
    }
  }

  /** Logs and emits what caches hold back. */
  async emit(): Promise<void> {
    for (const buffer of this.#buffers.values()) if (buffer.caching && buffer.hasChanges) await buffer.emit()
  }

  /** Has the changelogs say what they said at the last commit. */
  async relog(): Promise<void> {
    await this.settle()
    for (const buffer of this.#buffers.values()) await buffer.relog()
  }

  /**
   * After Kafka has committed: starts the backend's write and gives the buffers free. The write goes on while records are
   * processed; `settle` waits for it, and an error in it comes up there and at the next call.
   */
  async persist(acknowledged: ReadonlyMap<string, number>): Promise<void> {
    const partition = this.#partition
    await this.persistAt([...acknowledged].map(([topic, offset]) => ({ topic, partition, offset })))
  }

  /** The same with positions of any partitions; each store takes those of its own changelog. */
  async persistAt(positions: readonly TopicPartitionOffset[]): Promise<void> {
    await this.settle()
    const writes = this.#opened.map(({ state, stores }) => {
      const changes = stores.flatMap(({ plan }) => {
        const expiry = this.#expiries.get(plan.name)
        const own = this.buffer(plan.name).changes()
        return expiry === undefined ? [own] : [own, expiry.changes()]
      })
      const own = new Set(stores.map(({ changelogTopic }) => changelogTopic))
      return { state, changes, offsets: positions.filter(({ topic }) => own.has(topic)) }
    })
    for (const buffer of this.#buffers.values()) buffer.committed()
    for (const expiry of this.#expiries.values()) expiry.committed()
    this.#custom.committed()
    this.#writing = (async () => {
      for (const { state, changes, offsets } of writes) {
        const empty = changes.every(({ keys, deleteRanges }) => keys.length === 0 && deleteRanges === undefined)
        if (!empty || offsets.length > 0) await state.write(changes, offsets)
        this.#moved(offsets)
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
  }

  /** Whether a backend write is under way, during which nothing may be evicted. */
  get writing(): boolean {
    return this.#writing !== undefined
  }

  /** Gives memory back until about `limit` bytes are held. */
  evict(limit: number): void {
    for (const buffer of this.#buffers.values()) buffer.evict(limit / Math.max(1, this.#buffers.size))
  }

  /** Takes the buffers away, so that the state on the backend can be restored further; what they held back is dropped. */
  async stop(): Promise<void> {
    await this.settle()
    for (const order of this.#orders.values()) order.undo = undefined
    await this.#custom.close()
    this.#buffers.clear()
    this.#expiries.clear()
  }

  async close(): Promise<void> {
    await this.#writing
    try {
      await this.#custom.close()
    } finally {
      for (const { state } of this.#opened) await state.close()
    }
    const kept = this.#opened.filter(({ backend }) => backend.capabilities.durable)
    if (kept.length > 0) this.#left(this.#positionOf(kept.flatMap(({ stores }) => stores)))
  }

  #expires(store: string): boolean {
    return this.codecs.get(store)?.plan.ttlMs !== undefined
  }

  #moved(positions: readonly TopicPartitionOffset[]): void {
    for (const { topic, offset } of positions) this.#positions.set(topic, offset)
  }

  #stateOf(store: string): TaskState {
    const opened = this.#opened.find(({ stores }) => stores.some(({ plan }) => plan.name === store))
    if (opened === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store })
    return opened.state
  }
}

function keySpacesOf({ plan }: TaskStorePlan): readonly string[] {
  return plan.ttlMs === undefined ? [plan.name] : [plan.name, indexName(plan.name)]
}

/** Whether a store's entries are kept by key, for reading ranges of time. */
function isReadByRange({ kind, byRange, retainDuplicates }: StorePlan): boolean {
  return kind === 'session' || (kind === 'window' && (byRange === true || retainDuplicates === true))
}

function versionedTableStore(buffer: VersionedBuffer): TableStore {
  return {
    caching: false,
    zero: () => zeroOf(buffer),
    get: key => buffer.get(key),
    put: () => {
      throw unfit(buffer.codec.plan.name)
    },
    onEmit: () => undefined,
    versioned: {
      get streamTime() {
        return buffer.streamTime
      },
      getAsOf: (key, time) => buffer.get(key, time),
      putVersion: (key, value, timestamp) => buffer.put(key, value, timestamp),
    },
  }
}

function zeroOf({ codec }: TaskBuffer): unknown {
  const { name, valueSerde } = codec.plan
  return valueSerde.deserialize(new Uint8Array(8), name)
}

/** A plan that asks for a store in a way that it was not planned for. */
function unfit(store: string): Error {
  return new Error(`the plan does not keep store "${store}" as its operator reads it`)
}
