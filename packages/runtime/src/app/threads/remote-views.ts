import { millraceError, type PartitionFailure, reasonOf } from '@millrace/core'
import type { OpenPartition, Opening, StoreParts } from '../../query/local-queries.ts'
import type { OpenedViews, Page, RemotePartition, ViewRequest } from './view-messages.ts'

/** A thread that has views open. */
export interface ViewThread {
  /** @throws MILLRACE_STORE_CLOSED if the thread has ended meanwhile */
  ask(request: ViewRequest): Promise<unknown>
}

interface Found {
  readonly thread: ViewThread
  readonly opened: RemotePartition | PartitionFailure
}

/** The stores on all threads, of which each has some partitions. Reads are messages; entries come page by page. */
export class RemoteViews implements StoreParts {
  readonly #threads: () => readonly ViewThread[]

  constructor(threads: () => readonly ViewThread[]) {
    this.#threads = threads
  }

  async openAll(opening: Opening): Promise<readonly (OpenPartition | PartitionFailure)[]> {
    checkCopied(opening.store, opening)
    const answers = await Promise.all(
      this.#threads().map(async thread => ({
        thread,
        views: await thread.ask({ do: 'open', opening }).then(
          views => views as OpenedViews,
          // A thread that ends now has no partition any more.
          () => [],
        ),
      })),
    )
    const best: Found[] = []
    for (const { thread, views } of answers) {
      const spare: number[] = []
      for (const [partition, opened] of views.entries()) {
        const before = best[partition]
        if (before === undefined || rank(opened) > rank(before.opened)) {
          best[partition] = { thread, opened }
          if (before !== undefined && 'view' in before.opened) forget(before.thread, [before.opened.view])
        } else if ('view' in opened) spare.push(opened.view)
      }
      if (spare.length > 0) forget(thread, spare)
    }
    if (best.length === 0) return [{ ok: false, reason: 'NOT_PRESENT', message: 'no thread has the store yet' }]
    return best.map(({ thread, opened }) => ('view' in opened ? this.#part(opening.store, thread, opened) : opened))
  }

  #part(store: string, thread: ViewThread, { view, position, source }: RemotePartition): OpenPartition {
    const read =
      (method: string) =>
      (...args: readonly unknown[]) => {
        checkCopied(store, args)
        return thread.ask({ do: 'read', view, method, args })
      }
    const walk =
      (method: string) =>
      (...args: readonly unknown[]) => {
        checkCopied(store, args)
        return pages(thread, { do: 'walk', view, method, args })
      }
    const methods = Object.fromEntries([
      ...READS.map(method => [method, read(method)] as const),
      ...WALKS.map(method => [method, walk(method)] as const),
    ])
    // `fetch` of a session store gives entries, that of a window store a value.
    const fetch = (...args: readonly unknown[]) =>
      typeof args[1] === 'number' ? read('fetch')(...args) : walk('fetch')(...args)
    const remote = { ...methods, fetch, name: store } as unknown as OpenPartition['view']['store']
    const close = async () => void (await thread.ask({ do: 'close', views: [view] }).catch(() => undefined))
    return { view: { store: remote, [Symbol.asyncDispose]: close }, position, source }
  }
}

/** The methods of read-only stores that give one value. */
const READS = ['get', 'approximateCount', 'fetchSession']
/** Those that give entries. */
const WALKS = [
  ...['all', 'range', 'prefixScan', 'fetchRange', 'fetchKeys', 'fetchAll'],
  ...['findSessions', 'findKeySessions', 'versions'],
]

async function* pages(thread: ViewThread, first: ViewRequest): AsyncGenerator<unknown, void, undefined> {
  for await (const page of wholePages(thread, first)) yield* page
}

/** The entries that a thread shows, page by page. */
export async function* wholePages(
  thread: ViewThread,
  first: ViewRequest,
): AsyncGenerator<readonly unknown[], void, undefined> {
  let page = (await thread.ask(first)) as Page
  try {
    for (;;) {
      yield page.entries
      if (page.walk === undefined) return
      page = (await thread.ask({ do: 'next', walk: page.walk })) as Page
    }
  } finally {
    if (page.walk !== undefined) thread.ask({ do: 'end', walk: page.walk }).catch(() => undefined)
  }
}

/** Where the thread has ended, nothing is open any more. */
function forget(thread: ViewThread, views: readonly number[]): void {
  thread.ask({ do: 'close', views }).catch(() => undefined)
}

function rank(opened: RemotePartition | PartitionFailure): number {
  if ('ok' in opened) return opened.reason === 'NOT_PRESENT' ? 0 : 1
  return opened.source === 'standby' ? 2 : 3
}

/** @throws MILLRACE_QUERY_INVALID where the question holds what cannot be copied to a thread, such as a serde */
export function checkCopied(store: string, question: unknown): void {
  try {
    structuredClone(question)
  } catch (error) {
    const reason = `it cannot be copied to the threads (${reasonOf(error)})`
    throw millraceError('MILLRACE_QUERY_INVALID', { store, reason }, { cause: error })
  }
}
