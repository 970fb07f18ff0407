import { millraceError } from '@millrace/core'
import { type Parameter, type Route, type RouteName, ROUTES } from './routes.ts'

/** What the requests of all routes may contain. Which of them a route has, the table of routes says. */
export interface Given {
  readonly store: string
  readonly key: string
  readonly as: 'text' | 'json' | 'base64'
  readonly isolation?: 'committed' | 'uncommitted'
  readonly standbys: boolean
  readonly maxLag?: number
  readonly after?: string
  readonly position?: string
  readonly route?: 'forward' | 'redirect' | 'local'
  readonly asOf?: number
  readonly limit: number
  readonly reverse: boolean
  readonly partition?: number
  readonly cursor?: string
  readonly prefix?: string
  /** Keys or times. */
  readonly from?: string | number
  readonly to?: string | number
}

export interface Matched {
  readonly name: RouteName
  readonly route: Route
  readonly given: Given
}

const PATTERNS = Object.entries(ROUTES).map(([name, route]) => ({
  name: name as RouteName,
  route: route as Route,
  segments: route.path.split('/'),
}))

/** @throws MILLRACE_SERVER_ROUTE_UNKNOWN, MILLRACE_SERVER_REQUEST */
export function matchRequest(url: URL): Matched {
  const segments = url.pathname.split('/')
  const found = PATTERNS.find(
    pattern =>
      pattern.segments.length === segments.length &&
      pattern.segments.every((segment, n) => segment.startsWith('{') || segment === segments[n]),
  )
  if (found === undefined) throw millraceError('MILLRACE_SERVER_ROUTE_UNKNOWN', {})
  const { name, route } = found
  const inPath = found.segments.flatMap((segment, n) =>
    segment.startsWith('{') ? [[segment.slice(1, -1), decodedSegment(segment, segments[n]!)] as const] : [],
  )
  const given = { ...Object.fromEntries(inPath), ...inQuery(route, url.searchParams) }
  return { name, route, given: given as unknown as Given }
}

function decodedSegment(name: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(name.slice(1, -1), 'it is not percent-encoded UTF-8')
  }
}

/** An unknown parameter is refused: a range whose bound is misspelt would be another range. */
function inQuery(route: Route, query: URLSearchParams): Readonly<Record<string, unknown>> {
  const isOfQuery = (name: string) => Object.hasOwn(route.parameters, name) && route.parameters[name]!.in === 'query'
  for (const name of query.keys()) {
    if (!isOfQuery(name)) throw invalid(`parameter "${name.slice(0, 40)}"`, 'the path has no such parameter')
    if (query.getAll(name).length > 1) throw invalid(name, 'it is given twice')
  }
  const values = Object.entries(route.parameters)
    .filter(([name]) => isOfQuery(name))
    .map(([name, parameter]) => [name, valueOf(name, parameter, query.get(name))] as const)
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

function valueOf(name: string, { schema }: Parameter, text: string | null): unknown {
  if (text === null) return schema.default
  if (schema.type === 'string') {
    if (schema.enum === undefined || schema.enum.includes(text)) return text
    throw invalid(name, `it must be one of ${schema.enum.join(', ')}`)
  }
  if (schema.type === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true'
    throw invalid(name, 'it must be true or false')
  }
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw invalid(name, `it must be a whole number from ${minimum} to ${maximum}`)
}

function invalid(parameter: string, reason: string): Error {
  return millraceError('MILLRACE_SERVER_REQUEST', { parameter, reason })
}
