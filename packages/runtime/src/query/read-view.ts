import {
  type AnyQuery,
  type KeyRangeOf,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyVersionedKeyValueStore,
  type ReadOnlyWindowStore,
  type StorePlan,
  type TimeRange,
  type ValueAndTimestamp,
  windowed,
} from '@millrace/core'
import type { ReadOnlyView } from '../state/task-stores/kinds/task-store.ts'
import { DEFAULT_LIMIT } from './query-request.ts'

type Of<Type extends AnyQuery['type']> = Extract<AnyQuery, { readonly type: Type }>
type KeyValues = ReadOnlyKeyValueStore<unknown, unknown>
type Windows = ReadOnlyWindowStore<unknown, unknown>

/** What a partition answers. */
export interface Answer {
  readonly value: unknown
  /** There are more entries than the limit. */
  readonly more: boolean
}

/** How the stores of a plan answer a query; undefined if they do not know it. */
export function readerOf(
  plan: StorePlan,
  query: AnyQuery,
  windowEnd: (start: number) => number,
): ((view: ReadOnlyView) => Promise<Answer>) | undefined {
  switch (plan.kind) {
    case 'key-value':
      return keyValueReader(plan, query)
    case 'window':
      return windowReader(query, windowEnd)
    case 'session':
      return query.type === 'session'
        ? view => sessions(view as ReadOnlySessionStore<unknown, unknown>, query)
        : undefined
    case 'versioned':
      return versionedReader(query)
  }
}

/** The only key that a query reads. */
export function onlyKeyOf(query: AnyQuery): { readonly key: unknown } | undefined {
  return 'key' in query ? { key: query.key } : undefined
}

function keyValueReader({ timestamped }: StorePlan, query: AnyQuery) {
  const plain = timestamped ? valueOf : (value: unknown) => value
  switch (query.type) {
    case 'key':
      return async (view: ReadOnlyView) => one(plain(await (view as KeyValues).get(query.key)))
    case 'timestamped-key':
      return timestamped ? async (view: ReadOnlyView) => one(await (view as KeyValues).get(query.key)) : undefined
    case 'range':
      return (view: ReadOnlyView) => list((view as KeyValues).range(boundsOf(query)), query, plainEntry(plain))
    case 'timestamped-range':
      return timestamped
        ? (view: ReadOnlyView) => list((view as KeyValues).range(boundsOf(query)), query, entry => entry)
        : undefined
    case 'prefix':
      return (view: ReadOnlyView) => {
        const options = { reverse: query.reverse ?? false }
        return list((view as KeyValues).prefixScan(query.prefix, query.serde, options), query, plainEntry(plain))
      }
    default:
      return undefined
  }
}

function windowReader(query: AnyQuery, windowEnd: (start: number) => number) {
  switch (query.type) {
    case 'window-key':
      return (view: ReadOnlyView) => {
        const { from, to } = timesOf(query)
        const options = { reverse: query.reverse ?? false }
        return list((view as Windows).fetchRange(query.key, from, to, options), query, entry => entry)
      }
    case 'window-range':
      return (view: ReadOnlyView) => {
        const found = windowsOf(view as Windows, query)
        return list(found, query, ([key, start, value]) => [windowed(key, start, windowEnd(start)), value])
      }
    default:
      return undefined
  }
}

function windowsOf(store: Windows, query: Of<'window-range'>) {
  const { from, to } = timesOf(query)
  const reverse = query.reverse ?? false
  if (query.keys === undefined) return store.fetchAll(from, to, { reverse })
  return store.fetchKeys({ ...boundsOf(query.keys), reverse }, from, to)
}

async function sessions(store: ReadOnlySessionStore<unknown, unknown>, query: Of<'session'>): Promise<Answer> {
  const { from, to } = timesOf(query)
  const found = store.findSessions(query.key, from, to, { reverse: query.reverse ?? false })
  return await list(found, query, ([{ start, end }, value]) => [windowed(query.key, start, end), value])
}

function versionedReader(query: AnyQuery) {
  type Versioned = ReadOnlyVersionedKeyValueStore<unknown, unknown>
  switch (query.type) {
    case 'versioned-key':
      return async (view: ReadOnlyView) => one(await (view as Versioned).get(query.key, query.asOf))
    case 'versions':
      return (view: ReadOnlyView) => {
        const { from, to, reverse } = query
        const within = {
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          reverse: reverse ?? false,
        }
        return list((view as Versioned).versions(query.key, within), query, version => version)
      }
    default:
      return undefined
  }
}

function one(value: unknown): Answer {
  return { value, more: false }
}

/** Reads no more than the limit, and ends the iteration. */
async function list<T>(
  entries: AsyncIterable<T>,
  { limit = DEFAULT_LIMIT }: { readonly limit?: number },
  shown: (entry: T) => unknown,
): Promise<Answer> {
  const value: unknown[] = []
  for await (const entry of entries) {
    if (value.length === limit) return { value, more: true }
    value.push(shown(entry))
  }
  return { value, more: false }
}

function plainEntry(plain: (value: unknown) => unknown) {
  return ([key, value]: readonly [unknown, unknown]) => [key, plain(value)] as const
}

function valueOf(stored: unknown): unknown {
  return stored === undefined ? undefined : (stored as ValueAndTimestamp<unknown>).value
}

function boundsOf({ from, to, reverse }: KeyRangeOf<unknown>): KeyRangeOf<unknown> {
  return {
    ...(from !== undefined && from !== null && { from }),
    ...(to !== undefined && to !== null && { to }),
    reverse: reverse ?? false,
  }
}

function timesOf({ from = 0, to = Number.MAX_SAFE_INTEGER }: TimeRange): {
  readonly from: number
  readonly to: number
} {
  return { from: Math.max(0, from), to: Math.min(to, Number.MAX_SAFE_INTEGER) }
}
