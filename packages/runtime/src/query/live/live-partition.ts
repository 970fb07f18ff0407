import { type Clock, isMillraceError, millraceError, type PartitionFailure, readyAgain } from '@millrace/core'
import type { LocalQueries } from '../local-queries.ts'
import { whenReady } from '../when-ready.ts'
import { type CommittedChange, CommittedQueue } from './committed-queue.ts'
import type { FollowedRows } from './followed-rows.ts'
import { HeldRows } from './held-rows.ts'
import { isInPart, type KeyPart } from './key-part.ts'
import type { LiveEntry, LiveEvent, LiveExpiry, LivePosition, LiveResume } from './live-event.ts'
import type { CheckedLiveRequest } from './live-request.ts'
import type { LiveRow, LiveRows } from './live-rows.ts'

type Event = LiveEvent<unknown, unknown>
type Entry = LiveEntry<unknown, unknown>
type Reads = Pick<LocalQueries, 'follow' | 'changedKeys'>

export interface LivePartitionOptions {
  readonly request: CheckedLiveRequest
  readonly partition: number
  readonly part: KeyPart
  readonly rows: LiveRows
  /** Undefined while the application is between two lives. */
  readonly queries: () => Reads | undefined
  readonly clock: Clock
  readonly onNews: () => void
}

/** A partition that is followed: its snapshot, as far as it is not read, and what was committed since. */
interface Following {
  readonly store: FollowedRows
  readonly queue: CommittedQueue
  snapshot: AsyncGenerator<readonly LiveRow[], void, undefined> | undefined
  /** Rows of the snapshot that are read and not given. */
  readonly waiting: LiveRow[]
  /** No event of the snapshot has been given. */
  first: boolean
}

const SNAPSHOT_CHUNK = 500
/** A compacted changelog keeps deletions for a day unless it is set otherwise. */
const RESUMES_WITHIN_MS = 3_600_000
const READY_WITHIN_MS = 10_000
/** Without a task here, it is looked for again so often. */
const LOOK_AGAIN_MS = 50

/** One partition of a live query. It is followed while its task runs here, and again when it comes back. */
export class LivePartition {
  readonly #with: LivePartitionOptions
  #following: Following | undefined
  /** What the reader has, and until when this was the latest. */
  #reached: LiveResume | undefined
  /** What the reader has that will expire. */
  readonly #held: HeldRows
  /** It is not known, because the reader has it from another live query. */
  #heldUnknown: boolean
  /** Slots before have expired. */
  #expiredBefore = 0
  #caching = false
  #told: string | undefined
  #lookAt = -Infinity

  constructor(options: LivePartitionOptions) {
    this.#with = options
    const { request, partition, rows } = options
    this.#reached = request.resume?.get(partition)
    this.#heldUnknown = this.#reached !== undefined
    this.#held = new HeldRows(rows.retentionMs, request.expired === 'each')
  }

  /** In how many milliseconds there may be something to do if nobody says so; Infinity if it is followed. */
  get dueInMs(): number {
    return this.#following === undefined ? Math.max(0, this.#lookAt - this.#with.clock.monotonic()) : Infinity
  }

