import {
  isMillraceError,
  keyQuery,
  millraceError,
  prefixQuery,
  type Query,
  rangeQuery,
  reasonOf,
  type StorePlan,
  type Windowed,
} from '@millrace/core'
import { type JsonForm, toJsonForm } from '@millrace/query-client'
import type { LiveEntry, LiveEvent, LiveRequest, LiveResume } from '@millrace/runtime'
import { boundsOf } from './entries-page.ts'
import { liveToken } from './live-token.ts'
import { PeerFailure } from './peers.ts'
import { type Asked, hostsOf, partitionOfKey } from './read-partition.ts'
import { requestKey } from './request-key.ts'
import { windowForm } from './window-form.ts'

/** A `LiveEvent` whose keys and values are JSON. */
export type WireEvent = LiveEvent<JsonForm, JsonForm>

/** What is followed, and on which partitions. */
export interface LivePlan {
  readonly query: Query<unknown>
  readonly partitions: readonly number[]
}

/** Between two looks for the owner of a partition that nobody has, in milliseconds. */
const LOOK_AGAIN_MS = 100

/** @throws MILLRACE_QUERY_INVALID, MILLRACE_SERVER_REQUEST */
export async function livePlanOf(asked: Asked): Promise<LivePlan> {
  const { given, counts, plan } = asked
  const count = await counts.of(plan.name)
  const refused = (parameter: string, reason: string) => millraceError('MILLRACE_SERVER_REQUEST', { parameter, reason })
  if (given.partition !== undefined && given.partition >= count)
    throw refused('partition', `the store has ${count} partitions`)
  const partitions = given.partition === undefined ? Array.from({ length: count }, (_, n) => n) : [given.partition]
  if (given.key !== undefined) {
    if (given.from !== undefined || given.to !== undefined || given.prefix !== undefined)
      throw refused('key', 'it cannot stand beside from, to and prefix')
    const key = await requestKey(given.key, given.as, plan)
    const own = given.partition ?? (await partitionOfKey(asked, key))
    return { query: keyQuery(key.key), partitions: [own] }
  }
  const { from, to, prefix } = await boundsOf(asked)
  const query =
    prefix === undefined
      ? rangeQuery({ from, to })
      : prefixQuery(prefix.value as string, prefix.serde() as Parameters<typeof prefixQuery<string>>[1])
  return { query, partitions }
}

/**
 * The events of one partition, wherever it is: from this instance while it has it, otherwise from the owner. What moves goes on where it was.
 * @throws MILLRACE_QUERY_TOO_SLOW; what reading the store throws
 */
export async function* partitionEvents(
  asked: Asked,
  query: Query<unknown>,
  partition: number,
  from: LiveResume | undefined,
): AsyncGenerator<WireEvent, void, void> {
  const { signal } = asked
  const progress = new Progress(from)
  let told = false
  while (!signal.aborted) {
    let waiting: Extract<WireEvent, { type: 'waiting' }> | undefined
    for await (const event of eventsHere(asked, query, partition, progress.resume)) {
      if (event.type === 'waiting') {
        waiting = event
        break
      }
      told = false
      progress.take(event)
      yield event
    }
    // The application has stopped.
    if (waiting === undefined || signal.aborted) return
    progress.interrupted()
    // A task that is being restored here has no other owner.
    if (waiting.reason === 'NOT_PRESENT' && !asked.forwarded && asked.given.route !== 'local') {
      try {
        for await (const event of eventsThere(asked, partition, progress.resume)) {
          if (event.type === 'waiting') break
          told = false
          progress.take(event)
          yield event
        }
      } catch (error) {
        if (!(error instanceof PeerFailure)) throw error
        waiting = { ...waiting, reason: 'UNREACHABLE', message: `its owner gave no answer: ${error.message}` }
      }
      progress.interrupted()
    }
    if (!told) yield waiting
    told = true
    await pause(LOOK_AGAIN_MS, signal)
  }
}

/** How far a reader has come in a partition. */
class Progress {
  resume: LiveResume | undefined
  #isLive = false

  constructor(resume: LiveResume | undefined) {
    this.resume = resume
  }

  take(event: Exclude<WireEvent, { type: 'waiting' }>): void {
    const complete = event.type === 'changes' || event.last
    this.resume = complete && event.position !== undefined ? { position: event.position, at: Date.now() } : undefined
    this.#isLive = true
  }

  interrupted(): void {
    if (this.#isLive && this.resume !== undefined) this.resume = { ...this.resume, at: Date.now() }
    this.#isLive = false
  }
}

async function* eventsHere(
  { streams, plan, settings, signal }: Asked,
  query: Query<unknown>,
  partition: number,
  resume: LiveResume | undefined,
): AsyncGenerator<WireEvent, void, void> {
  const request: LiveRequest = {
    store: plan.name,
    query,
    partitions: [partition],
    // What a reader has is known by the reader: it would be too much for a server of many.
    expired: 'before',
    maxBuffered: settings.maxLiveBacklog,
    signal,
    ...(resume !== undefined && { resume: new Map([[partition, resume]]) }),
  }
  try {
    for await (const event of streams.watch(request))
      yield event.type === 'waiting' ? event : { ...event, entries: event.entries.map(entry => entryForm(plan, entry)) }
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'MILLRACE_QUERY_NOT_RUNNING') throw error
  }
}

function entryForm(
  { kind }: StorePlan,
  { key, value, timestamp }: LiveEntry<unknown, unknown>,
): LiveEntry<JsonForm, JsonForm> {
  return {
    key: kind === 'window' || kind === 'session' ? windowForm(key as Windowed<unknown>) : toJsonForm(key),
    value: value === undefined ? undefined : toJsonForm(value),
    ...(timestamp !== undefined && { timestamp }),
  }
}

/** @throws PeerFailure; MILLRACE_QUERY_TOO_SLOW */
async function* eventsThere(
  asked: Asked,
  partition: number,
  resume: LiveResume | undefined,
): AsyncGenerator<WireEvent, void, void> {
  const { peers, url, signal, plan, settings } = asked
  const { owner } = hostsOf(asked, partition)
  if (owner === undefined) return
  const search = new URLSearchParams(url.searchParams)
  search.set('partition', String(partition))
  search.set('route', 'local')
  const path = `${url.pathname}?${search.toString()}`
  const token = resume === undefined ? undefined : liveToken(new Map([[partition, resume]]))
  for await (const { event, data } of peers.follow(owner, path, token, signal)) {
    if (data === '') continue
    if (event === 'error') {
      const { error } = JSON.parse(data) as { readonly error: { readonly code: string; readonly message: string } }
      if (error.code === 'MILLRACE_QUERY_TOO_SLOW')
        throw millraceError('MILLRACE_QUERY_TOO_SLOW', { store: plan.name, limit: settings.maxLiveBacklog })
      throw new PeerFailure(error.message)
    }
    yield { type: event, ...JSON.parse(data) } as WireEvent
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  clearTimeout(timer)
}

/** What a failed live query tells its reader. */
export function liveFailure(error: unknown): Error {
  return isMillraceError(error) ? error : millraceError('MILLRACE_SERVER_FAILED', {}, { cause: reasonOf(error) })
}
