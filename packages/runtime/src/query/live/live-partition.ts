import {
  type Clock,
  isMillraceError,
  millraceError,
  type PartitionFailure,
  type ReadOnlyKeyValueStore,
  readyAgain,
  type ValueAndTimestamp,
} from '@millrace/core'
import type { FollowedStore } from '../../state/task-stores/store-followers.ts'
import type { LocalQueries } from '../local-queries.ts'
import { onlyKeyOf } from '../read-view.ts'
import { whenReady } from '../when-ready.ts'
import { type CommittedChange, CommittedQueue } from './committed-queue.ts'
import type { LiveEntry, LiveEvent, LivePosition, LiveResume } from './live-event.ts'
import type { CheckedLiveRequest } from './live-request.ts'

type KeyValues = ReadOnlyKeyValueStore<unknown, unknown>
type Event = LiveEvent<unknown, unknown>

export interface LivePartitionOptions {
  readonly request: CheckedLiveRequest
  readonly partition: number
  readonly matches: (key: Uint8Array) => boolean
  /** Undefined while the application is between two lives. */
  readonly queries: () => Pick<LocalQueries, 'follow' | 'changedKeys'> | undefined
  readonly clock: Clock
  readonly onNews: () => void
}

/** A partition that is followed: its snapshot, as far as it is not read, and what was committed since. */
interface Following {
  readonly store: FollowedStore
  readonly queue: CommittedQueue
  snapshot: AsyncIterator<readonly [unknown, unknown]> | undefined
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
  #told: string | undefined
  #lookAt = -Infinity

  constructor(options: LivePartitionOptions) {
    this.#with = options
    this.#reached = options.request.resume?.get(options.partition)
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
    const change = queue.take()
    return change === undefined ? undefined : await this.#changeEvent(following, change)
  }

  async close(): Promise<void> {
    const following = this.#following
    this.#following = undefined
    await following?.snapshot?.return?.()
    await following?.store[Symbol.asyncDispose]()
  }

  async #lose(): Promise<void> {
    if (this.#reached !== undefined) this.#reached = { ...this.#reached, at: this.#with.clock.now() }
    await this.close()
  }

  async #open(): Promise<Event | undefined> {
    const { clock, queries, request, partition, matches, onNews } = this.#with
    if (clock.monotonic() < this.#lookAt) return undefined
    const queue = new CommittedQueue(matches, request.maxBuffered, onNews)
    const local = queries()
    const store: FollowedStore | PartitionFailure = (await local?.follow(
      request.store,
      partition,
      queue,
      onlyKeyOf(request.query),
    )) ?? { ok: false, reason: 'NOT_ACTIVE', message: 'the application is starting' }
    this.#lookAt = clock.monotonic() + LOOK_AGAIN_MS
    if ('ok' in store) return this.#waiting(store)
    this.#told = undefined
    const following: Following = { store, queue, snapshot: undefined, first: true }
    this.#following = following
    const keys = await this.#changedSince(local!, store)
    if (keys === undefined) {
      this.#reached = undefined
      following.snapshot = this.#entriesOf(store)
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
  async #changedSince(queries: Pick<LocalQueries, 'changedKeys'>, { position, changelog }: FollowedStore) {
    const { clock, partition } = this.#with
    const reached = this.#reached
    if (reached === undefined || position === undefined || changelog === undefined) return undefined
    if (clock.now() - reached.at > RESUMES_WITHIN_MS) return undefined
    return await queries.changedKeys({ topic: changelog, partition }, reached.position, position)
  }

  /** The changelog says which keys have changed, and the snapshot what they are now. */
  async #caughtUp({ store }: Following, keys: readonly Buffer[]): Promise<Event | undefined> {
    const { matches, partition, clock } = this.#with
    const read = async () => {
      const entries: LiveEntry<unknown, unknown>[] = []
      for (const bytes of keys) {
        if (!matches(bytes)) continue
        const key = store.readKey(bytes)
        entries.push(this.#shown(key, await (store.view.store as KeyValues).get(key)))
      }
      return entries
    }
    try {
      const entries = await whenReady(read, clock, clock.monotonic() + READY_WITHIN_MS)
      this.#reach(store.position)
      return entries.length === 0 ? undefined : { type: 'changes', partition, entries, position: store.position }
    } finally {
      await store.view[Symbol.asyncDispose]()
    }
  }

  #entriesOf({ view: { store } }: FollowedStore): AsyncIterator<readonly [unknown, unknown]> {
    const view = store as KeyValues
    const { query } = this.#with.request
    switch (query.type) {
      case 'key':
        return oneEntry(view, query.key)
      case 'prefix':
        return view.prefixScan(query.prefix, query.serde)[Symbol.asyncIterator]()
      case 'range': {
        const { from, to } = query
        const bounds = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
        return view.range(bounds)[Symbol.asyncIterator]()
      }
    }
  }

  async #snapshotEvent(following: Following, snapshot: AsyncIterator<readonly [unknown, unknown]>): Promise<Event> {
    const { partition } = this.#with
    const { store } = following
    const entries: LiveEntry<unknown, unknown>[] = []
    let last = false
    try {
      while (!last && entries.length < SNAPSHOT_CHUNK) {
        const next = await snapshot.next()
        if (next.done === true) last = true
        else entries.push(this.#shown(...next.value))
      }
    } catch (error) {
      const ready = readyAgain(error)
      if (ready === undefined) throw error
      // A serde fetches something, such as a schema. A generator that has thrown has ended, so the snapshot begins again.
      await ready
      following.snapshot = this.#entriesOf(store)
      following.first = true
      return await this.#snapshotEvent(following, following.snapshot)
    }
    const { first } = following
    following.first = false
    if (last) {
      following.snapshot = undefined
      await store.view[Symbol.asyncDispose]()
      this.#reach(store.position)
    }
    return { type: 'snapshot', partition, entries, first, last, position: store.position }
  }

  async #changeEvent({ store }: Following, { rows, position }: CommittedChange): Promise<Event> {
    const { partition, clock } = this.#with
    const read = async () => {
      const entries = rows
        .filter(({ value }) => value === null)
        .map(({ key }) => this.#shown(store.readKey(key), undefined))
      const put = rows.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]))
      if (put.length === 0) return entries
      for await (const [key, value] of ((await store.show(put)) as KeyValues).all())
        entries.push(this.#shown(key, value))
      return entries
    }
    const entries = await whenReady(read, clock, clock.monotonic() + READY_WITHIN_MS)
    this.#reach(position)
    return { type: 'changes', partition, entries, position }
  }

  #reach(position: LivePosition): void {
    this.#reached = position === undefined ? undefined : { position, at: this.#with.clock.now() }
  }

  #shown(key: unknown, stored: unknown): LiveEntry<unknown, unknown> {
    if (stored === undefined || !this.#with.request.plan.timestamped) return { key, value: stored }
    const { value, timestamp } = stored as ValueAndTimestamp<unknown>
    return { key, value, timestamp }
  }
}

async function* oneEntry(view: KeyValues, key: unknown): AsyncGenerator<readonly [unknown, unknown], void, undefined> {
  const value = await view.get(key)
  if (value !== undefined) yield [key, value]
}