  /**
   * The next event, if there is one.
   * @throws MILLRACE_QUERY_TOO_SLOW; what the store and its serdes throw
   */
  async next(): Promise<Event | undefined> {
    try {
      const event = await this.#nextEvent()
      if (event !== undefined) return event
      if (this.#following?.queue.isEnded === true) await this.#lose()
      return undefined
    } catch (error) {
      const isGone = isMillraceError(error) && error.code === 'MILLRACE_STORE_CLOSED'
      if (!isGone && this.#following?.queue.isEnded !== true) throw error
      // What was being read is not complete: the next owner begins with a snapshot.
      this.#reached = undefined
      await this.close()
      return undefined
    }
  }

  async #nextEvent(): Promise<Event | undefined> {
    const following = this.#following
    if (following === undefined) return await this.#open()
    const { queue, snapshot } = following
    if (queue.isOver) {
      const { store, maxBuffered } = this.#with.request
      throw millraceError('MILLRACE_QUERY_TOO_SLOW', { store, limit: maxBuffered })
    }
    if (snapshot !== undefined) return await this.#snapshotEvent(following, snapshot)
    for (let change = queue.take(); change !== undefined; change = queue.take()) {
      const event = await this.#changeEvent(change)
      if (event !== undefined) return event
    }
    return undefined
  }

  async close(): Promise<void> {
    const following = this.#following
    this.#following = undefined
    await following?.snapshot?.return()
    await following?.store[Symbol.asyncDispose]()
  }

  async #lose(): Promise<void> {
    if (this.#reached !== undefined) this.#reached = { ...this.#reached, at: this.#with.clock.now() }
    await this.close()
  }

  async #open(): Promise<Event | undefined> {
    const { clock, queries, request, partition, part, onNews } = this.#with
    if (clock.monotonic() < this.#lookAt) return undefined
    const { store: name, maxBuffered } = request
    const queue = new CommittedQueue(maxBuffered, onNews)
    const local = queries()
    const store: FollowedRows | PartitionFailure = (await local?.follow(
      { store: name, partition, part, maxBuffered },
      queue,
    )) ?? { ok: false, reason: 'NOT_ACTIVE', message: 'the application is starting' }
    this.#lookAt = clock.monotonic() + LOOK_AGAIN_MS
    if ('ok' in store) return this.#waiting(store)
    this.#told = undefined
    const following: Following = { store, queue, snapshot: undefined, waiting: [], first: true }
    this.#following = following
    const keys = await this.#changedSince(local!, store)
    this.#caching = store.caching
    this.#advance(store.time)
    if (keys === undefined) {
      this.#reached = undefined
      following.snapshot = this.#rowsOf(store)
      return await this.#snapshotEvent(following, following.snapshot)
    }
    return await this.#caughtUp(following, keys)
  }

  #waiting({ reason, message }: PartitionFailure): Event | undefined {
    if (this.#told === reason) return undefined
    this.#told = reason
    return { type: 'waiting', partition: this.#with.partition, reason, message }
  }

  /** The keys that have changed since what the reader has; undefined if that is not known. */
  async #changedSince(queries: Reads, { position, changelog }: FollowedRows) {
    const { clock, partition } = this.#with
    const reached = this.#reached
    if (reached === undefined || position === undefined || changelog === undefined) return undefined
    if (clock.now() - reached.at > RESUMES_WITHIN_MS) return undefined
    return await queries.changedKeys({ topic: changelog, partition }, reached.position, position)
  }

  /** The changelog says which keys have changed, and the snapshot what they are now. */
  async #caughtUp({ store }: Following, keys: readonly Buffer[]): Promise<Event | undefined> {
    const { part, rows } = this.#with
    try {
      const changed = keys.map(key => rows.rowOf(key)).filter(row => this.#isFollowed(row, part))
      const values = await store.getMany(changed)
      const present = changed.map((key, index) => ({ key, value: values[index] ?? null }))
      const unknown = this.#heldUnknown
      if (unknown) await this.#learnHeld(store)
      const event = await this.#changeEvent({ rows: present, position: store.position, time: store.time }, unknown)
      return event
    } finally {
      await store.release()
    }
  }

  #isFollowed(row: Buffer, part: KeyPart): boolean {
    const key = this.#with.rows.keyOf(row)
    return key !== undefined && isInPart(part, key)
  }

