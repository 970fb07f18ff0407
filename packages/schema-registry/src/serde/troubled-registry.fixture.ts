import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RunningRegistry, startRegistry } from '../start-registry.ts'

/** What a registry, or something between it and its clients, may do for a while. */
export const TROUBLES = [
  'is down',
  'is slow',
  'fails',
  'answers HTML',
  'redirects in circles',
  'answers JSON that is not its own',
  'is behind a proxy that does not find it',
  'has no such path for a while',
] as const
export type Trouble = (typeof TROUBLES)[number]

export interface TroubledRegistry extends AsyncDisposable {
  /** Of the registry itself, which is always well. */
  readonly url: string
  /** Of the way to it that has troubles. */
  readonly troubledUrl: string
  trouble: Trouble | undefined
}

/** A registry, and a server before it that has troubles. */
export async function startTroubledRegistry(): Promise<TroubledRegistry> {
  const running = await startRegistry()
  const server = createServer((request, response) => {
    answer(state.trouble, running, request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const state: TroubledRegistry = {
    url: running.url,
    troubledUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trouble: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await running.close()
    },
  }
  return state
}

async function answer(
  trouble: Trouble | undefined,
  running: RunningRegistry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (trouble) {
    case 'is down':
      return void response.destroy()
    case 'is slow':
      return
    case 'fails':
      return void response.writeHead(500).end('{"error_code":50001,"message":"Error in the backend data store"}')
    case 'answers HTML':
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>')
    case 'redirects in circles':
      return void response.writeHead(302, { location: request.url ?? '/' }).end()
    case 'answers JSON that is not its own':
      return void response.writeHead(200).end('{"status":"UP"}')
    case 'is behind a proxy that does not find it':
      return void response.writeHead(404).end('{"message":"no Route matched with those values"}')
    case 'has no such path for a while':
      return void response.writeHead(404).end('{"error_code":404,"message":"HTTP 404 Not Found"}')
    case undefined: {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const body = Buffer.concat(chunks)
      const method = request.method ?? 'GET'
      const answered = await fetch(running.url + request.url, { method, ...(body.length > 0 && { body }) })
      response.writeHead(answered.status).end(await answered.text())
    }
  }
}
