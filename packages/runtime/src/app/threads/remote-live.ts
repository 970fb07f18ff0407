import { isMillraceError, type PartitionFailure, type TopicPartition } from '@millrace/core'
import type { StoreLag } from '../../query/key-metadata.ts'
import type { ChangeListener } from '../../query/live/committed-queue.ts'
import type { FollowedRows, FollowRequest } from '../../query/live/followed-rows.ts'
import type { LiveQueries } from '../../query/live/live-query.ts'
import { asBuffer } from '../../state/format/store-codec.ts'
import { type ViewThread, wholePages } from './remote-views.ts'
import type { Thread } from './thread.ts'
import type { FollowNews, RemoteFollowed, SentRow } from './view-messages.ts'

/** A thread whose stores can be followed. */
export interface FollowThread extends ViewThread {
  readonly of: Thread
  /** Says that so much has come. */
  taken(follow: number, weight: number): void
}

type Lags = ReadonlyMap<string, ReadonlyMap<number, StoreLag>>

/** Follows stores on all threads, of which each has some partitions. Rows come as bytes, and are decoded here. */
export class RemoteLive implements LiveQueries {
  readonly #threads: () => readonly FollowThread[]
  readonly partitionsOf: (store: string) => number
  readonly #follows = new Map<number, { readonly thread: FollowThread; readonly listener: ChangeListener }>()
  #last = 0

  constructor(threads: () => readonly FollowThread[], partitionsOf: (store: string) => number) {
    this.#threads = threads
    this.partitionsOf = partitionsOf
  }

  async follow(request: FollowRequest, listener: ChangeListener): Promise<FollowedRows | PartitionFailure> {
    let best: PartitionFailure = { ok: false, reason: 'NOT_PRESENT', message: 'no thread has the partition' }
    for (const thread of this.#threads()) {
      const follow = ++this.#last
      // What is committed from now on may come before the answer.
      this.#follows.set(follow, { thread, listener })
      const found = await followedBy(thread, follow, request)
      if (found !== undefined && !('ok' in found)) return this.#rows(thread, follow, found)
      this.#follows.delete(follow)
      // One that restores the partition knows more than those that do not have it.
      if (found !== undefined && found.reason !== 'NOT_PRESENT') best = found
    }
    return best
  }

  async changedKeys(changelog: TopicPartition, from: number, to: number): Promise<readonly Buffer[] | undefined> {
    const [thread] = this.#threads()
    const keys = await passing(async () => await thread?.ask({ do: 'changed-keys', changelog, from, to }))
    return (keys as readonly Uint8Array[] | undefined)?.map(asBuffer)
  }

  /** Of a partition that several threads have, the one that is furthest counts. */
  async lags(): Promise<Lags> {
    const asked = this.#threads().map(async thread => await passing(async () => await thread.ask({ do: 'lags' })))
    const lags = new Map<string, Map<number, StoreLag>>()
    for (const part of await Promise.all(asked)) {
      for (const [store, byPartition] of (part as Lags | undefined) ?? []) {
        const known = lags.get(store) ?? new Map<number, StoreLag>()
        lags.set(store, known)
        for (const [partition, lag] of byPartition)
          if (lag.lag <= (known.get(partition)?.lag ?? Infinity)) known.set(partition, lag)
      }
    }
    return lags
  }

  onNews(follow: number, news: FollowNews): void {
    const found = this.#follows.get(follow)
    if (found === undefined) return
    const { thread, listener } = found
    if (news.is !== 'committed') return news.is === 'ended' ? listener.ended() : listener.tooMany()
    thread.taken(follow, news.weight)
    const { rows, position, time } = news.change
    const buffers = rows.map(({ key, value }) => ({
      key: asBuffer(key),
      value: value === null ? null : asBuffer(value),
    }))
    listener.committed({ rows: buffers, position, time })
  }

  /** What it had is on no thread now. */
  onExit(exited: Thread): void {
    for (const [follow, { thread, listener }] of this.#follows) {
      if (thread.of !== exited) continue
      this.#follows.delete(follow)
      listener.ended()
    }
  }

  #rows(
    thread: FollowThread,
    follow: number,
    { position, time, caching, changelog }: Exclude<RemoteFollowed, PartitionFailure>,
  ): FollowedRows {
    const close = async () => {
      this.#follows.delete(follow)
      await passing(async () => await thread.ask({ do: 'unfollow', follow }))
    }
    return {
      position,
      time,
      caching,
      changelog,
      async *chunks(ranges) {
        for await (const page of wholePages(thread, { do: 'rows', follow, ranges })) {
          const rows = page as readonly SentRow[]
          yield rows.map(([key, value]) => ({ key: asBuffer(key), value: asBuffer(value) }))
        }
      },
      async getMany(keys) {
        const found = (await thread.ask({ do: 'get', follow, keys })) as readonly (Uint8Array | undefined)[]
        return found.map(value => (value === undefined ? undefined : asBuffer(value)))
      },
      release: async () => void (await passing(async () => await thread.ask({ do: 'release', follow }))),
      [Symbol.asyncDispose]: close,
    }
  }
}

async function followedBy(
  thread: FollowThread,
  follow: number,
  request: FollowRequest,
): Promise<RemoteFollowed | undefined> {
  return (await passing(async () => await thread.ask({ do: 'follow', follow, request }))) as RemoteFollowed | undefined
}

/** Undefined if the thread or its store has ended meanwhile. */
async function passing(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask()
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MILLRACE_STORE_CLOSED') return undefined
    throw error
  }
}