  /** What the reader has is in the snapshot, or changed since: it only has to be known when it expires. */
  async #learnHeld(store: FollowedRows): Promise<void> {
    this.#heldUnknown = false
    if (this.#with.rows.expiresBy === undefined) return
    for await (const chunk of this.#rowsOf(store)) for (const { key } of chunk) this.#hold(key)
  }

  /** Without what has expired. */
  async *#rowsOf(store: FollowedRows): AsyncGenerator<readonly LiveRow[], void, undefined> {
    const { rows, part } = this.#with
    for await (const chunk of store.chunks(rows.ranges(part, store.time))) {
      const live = chunk.filter(({ key }) => this.#isLive(key))
      if (live.length > 0) yield live
    }
  }

  async #snapshotEvent(following: Following, snapshot: AsyncGenerator<readonly LiveRow[]>): Promise<Event> {
    const { partition, rows } = this.#with
    const { store, waiting } = following
    let last = false
    while (!last && waiting.length < SNAPSHOT_CHUNK) {
      const next = await snapshot.next()
      if (next.done === true) last = true
      else waiting.push(...next.value)
    }
    const given = waiting.splice(0, SNAPSHOT_CHUNK)
    // A chunk may have more than one event takes.
    last &&= waiting.length === 0
    const entries = await this.#ready(() => rows.show(given))
    const { first } = following
    following.first = false
    if (first) {
      this.#held.clear()
      this.#heldUnknown = false
    }
    for (const { key } of given) this.#hold(key)
    if (last) {
      following.snapshot = undefined
      await store.release()
      this.#reach(store.position)
    }
    const { position } = store
    return { type: 'snapshot', partition, entries, first, last, position, ...this.#expiry() }
  }

  /** @param tells says what has expired although the reader may have nothing of it */
  async #changeEvent({ rows: changed, position, time }: CommittedChange, tells = false): Promise<Event | undefined> {
    const { partition, rows } = this.#with
    this.#advance(time)
    const expired = this.#held.expire(this.#expiredBefore)
    const live = changed.filter(({ key }) => this.#isLive(key))
    const put = live.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]))
    const gone = [...live.flatMap(({ key, value }) => (value === null ? [key] : [])), ...(expired ?? [])]
    const entries = await this.#ready(async () => {
      const deleted: readonly Entry[] = gone.map(key => rows.deleted(key))
      return put.length === 0 ? deleted : [...deleted, ...(await rows.show(put))]
    })
    for (const { key, value } of live) {
      if (value === null) this.#held.delete(key, rows.slotOf(key))
      else this.#hold(key)
    }
    this.#reach(position)
    const isTold = expired !== undefined || (tells && this.#expiredBefore > 0)
    if (entries.length === 0 && !isTold) return undefined
    return { type: 'changes', partition, entries, position, ...(isTold && this.#expiry()) }
  }

  #expiry(): { readonly expired?: LiveExpiry } {
    const { expiresBy: by } = this.#with.rows
    return by === undefined ? {} : { expired: { by, before: this.#expiredBefore } }
  }

  #advance(time: number): void {
    if (time < 0) return
    this.#expiredBefore = Math.max(this.#expiredBefore, this.#with.rows.expiredBefore(time, this.#caching))
  }

  #isLive(row: Buffer): boolean {
    return this.#with.rows.slotOf(row) >= this.#expiredBefore
  }

  #hold(row: Buffer): void {
    const { rows } = this.#with
    if (rows.expiresBy !== undefined) this.#held.add(row, rows.slotOf(row))
  }

  /** A serde may fetch something, such as a schema. */
  async #ready<T>(read: () => Promise<T>): Promise<T> {
    const { clock } = this.#with
    const deadline = clock.monotonic() + READY_WITHIN_MS
    for (;;) {
      try {
        return await whenReady(read, clock, deadline)
      } catch (error) {
        // Many rows may be of many schemas.
        const ready = readyAgain(error)
        if (ready === undefined || clock.monotonic() >= deadline) throw error
        await ready
      }
    }
  }

  #reach(position: LivePosition): void {
    this.#reached = position === undefined ? undefined : { position, at: this.#with.clock.now() }
  }
}
