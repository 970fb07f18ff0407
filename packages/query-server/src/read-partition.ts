import {
  isMillraceError,
  millraceError,
  partitionForKey,
  type PartitionAnswer,
  type PartitionFailure,
  type PartitionResult,
  type Query,
  rangeQuery,
  type StorePlan,
} from '@millrace/core'
import type { JsonForm } from '@millrace/query-client'
import type { Answer } from './http-failure.ts'
import { PeerFailure, type Peers } from './peers.ts'
import { positionOf } from './request-position.ts'
import type { RequestKey } from './request-key.ts'
import type { Given } from './request-parameters.ts'
import type { QueriedStreams, ServerSettings } from './server-options.ts'

/** A request, and what answers it. */
export interface Asked {
  readonly streams: QueriedStreams
  readonly settings: ServerSettings
  readonly peers: Peers
  readonly counts: PartitionCounts
  readonly plan: StorePlan
  readonly given: Given
  readonly url: URL
  /** It comes from another instance. */
  readonly forwarded: boolean
  readonly signal: AbortSignal
  /** Of a live query that goes on. */
  readonly lastEventId?: string | undefined
  readonly logger: ServerSettings['logger']
}

/** Parameters in place of those of the request; undefined for none. */
export type SearchChanges = Readonly<Record<string, string | undefined>>

/** What this instance has read, or what another one has answered. */
export type Reply =
  | { readonly here: PartitionAnswer<unknown>; readonly there?: undefined }
  | { readonly here?: undefined; readonly there: Answer }

/** The numbers of partitions of stores. They may be others after a rebalance. */
export class PartitionCounts {
  readonly #streams: QueriedStreams
  readonly #known = new Map<string, number>()
  readonly #forget = () => this.#known.clear()

  constructor(streams: QueriedStreams) {
    this.#streams = streams
    streams.on('state', this.#forget)
  }

  async of(store: string): Promise<number> {
    const known = this.#known.get(store)
    if (known !== undefined) return known
    // Also a store that does not know the query has a result for each partition.
    const { partitions } = await this.#streams.query({ store, query: rangeQuery({ limit: 1 }) })
    if (partitions.size === 0)
      throw millraceError('MILLRACE_SERVER_BUSY', {
        reason: `the partitions of the store "${store}" are not known yet`,
      })
    this.#known.set(store, partitions.size)
    return partitions.size
  }

  close(): void {
    this.#streams.off('state', this.#forget)
  }
}

/** @throws MILLRACE_SERVER_REQUEST */
export async function partitionOfKey({ streams, settings, counts, plan }: Asked, key: RequestKey): Promise<number> {
  const count = await counts.of(plan.name)
  if (streams.plan.globals.some(({ store }) => store === plan.name)) return 0
  const partitioner = Object.hasOwn(settings.partitioners, plan.name) ? settings.partitioners[plan.name] : undefined
  if (partitioner === undefined) return partitionForKey(key.bytes, 0, key.bytes.length, count)
  const chosen = partitioner(key.key as never, count)
  if (Number.isSafeInteger(chosen) && chosen >= 0 && chosen < count) return chosen
  throw new RangeError(`the partitioner of "${plan.name}" gave ${String(chosen)}, and it has ${count} partitions`)
}

/**
 * Asks this instance, then the one that has the partition, and last its standbys if they may answer.
 *
 * @param search what differs from the query of the request, for another instance
 * @throws MILLRACE_QUERY_INCOMPLETE, MILLRACE_SERVER_OWNER_UNREACHABLE
 */
export async function readPartition(
  asked: Asked,
  query: Query<unknown>,
  partition: number,
  search: SearchChanges,
  mayRedirect: boolean,
): Promise<Reply> {
  const result = await readHere(asked, query, partition)
  if (result.ok) return { here: result }
  // The task runs here: no other instance has a newer state.
  if (result.reason === 'NOT_UP_TO_BOUND' && !asked.given.standbys) throw incomplete(asked.plan, partition, result)
  return await readElsewhere(asked, partition, result, search, mayRedirect)
}

/**
 * Asks this instance.
 * @throws MILLRACE_QUERY_INVALID, MILLRACE_SERVER_REQUEST for what no instance can answer
 */
export async function readHere(
  { streams, given, plan, settings }: Asked,
  query: Query<unknown>,
  partition: number,
): Promise<PartitionResult<unknown>> {
  const { standbys, isolation, maxLag } = given
  const bounds = {
    ...(isolation !== undefined && { isolation }),
    ...(maxLag !== undefined && { maxLag }),
    ...(given.position !== undefined && { position: positionOf('position', given.position) }),
    // The rest of the time is for the answer, and for the way from another instance.
    ...(given.after !== undefined && { after: positionOf('after', given.after), timeoutMs: settings.timeoutMs / 2 }),
  }
  const request = { store: plan.name, query, partitions: [partition], standbys, ...bounds }
  const result = (await streams.query(request)).partitions.get(partition)!
  if (result.ok) return result
  if (result.reason === 'STORE_EXCEPTION') throw new Error(result.message)
  if (result.reason === 'UNKNOWN_QUERY_TYPE')
    throw millraceError('MILLRACE_QUERY_INVALID', { store: plan.name, reason: result.message })
  if (result.reason === 'DOES_NOT_EXIST')
    throw millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'partition', reason: result.message })
  return result
}

