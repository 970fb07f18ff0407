import { type AnyQuery, millraceError, type Plan, type Query, type StorePlan, whenReady } from '@millrace/core'
import { asMistake, invalid, checkRequest } from '../query-request.ts'
import type { LiveResume } from './live-event.ts'

/** What a live query follows. */
export interface LiveRequest {
  /** A key-value store or the store of a table. */
  readonly store: string
  /** `keyQuery`, `rangeQuery` or `prefixQuery`, without order and limit. @default all entries */
  readonly query?: Query<unknown>
  /** @default all partitions of the store */
  readonly partitions?: readonly number[]
  /** By partition, from where an interrupted live query goes on. Others begin with a snapshot. */
  readonly resume?: ReadonlyMap<number, LiveResume>
  /** How many changes of a partition may wait for the reader. @default 10000 */
  readonly maxBuffered?: number
  /** Ends the live query. */
  readonly signal?: AbortSignal
}

export interface CheckedLiveRequest extends Omit<LiveRequest, 'query'> {
  readonly plan: StorePlan
  readonly query: LiveQueryPart
  readonly maxBuffered: number
}

/** The queries that can be followed. */
export type LiveQueryPart = Extract<AnyQuery, { readonly type: 'key' | 'range' | 'prefix' }>

const MAX_BUFFERED = 10_000
const ALL: LiveQueryPart = { type: 'range' }

/** What only a live query can be told. */
const OWN = ['resume', 'maxBuffered', 'signal'] satisfies readonly (keyof LiveRequest)[]

/** @throws MILLRACE_QUERY_INVALID, MILLRACE_QUERY_STORE_KIND, MILLRACE_STORE_UNKNOWN */
export function checkLiveRequest(request: LiveRequest, topology: Plan): CheckedLiveRequest {
  const { plan, store, query } = checkRequest({ ...request, query: request.query ?? ALL }, topology, 'committed', OWN)
  const { resume, maxBuffered = MAX_BUFFERED, signal, partitions } = request
  if (plan.kind !== 'key-value')
    throw millraceError(
      'MILLRACE_QUERY_STORE_KIND',
      { store, actual: plan.kind, asked: 'key-value' },
      { hint: 'A live query follows key-value stores and tables. Read windows, sessions and versions with query().' },
    )
  if (topology.globals.some(one => one.store === store))
    throw invalid(store, 'a global store has no commits that could be followed: follow its topic')
  if (query.type !== 'key' && query.type !== 'range' && query.type !== 'prefix')
    throw invalid(store, `a live query takes keyQuery, rangeQuery or prefixQuery, and not one of type "${query.type}"`)
  const { limit, reverse } = query as { readonly limit?: number; readonly reverse?: boolean }
  if (limit !== undefined || reverse === true) throw invalid(store, 'a live query has neither an order nor a limit')
  if (!(Number.isSafeInteger(maxBuffered) && maxBuffered > 0))
    throw invalid(store, `maxBuffered must be a number of changes greater than 0, but it is ${String(maxBuffered)}`)
  if (resume !== undefined && !(resume instanceof Map)) throw invalid(store, 'resume must be a Map by partition')
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid(store, 'signal must be an AbortSignal')
  return {
    store,
    plan,
    query,
    maxBuffered,
    ...(partitions !== undefined && { partitions }),
    ...(resume !== undefined && { resume }),
    ...(signal !== undefined && { signal }),
  }
}

/**
 * Tells the rows of a live query from others, by the bytes of their keys.
 * @throws MILLRACE_QUERY_INVALID for a key that its serde does not accept
 */
export async function keyFilter({ plan, query }: CheckedLiveRequest): Promise<(key: Uint8Array) => boolean> {
  const { name, keySerde } = plan
  const bytesOf = async (key: unknown) => {
    try {
      return Buffer.from(await whenReady(() => keySerde.serialize(key, name)))
    } catch (error) {
      throw asMistake(name, error) ?? invalid(name, `its key cannot be encoded: ${String(error)}`, error)
    }
  }
  if (query.type === 'key') {
    const key = await bytesOf(query.key)
    return other => key.equals(other)
  }
  if (query.type === 'prefix') {
    const prefix = Buffer.from(query.serde.serialize(query.prefix, name))
    return key => key.length >= prefix.length && prefix.equals(key.subarray(0, prefix.length))
  }
  const from = query.from === undefined ? undefined : await bytesOf(query.from)
  const to = query.to === undefined ? undefined : await bytesOf(query.to)
  return key => (from === undefined || from.compare(key) <= 0) && (to === undefined || to.compare(key) >= 0)
}
