import type { Clock, Plan } from '@millrace/core'
import type { LocalQueries } from '../local-queries.ts'
import { invalid } from '../query-request.ts'
import type { LiveEvent } from './live-event.ts'
import { LivePartition } from './live-partition.ts'
import { checkLiveRequest, type CheckedLiveRequest, keyPart, type LiveRequest, serdeTopicOf } from './live-request.ts'
import { liveRows } from './live-rows.ts'

/** Without a reason each `abort` makes a DOMException with its stack, which nobody reads. */
const NO_LONGER = 'no longer waited for'

/** What a live query uses of the queries of an instance. */
export type LiveQueries = Pick<LocalQueries, 'partitionsOf' | 'follow' | 'changedKeys'>

/** Where a live query reads. */
export interface LiveSource {
  readonly plan: Plan
  readonly applicationId: string
  readonly clock: Clock
  /** Undefined while there is nothing to read from. */
  readonly queries: () => LiveQueries | undefined
  /** The application has stopped, and the live query ends. */
  readonly isOver: () => boolean
}

/**
 * Follows the partitions of a store that are processed here.
 * @throws MILLRACE_QUERY_INVALID, MILLRACE_QUERY_STORE_KIND, MILLRACE_STORE_UNKNOWN; while it is read MILLRACE_QUERY_TOO_SLOW
 */
export function liveQuery<K, V>(source: LiveSource, request: LiveRequest): AsyncGenerator<LiveEvent<K, V>, void, void> {
  const checked = checkLiveRequest(request, source.plan)
  const left = new AbortController()
  const found = events(source, checked, left.signal) as AsyncGenerator<LiveEvent<K, V>, void, void>
  // A generator alone would hear of it at the next event, which may never come: a stream that is made of it would stay open.
  const leave = found.return.bind(found)
  return Object.assign(found, {
    return(value: void | PromiseLike<void>) {
      left.abort(NO_LONGER)
      return leave(value)
    },
  })
}

/** @param left the reader has left */
async function* events(
  { plan, applicationId, clock, queries, isOver }: LiveSource,
  request: CheckedLiveRequest,
  left: AbortSignal,
): AsyncGenerator<LiveEvent<unknown, unknown>, void, void> {
  const { signal } = request
  let news = Promise.withResolvers<void>()
  const onNews = () => news.resolve()
  const topic = serdeTopicOf(plan, request.plan, applicationId)
  const part = await keyPart(request, topic)
  const rows = liveRows(plan, request.plan, topic)
  const partitions = partitionsOf(request, queries()).map(
    partition => new LivePartition({ request, partition, part, rows, queries, clock, onNews }),
  )
  const signals = signal === undefined ? [left] : [left, signal]
  for (const one of signals) one.addEventListener('abort', onNews)
  // Without partitions nobody would wake it up: the application is being closed.
  const ended = () => signals.some(({ aborted }) => aborted) || isOver() || partitions.length === 0
  try {
    while (!ended()) {
      news = Promise.withResolvers<void>()
      let found = false
      for (const partition of partitions) {
        const event = await partition.next()
        if (event === undefined) continue
        found = true
        yield event
        if (ended()) return
      }
      if (!found) await sleepUntil(news.promise, Math.min(...partitions.map(({ dueInMs }) => dueInMs)), clock)
    }
  } finally {
    for (const one of signals) one.removeEventListener('abort', onNews)
    for (const partition of partitions) await partition.close()
  }
}

async function sleepUntil(news: Promise<void>, ms: number, clock: Clock): Promise<void> {
  if (ms === Infinity) return await news
  const awake = new AbortController()
  await Promise.race([news, clock.sleep(ms, awake.signal)])
  awake.abort(NO_LONGER)
}

function partitionsOf({ store, partitions }: CheckedLiveRequest, queries: LiveQueries | undefined): readonly number[] {
  const count = queries?.partitionsOf(store)
  if (count === undefined) return partitions ?? []
  const missing = partitions?.find(partition => partition >= count)
  if (missing !== undefined) throw invalid(store, `it has ${count} partitions, and ${missing} is none of them`)
  return [...new Set(partitions ?? Array.from({ length: count }, (_, partition) => partition))]
}
