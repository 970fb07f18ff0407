import {
  type AnyQuery,
  isMillraceError,
  millraceError,
  type Plan,
  type Position,
  type Query,
  type StorePlan,
  insteadOf,
  isPlainObject,
  unknownName,
} from '@millrace/core'

/**
 * What a query may see.
 *
 * - `committed`: what a committed transaction, or without transactions a commit, has written
 * - `uncommitted`: what has been processed since then as well
 */
export type QueryIsolation = 'committed' | 'uncommitted'

export interface ReadOptions {
  /** @default 'committed' with `exactly_once`, otherwise 'uncommitted' */
  readonly isolation?: QueryIsolation
  /** Whether a standby may answer for a partition whose task runs on another instance. @default false */
  readonly standbys?: boolean
  /**
   * The largest number of records of its changelog that a standby may not have read yet. Otherwise its partition fails with
   * `NOT_UP_TO_BOUND`. An active task has no lag. @default unlimited
   */
  readonly maxLag?: number
  /**
   * The state must include at least this. A partition that does not include it fails with `NOT_UP_TO_BOUND` at once. Only the parts
   * of a position that concern the partition count.
   */
  readonly position?: Position
}

/** A query of a store, and which state may answer it. `StateQueryRequest` in Kafka Streams. */
export interface QueryRequest<R> extends ReadOptions {
  readonly store: string
  readonly query: Query<R>
  /** @default all partitions of the store */
  readonly partitions?: readonly number[]
  /**
   * Waits until the state includes these records, as a write to a topic has returned them, and everything that was made from them on
   * the way to the store. A partition that does not get there in time fails with `NOT_UP_TO_BOUND`.
   */
  readonly after?: Position
  /** How long `after` may wait, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
}

/** A request whose options are checked. */
export interface CheckedRequest extends Omit<QueryRequest<unknown>, 'query' | 'timeoutMs'> {
  readonly query: AnyQuery
  readonly plan: StorePlan
  readonly isolation: QueryIsolation
  readonly timeoutMs: number
}

const TIMEOUT_MS = 10_000
export const DEFAULT_LIMIT = 10_000
/** Longer than any application runs, and short enough for every timer. */
const LONGEST_MS = 2 ** 31 - 1

/** @throws MILLRACE_QUERY_INVALID, MILLRACE_STORE_UNKNOWN */
export function checkRequest(
  request: QueryRequest<unknown>,
  plan: Plan,
  defaultIsolation: QueryIsolation,
): CheckedRequest {
  if (typeof request !== 'object' || request === null)
    throw invalid('', 'query() takes an object with a store and a query')
  const { store, partitions, isolation = defaultIsolation, timeoutMs = TIMEOUT_MS } = request
  const storePlan = storeOf(plan, store)
  checkReadOptions(store, request, ['store', 'query', 'partitions', 'after', 'timeoutMs'])
  checkPartitions(store, partitions)
  if (!(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= LONGEST_MS))
    throw invalid(
      store,
      `timeoutMs must be a number of milliseconds from 0 to ${LONGEST_MS}, but it is ${shown(timeoutMs)}`,
    )
  checkPosition(store, 'after', request.after)
  const query = checkQuery(store, request.query as AnyQuery | undefined)
  return { ...request, query, plan: storePlan, isolation, timeoutMs }
}

/** @throws MILLRACE_QUERY_INVALID */
export function checkPartitions(store: string, partitions: unknown): void {
  // `every` would leave out the holes of an array.
  if (partitions !== undefined && !(Array.isArray(partitions) && Array.from<unknown>(partitions).every(isCount)))
    throw invalid(store, `partitions must be an array of partition numbers, but it is ${shown(partitions)}`)
}

const READ_OPTIONS = ['isolation', 'standbys', 'maxLag', 'position'] satisfies readonly (keyof ReadOptions)[]

/**
 * What every read of a store can be told.
 * @param more the names of what this one can be told besides
 * @throws MILLRACE_QUERY_INVALID
 */
export function checkReadOptions(store: string, given: ReadOptions, more: readonly string[]): void {
  if (!isPlainObject(given))
    throw invalid(store, `its options must be an object such as { isolation }, but they are ${shown(given)}`)
  checkNames(store, given, [...READ_OPTIONS, ...more])
  const { isolation, standbys, maxLag, position } = given as ReadOptions
  if (isolation !== undefined && isolation !== 'committed' && isolation !== 'uncommitted')
    throw invalid(store, `isolation must be 'committed' or 'uncommitted', but it is ${shown(isolation)}`)
  if (standbys !== undefined && typeof standbys !== 'boolean')
    throw invalid(store, `standbys must be true or false, but it is ${shown(standbys)}`)
  if (maxLag !== undefined && !isCount(maxLag))
    throw invalid(store, `maxLag must be a number of records, but it is ${shown(maxLag)}`)
  checkPosition(store, 'position', position)
}

/** @throws MILLRACE_QUERY_INVALID naming the option */
export function checkNames(store: string, given: object, possible: readonly string[]): void {
  const unknown = unknownName(given, possible)
  if (unknown !== undefined) throw invalid(store, `there is no option "${unknown}"; ${insteadOf(unknown, possible)}`)
}

/** @throws MILLRACE_STORE_UNKNOWN */
export function storeOf(plan: Plan, name: string): StorePlan {
  const found = plan.stores.find(store => store.name === name)
  if (found !== undefined) return found
  const names = plan.stores.map(store => `"${store.name}"`).join(', ')
  const hint = names === '' ? 'The topology has no stores.' : `The topology has the stores ${names}.`
  throw millraceError('MILLRACE_STORE_UNKNOWN', { store: shownStore(name) }, { hint })
}

/** JavaScript may ask for anything. */
export function shownStore(name: unknown): string {
  return typeof name === 'string' ? name : shown(name)
}

export function invalid(store: string, reason: string, cause?: unknown): Error {
  return millraceError('MILLRACE_QUERY_INVALID', { store, reason }, cause === undefined ? {} : { cause })
}

/** A key that a serde does not accept is a mistake of the query, and not of the store. */
export function asMistake(store: string, error: unknown): unknown {
  if (!isMillraceError(error)) return undefined
  // Only what the query brings is encoded: its keys, and a prefix with a serde of its own.
  if (error.code !== 'MILLRACE_STORE_ENCODE' && error.code !== 'MILLRACE_SERDE_ENCODE') return undefined
  return invalid(store, `its key cannot be encoded: ${error.problem}`, error)
}

const TYPES: ReadonlySet<string> = new Set<AnyQuery['type']>([
  'key',
  'range',
  'prefix',
  'timestamped-key',
  'timestamped-range',
  'window-key',
  'window-range',
  'session',
  'versioned-key',
  'versions',
])

/** @throws MILLRACE_QUERY_INVALID */
export function checkQuery(store: string, query: AnyQuery | undefined): AnyQuery {
  if (typeof query !== 'object' || query === null)
    throw invalid(store, `query must be made by a function such as keyQuery, but it is ${shown(query)}`)
  if (typeof (query.type as unknown) !== 'string')
    throw invalid(store, `query must be made by a function such as keyQuery, but its type is ${shown(query.type)}`)
  // A type of a later version, or of a client in another language: each partition says that it does not know it.
  if (!TYPES.has(query.type)) return query
  if ('key' in query && (query.key === undefined || query.key === null))
    throw invalid(store, 'the key must not be null or undefined')
  if (query.type === 'prefix' && (query.prefix === undefined || query.prefix === null))
    throw invalid(store, 'the prefix must not be null or undefined')
  const { limit, asOf } = query as { readonly limit?: unknown; readonly asOf?: unknown }
  if (limit !== undefined && !(isCount(limit) && limit > 0))
    throw invalid(store, `limit must be a number of entries greater than 0, but it is ${shown(limit)}`)
  if (asOf !== undefined && !isTime(asOf))
    throw invalid(store, `asOf must be a time in milliseconds, but it is ${shown(asOf)}`)
  if (query.type === 'range' || query.type === 'timestamped-range' || query.type === 'prefix') return query
  const { from, to } = query as { readonly from?: unknown; readonly to?: unknown }
  for (const [name, time] of Object.entries({ from, to })) {
    if (time !== undefined && !isTime(time))
      throw invalid(store, `${name} must be a time in milliseconds, but it is ${shown(time)}`)
  }
  return query
}

function checkPosition(store: string, name: string, position: Position | undefined): void {
  if (position === undefined) return
  const isPart = (part: Position[number] | undefined) =>
    typeof part?.topic === 'string' && isCount(part.partition) && Number.isSafeInteger(part.offset)
  if (!Array.isArray(position) || !(position as Position).every(isPart))
    throw invalid(store, `${name} must be an array of { topic, partition, offset }, but it is ${shown(position)}`)
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(value)
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? 'another array' : 'another object'
}
