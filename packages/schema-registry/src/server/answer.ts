/** What a route returns: a value that becomes JSON, or a schema's text as it is. */
export type Answer = { readonly json: unknown } | { readonly text: string }

export interface RegistryRequest {
  readonly method: string
  /** Decoded, without the first slash. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** The parsed body, or `undefined` if there was none. */
  readonly body: unknown
}

export function flag(query: URLSearchParams, name: string): boolean {
  return query.get(name) === 'true'
}

/** A part of a list, by the query's `offset` and `limit`. */
export function page<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const offset = Math.max(0, Number(query.get('offset') ?? 0) || 0)
  const limit = Number(query.get('limit') ?? -1)
  return items.slice(offset, limit > 0 ? offset + limit : undefined)
}
