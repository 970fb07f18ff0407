import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { reasonOf } from '@millrace/core'
import { RegistryError } from '../registry/registry-error.ts'
import type { Registry } from '../registry/registry.ts'
import type { Answer, RegistryRequest } from './answer.ts'
import { schemaRoutes } from './schema-routes.ts'
import { compatibilityRoutes, configRoutes, modeRoutes } from './setting-routes.ts'
import { subjectRoutes } from './subject-routes.ts'

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
/** Of a request, in bytes. */
const MAX_BODY = 16 * 1024 * 1024

/** An HTTP server that is not listening yet. */
export function registryServer(registry: Registry): Server {
  return createServer((incoming, response) => {
    handle(registry, incoming).then(
      answer => send(response, 200, answer),
      (error: unknown) => {
        const known =
          error instanceof RegistryError ? error : new RegistryError(50001, reasonOf(error), { cause: error })
        send(response, known.status, { json: { error_code: known.errorCode, message: known.message } })
      },
    )
  })
}

async function handle(registry: Registry, incoming: IncomingMessage): Promise<Answer> {
  const request = await readRequest(incoming)
  const answer = await route(registry, request)
  if (answer === undefined) throw new RegistryError(404, 'HTTP 404 Not Found')
  return answer
}

async function route(registry: Registry, request: RegistryRequest): Promise<Answer | undefined> {
  const { path, method } = request
  switch (path[0]) {
    case undefined:
      return method === 'GET' ? { json: {} } : undefined
    case 'subjects':
      return subjectRoutes(registry, request)
    case 'schemas':
      return schemaRoutes(registry, request)
    case 'compatibility':
      return compatibilityRoutes(registry, request)
    case 'config':
      return configRoutes(registry, request)
    case 'mode':
      return modeRoutes(registry, request)
    case 'contexts':
      if (path.length === 1) return method === 'GET' ? { json: registry.state.contexts() } : undefined
      return route(registry, inContext(request))
    default:
      return undefined
  }
}

/** `/contexts/.staging/subjects/orders` means `/subjects/:.staging:orders`. */
function inContext(request: RegistryRequest): RegistryRequest {
  const [, context = '', ...path] = request.path
  const prefix = `:${context.replace(/^:|:$/g, '')}:`
  const at = path[0] === 'compatibility' ? 2 : 1
  const query = new URLSearchParams(request.query)
  if (path[0] === 'schemas' || path[0] === 'subjects') {
    for (const name of ['subject', 'subjectPrefix']) query.set(name, prefix + (query.get(name) ?? ''))
  }
  const takesSubject =
    path[0] === 'subjects' || path[0] === 'config' || path[0] === 'mode' || path[0] === 'compatibility'
  const isSettings = path[0] === 'config' || path[0] === 'mode'
  if (takesSubject && (path[at] !== undefined || isSettings)) path[at] = prefix + (path[at] ?? '')
  return { ...request, path, query }
}

async function readRequest(incoming: IncomingMessage): Promise<RegistryRequest> {
  const url = new URL(incoming.url ?? '/', 'http://registry')
  let path: string[]
  try {
    path = url.pathname
      .split('/')
      .filter(part => part !== '')
      .map(decodeURIComponent)
  } catch (cause) {
    throw new RegistryError(400, `The path ${url.pathname} is not valid`, { cause })
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new RegistryError(413, `The request is larger than ${MAX_BODY} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  return {
    method: incoming.method ?? 'GET',
    path,
    query: url.searchParams,
    body: text.trim() === '' ? undefined : parseBody(text),
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new RegistryError(400, `The request is no JSON: ${reasonOf(cause)}`, { cause })
  }
}

function send(response: ServerResponse, status: number, answer: Answer): void {
  const text = 'text' in answer ? answer.text : JSON.stringify(answer.json)
  response.writeHead(status, { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