export function incomplete({ name }: StorePlan, partition: number, { reason, message }: PartitionFailure): Error {
  return millraceError('MILLRACE_QUERY_INCOMPLETE', { store: name, partition, reason, message })
}

async function readElsewhere(
  asked: Asked,
  partition: number,
  failed: PartitionFailure,
  search: SearchChanges,
  mayRedirect: boolean,
): Promise<Reply> {
  const { settings, peers, given, plan, url, forwarded, signal } = asked
  const store = plan.name
  const route = forwarded ? 'local' : (given.route ?? settings.route)
  const { owner, standbys } = hostsOf(asked, partition)
  if (route === 'local') throw incomplete(plan, partition, failed)
  const query = new URLSearchParams(url.searchParams)
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined) query.delete(name)
    else query.set(name, value)
  }
  const pathOf = () => (query.size === 0 ? url.pathname : `${url.pathname}?${query.toString()}`)
  if (route === 'redirect' && mayRedirect && owner !== undefined) {
    // Answered there or not at all: two instances that disagree on the owner must not send a client to and fro.
    query.set('route', 'local')
    const location = peers.urlOf(owner, pathOf()).href
    return { there: { status: 307, body: { location }, headers: { location } } }
  }
  let unreachable: PeerFailure | undefined
  for (const host of [...(owner === undefined ? [] : [owner]), ...(given.standbys ? standbys : [])]) {
    try {
      const there = await peers.ask(host, pathOf(), signal)
      if (there.status !== 503) return { there }
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error
      unreachable ??= error
    }
  }
  if (unreachable === undefined) throw incomplete(plan, partition, failed)
  const values = { store, partition, reason: unreachable.message }
  throw millraceError('MILLRACE_SERVER_OWNER_UNREACHABLE', values, { cause: unreachable })
}

/** Who has the partition, as of the last assignment. A global store is on all instances. */
export function hostsOf({ streams, plan }: Asked, partition: number) {
  const hosts = streams.metadataForAllInstances()
  const sub = streams.plan.subTopologies.find(({ stores }) => stores.includes(plan.name))
  if (sub === undefined) {
    const [owner, ...standbys] = hosts.map(({ host }) => host)
    return { owner, standbys }
  }
  const task = `${sub.id}_${partition}`
  return {
    owner: hosts.find(({ activeTasks }) => activeTasks.includes(task))?.host,
    standbys: hosts.filter(({ standbyTasks }) => standbyTasks.includes(task)).map(({ host }) => host),
  }
}

/** A list as the instances send it to each other and to clients. */
export interface ListBody {
  readonly entries: readonly JsonForm[]
  readonly cursor?: string
}

/** The list that another instance gave; undefined if it refused. */
export function listIn({ status, body }: Answer): ListBody | undefined {
  return status === 200 ? (body as ListBody) : undefined
}

/** Whether an error says something about the moment, and not about the request. */
export function isPassing(error: unknown): boolean {
  return isMillraceError(error, 'retriable')
}
