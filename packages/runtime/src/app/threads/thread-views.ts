import { isMillraceError, millraceError } from '@millrace/core'
import type { LocalQueries, OpenPartition } from '../../query/local-queries.ts'
import type { OpenedViews, Page, ViewRequest } from './view-messages.ts'

/** Entries of a page: few enough for the thread to process records between two pages. */
const PAGE_ENTRIES = 256

/** The methods of a view, by name. */
type Methods = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** The views of stores that a thread has open for the main thread. */
export class ThreadViews {
  readonly #queries: () => LocalQueries | undefined
  readonly #views = new Map<number, OpenPartition['view']>()
  readonly #walks = new Map<number, AsyncIterator<unknown>>()
  #last = 0

  constructor(queries: () => LocalQueries | undefined) {
    this.#queries = queries
  }

  /** What is returned can be copied to the main thread, if keys and values can. */
  async answer(request: ViewRequest): Promise<unknown> {
    switch (request.do) {
      case 'open':
        return await this.#open(request)
      case 'read':
        return await this.#method(request)
      case 'walk': {
        const entries = this.#method(request) as AsyncIterable<unknown>
        const walk = ++this.#last
        this.#walks.set(walk, entries[Symbol.asyncIterator]())
        return await this.#page(walk)
      }
      case 'next':
        return await this.#page(request.walk)
      case 'end':
        return await this.#end(request.walk)
      case 'close':
        for (const id of request.views) await this.#close(id)
        return undefined
    }
  }

  /** When the thread ends. */
  async close(): Promise<void> {
    for (const walk of this.#walks.keys()) await this.#end(walk)
    for (const id of this.#views.keys()) await this.#close(id)
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
    try {
      await view?.[Symbol.asyncDispose]()
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'MILLRACE_STORE_CLOSED') throw error
    }
  }
}
