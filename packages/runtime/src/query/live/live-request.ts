import {
  type AnyQuery,
  isPlainObject,
  millraceError,
  type Plan,
  type Query,
  type StorePlan,
  topicNaming,
  whenReady,
} from '@millrace/core'
import {
  asMistake,
  checkNames,
  checkPartitions,
  checkQuery,
  invalid,
  isCount,
  shown,
  storeOf,
} from '../query-request.ts'
import type { KeyPart } from './key-part.ts'
import type { LiveResume } from './live-event.ts'

/** What a live query follows. */
export interface LiveRequest {
  /** Of a versioned store the latest versions are followed. */
  readonly store: string
  /** `keyQuery`, `rangeQuery` or `prefixQuery`, without order and limit. Of windows and sessions it says which keys. @default all entries */
  readonly query?: Query<unknown>
  /** @default all partitions of the store */
  readonly partitions?: readonly number[]
  /** By partition, from where an interrupted live query goes on. Others begin with a snapshot. */
  readonly resume?: ReadonlyMap<number, LiveResume>
  /** How many changes of a partition may wait for the reader. @default 10000 */
  readonly maxBuffered?: number
  /**
   * How it is said that windows and sessions have expired: `each` has an entry without value for each of them, for which the live query keeps the
   * keys of what the reader has; `before` says only the time before which they have. @default 'each'
   */
  readonly expired?: 'each' | 'before'
  /** Ends the live query. */
  readonly signal?: AbortSignal
}

export interface CheckedLiveRequest extends Omit<LiveRequest, 'query'> {
  readonly plan: StorePlan
  readonly query: LiveQueryPart
  readonly maxBuffered: number
  readonly expired: 'each' | 'before'
}

/** The queries that can be followed. */
export type LiveQueryPart = Extract<AnyQuery, { readonly type: 'key' | 'range' | 'prefix' }>

const MAX_BUFFERED = 10_000
const ALL: LiveQueryPart = { type: 'range' }

/** What is said of a read besides has no meaning for a live query: it follows commits, of active tasks. */
const OPTIONS = Object.keys({
  store: true,
  query: true,
  partitions: true,
  resume: true,
  maxBuffered: true,
  expired: true,
  signal: true,
} satisfies Record<keyof LiveRequest, true>)

/** @throws MILLRACE_QUERY_INVALID, MILLRACE_QUERY_STORE_KIND, MILLRACE_STORE_UNKNOWN */
export function checkLiveRequest(request: LiveRequest, topology: Plan): CheckedLiveRequest {
  if (!isPlainObject(request)) throw invalid('', 'watch() takes an object such as { store }')
  const { store, resume, maxBuffered = MAX_BUFFERED, expired = 'each', signal, partitions } = request as LiveRequest
  const plan = storeOf(topology, store)
  checkNames(store, request, OPTIONS)
  checkPartitions(store, partitions)
  if (partitions?.length === 0) throw invalid(store, 'a live query of no partitions would never have an event')
  const query = checkQuery(store, ((request as LiveRequest).query ?? ALL) as AnyQuery)
  if (plan.retainDuplicates === true)
    throw millraceError(
      'MILLRACE_QUERY_STORE_KIND',
      { store, actual: `${plan.kind} with duplicates`, asked: plan.kind },
      {
        hint: 'A live query tells entries apart by key and window, so it cannot follow a store that keeps duplicates.',
      },
    )
  if (query.type !== 'key' && query.type !== 'range' && query.type !== 'prefix')
    throw invalid(store, `a live query takes keyQuery, rangeQuery or prefixQuery, and not one of type "${query.type}"`)
  const { limit, reverse } = query as { readonly limit?: number; readonly reverse?: boolean }
  if (limit !== undefined || reverse === true) throw invalid(store, 'a live query has neither an order nor a limit')
  if (!(Number.isSafeInteger(maxBuffered) && maxBuffered > 0))
    throw invalid(store, `maxBuffered must be a number of changes greater than 0, but it is ${shown(maxBuffered)}`)
  if (!['each', 'before'].includes(expired))
    throw invalid(store, `expired must be 'each' or 'before', but it is ${shown(expired)}`)
  if (resume !== undefined && !(resume instanceof Map && [...resume].every(isResume)))
    throw invalid(store, 'resume must be a Map of { position, at } by partition')
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid(store, 'signal must be an AbortSignal')
  return {
    store,
    plan,
    query,
    maxBuffered,
    expired,
    ...(partitions !== undefined && { partitions }),
    ...(resume !== undefined && { resume }),
    ...(signal !== undefined && { signal }),
  }
}

function isResume([partition, resume]: readonly [unknown, unknown]): boolean {
  const { position, at } = Object(resume ?? {}) as Readonly<Record<keyof LiveResume, unknown>>
  return isCount(partition) && isCount(position) && Number.isFinite(at)
}

/** What serdes are told when they write or read rows of a store. */
export function serdeTopicOf(topology: Plan, { name, changelog }: StorePlan, applicationId: string): string {
  const global = topology.globals.find(({ store }) => store === name)
  if (global !== undefined) return global.topic
  return changelog === undefined ? name : topicNaming(topology, applicationId)(changelog.topic)
}

/**
 * Which keys are followed, by their bytes.
 * @throws MILLRACE_QUERY_INVALID for a key that its serde does not accept
 */
export async function keyPart({ plan, query }: CheckedLiveRequest, topic: string): Promise<KeyPart> {
  const { name, keySerde } = plan
  const bytesOf = async (key: unknown, serialize = () => keySerde.serialize(key, topic)) => {
    try {
      return Buffer.from(await whenReady(serialize))
    } catch (error) {
      throw asMistake(name, error) ?? invalid(name, `its key cannot be encoded: ${String(error)}`, error)
    }
  }
  if (query.type === 'key') return { type: 'key', key: await bytesOf(query.key) }
  if (query.type === 'prefix') {
    const { prefix, serde } = query
    return { type: 'prefix', prefix: await bytesOf(prefix, () => serde.serialize(prefix, name)) }
  }
  const { from, to } = query
  return {
    type: 'range',
    ...(from !== undefined && from !== null && { from: await bytesOf(from) }),
    ...(to !== undefined && to !== null && { to: await bytesOf(to) }),
  }
}
