import { isMillraceError, type KeyRange, millraceError } from '@millrace/core'
import type { FollowedRows } from '../../query/live/followed-rows.ts'
import type { LocalQueries, OpenPartition } from '../../query/local-queries.ts'
import { ownBytes, SentChanges } from './sent-changes.ts'
import type { FollowNews, OpenedViews, Page, RemoteFollowed, SentRow, ViewRequest } from './view-messages.ts'

/** Entries of a page: few enough for the thread to process records between two pages. */
const PAGE_ENTRIES = 256

/** The methods of a view, by name. */
type Methods = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** The views of stores that a thread has open for the main thread. */
export class ThreadViews {
  readonly #queries: () => LocalQueries | undefined
  readonly #tell: (follow: number, news: FollowNews) => void
  readonly #follows = new Map<number, { readonly sent: SentChanges; readonly rows: FollowedRows }>()
  readonly #views = new Map<number, OpenPartition['view']>()
  readonly #walks = new Map<number, AsyncIterator<unknown>>()
  #last = 0

  /** @param tell sends what is committed to what is followed */
  constructor(queries: () => LocalQueries | undefined, tell: (follow: number, news: FollowNews) => void) {
    this.#queries = queries
    this.#tell = tell
  }

  /** What is returned can be copied to the main thread, if keys and values can. */
  async answer(request: ViewRequest): Promise<unknown> {
    switch (request.do) {
      case 'open':
        return await this.#open(request)
      case 'read':
        return await this.#method(request)
      case 'walk':
        return await this.#walk(this.#method(request) as AsyncIterable<unknown>)
      case 'next':
        return await this.#page(request.walk)
      case 'end':
        return await this.#end(request.walk)
      case 'close':
        for (const id of request.views) await this.#close(id)
        return undefined
      case 'follow':
        return await this.#follow(request)
      case 'rows':
        return await this.#walk(rowsOf(this.#followed(request), request.ranges))
      case 'get': {
        const found = await this.#followed(request).getMany(request.keys.map(key => Buffer.from(key)))
        return found.map(value => (value === undefined ? undefined : ownBytes(value)))
      }
      case 'release':
        return await this.#followed(request).release()
      case 'unfollow':
        return await this.#unfollow(request.follow)
      case 'changed-keys': {
        const keys = await this.#queries()?.changedKeys(request.changelog, request.from, request.to)
        return keys?.map(ownBytes)
      }
      case 'lags':
        return (await this.#queries()?.lags()) ?? new Map()
    }
  }

  /** The main thread has got so much of what is followed. */
  taken(follow: number, weight: number): void {
    this.#follows.get(follow)?.sent.taken(weight)
  }

  /** When the thread ends. */
  async close(): Promise<void> {
    for (const walk of this.#walks.keys()) await this.#end(walk)
    for (const id of this.#views.keys()) await this.#close(id)
    for (const id of this.#follows.keys()) await this.#unfollow(id)
  }

  async #follow({ follow, request }: Extract<ViewRequest, { do: 'follow' }>): Promise<RemoteFollowed> {
    const sent = new SentChanges(request.maxBuffered, news => this.#tell(follow, news))
    const rows = await this.#queries()?.follow(request, sent)
    if (rows === undefined) return { ok: false, reason: 'NOT_PRESENT', message: 'the thread has no store yet' }
    if ('ok' in rows) return { ok: rows.ok, reason: rows.reason, message: rows.message }
    this.#follows.set(follow, { sent, rows })
    const { position, time, caching, changelog } = rows
    return { position, time, caching, changelog }
  }

  #followed({ do: operation, follow }: Extract<ViewRequest, { follow: number }>): FollowedRows {
    const found = this.#follows.get(follow)
    if (found === undefined) throw millraceError('MILLRACE_STORE_CLOSED', { operation, object: 'store' })
    return found.rows
  }

  async #unfollow(follow: number): Promise<void> {
    const found = this.#follows.get(follow)
    this.#follows.delete(follow)
    await ignoringClosed(async () => await found?.rows[Symbol.asyncDispose]())
  }

  async #open({ opening }: Extract<ViewRequest, { do: 'open' }>): Promise<OpenedViews> {
    const found = await this.#queries()?.openAll(opening)
    return (found ?? []).map(one => {
      if ('ok' in one) return { ok: one.ok, reason: one.reason, message: one.message }
      const view = ++this.#last
      this.#views.set(view, one.view)
      return { view, position: one.position, source: one.source }
    })
  }

  #method({ view, method, args }: Extract<ViewRequest, { do: 'read' | 'walk' }>): unknown {
    const store = this.#views.get(view)?.store as Methods | undefined
    if (store === undefined) throw millraceError('MILLRACE_STORE_CLOSED', { operation: method, object: 'store' })
    return store[method]!(...args)
  }

  async #walk(entries: AsyncIterable<unknown>): Promise<Page> {
    const walk = ++this.#last
    this.#walks.set(walk, entries[Symbol.asyncIterator]())
    return await this.#page(walk)
  }

  async #page(walk: number): Promise<Page> {
    const iterator = this.#walks.get(walk)
    if (iterator === undefined) throw millraceError('MILLRACE_STORE_CLOSED', { operation: 'next', object: 'iterator' })
    const entries: unknown[] = []
    while (entries.length < PAGE_ENTRIES) {
      const { done, value } = await iterator.next()
      if (done === true) {
        this.#walks.delete(walk)
        return { walk: undefined, entries }
      }
      entries.push(value)
    }
    return { walk, entries }
  }

  async #end(walk: number): Promise<void> {
    const iterator = this.#walks.get(walk)
    this.#walks.delete(walk)
    await iterator?.return?.()
  }

  /** The task may have closed it before, because it has moved. */
  async #close(id: number): Promise<void> {
    const view = this.#views.get(id)
    this.#views.delete(id)
    await ignoringClosed(async () => await view?.[Symbol.asyncDispose]())
  }
}

async function ignoringClosed(close: () => Promise<void>): Promise<void> {
  try {
    await close()
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'MILLRACE_STORE_CLOSED') throw error
  }
}

async function* rowsOf(followed: FollowedRows, ranges: readonly KeyRange[]): AsyncGenerator<SentRow, void, undefined> {
  for await (const chunk of followed.chunks(ranges))
    for (const { key, value } of chunk) yield [ownBytes(key), ownBytes(value)]
}
