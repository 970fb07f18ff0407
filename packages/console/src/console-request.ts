import { millraceError } from '@millrace/core'
import type { IncomingMessage } from 'node:http'
import { CONSOLE_ROUTES, type ConsoleRoute, type ConsoleRouteName } from './routes.ts'
import { invalidRequest } from './console-failure.ts'

const MOST_BODY_BYTES = 262_144

export interface ConsoleRequest {
  readonly name: ConsoleRouteName
  readonly topic: string
  readonly numbers: Readonly<Record<string, number | undefined>>
  readonly body: unknown
}

/** Reads a request. @throws MILLRACE_SERVER_ROUTE_UNKNOWN, MILLRACE_SERVER_REQUEST, MILLRACE_SERVER_REQUEST_TOO_LARGE */
export async function readRequest(request: IncomingMessage): Promise<ConsoleRequest> {
  const url = new URL(`http://console${request.url ?? '/'}`)
  const segments = url.pathname.replace(/\/$/, '').split('/')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const found = Object.entries<ConsoleRoute>(CONSOLE_ROUTES).find(([, route]) => {
    const pattern = route.path.split('/')
    const fits = pattern.every((segment, at) => segment.startsWith('{') || segment === segments[at])
    return route.method === method && pattern.length === segments.length && fits
  })
  if (found === undefined) throw millraceError('MILLRACE_SERVER_ROUTE_UNKNOWN', {})
  const [name, route] = found
  const at = route.path.split('/').findIndex(segment => segment.startsWith('{'))
  return {
    name: name as ConsoleRouteName,
    topic: at < 0 ? '' : decoded(segments[at]!),
    numbers: numbersOf(route, url.searchParams),
    body: route.method === 'POST' ? await bodyOf(request) : undefined,
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalidRequest('topic', 'it is not percent-encoded UTF-8')
  }
}

function numbersOf({ query }: ConsoleRoute, given: URLSearchParams): Readonly<Record<string, number | undefined>> {
  for (const name of given.keys())
    if (!Object.hasOwn(query, name)) throw invalidRequest(name.slice(0, 40), 'the path has no such parameter')
  return Object.fromEntries(
    Object.entries(query).map(([name, { minimum, maximum = Number.MAX_SAFE_INTEGER }]) => {
      const text = given.get(name)
      if (text === null) return [name, undefined]
      const value = Number(text)
      if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return [name, value]
      throw invalidRequest(name, `it must be a whole number from ${minimum} to ${maximum}`)
    }),
  )
}

/**
 * A page of another site cannot send JSON here without asking first, which is never allowed, and its browser says where it comes from.
 */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const { 'content-type': type = '', origin, host } = request.headers
  if (!/^application\/json\b/i.test(type)) throw invalidRequest('body', 'it must be application/json')
  if (origin !== undefined && new URL(origin).host !== host) throw invalidRequest('origin', 'it is another site')
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MOST_BODY_BYTES)
      throw millraceError('MILLRACE_SERVER_REQUEST_TOO_LARGE', {
        reason: `its body has more than ${MOST_BODY_BYTES} bytes`,
      })
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as unknown
  } catch {
    throw invalidRequest('body', 'it is not JSON')
  }
}
