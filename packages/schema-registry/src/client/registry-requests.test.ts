import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localhost } from './localhost-certificate.fixture.ts'
import { schemaCommand } from '../cli/schema-command.ts'
import { schemaRegistry, type SchemaRegistryOptions } from './schema-registry.ts'

const SCHEMA = { schema: '"string"' }
const { cert, key } = localhost

interface Seen {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

let seen: Seen[]
let closing: Server[]
beforeEach(() => {
  seen = []
  closing = []
})
afterEach(() => {
  for (const server of closing) {
    server.closeAllConnections()
    server.close()
  }
})

async function listening(server: Server, scheme: 'http' | 'https'): Promise<string> {
  closing.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function note(request: IncomingMessage, response: ServerResponse, status = 200): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  seen.push({
    path: request.url!,
    authorization: request.headers.authorization,
    body: Buffer.concat(chunks).toString(),
  })
  const answer = request.url === '/subjects' ? [] : { ...SCHEMA, id: 7, version: 1 }
  response.writeHead(status, { location: '/elsewhere' }).end(JSON.stringify(answer))
}

const plain = (status?: number) =>
  listening(
    createPlainServer((request, response) => void note(request, response, status)),
    'http',
  )
const secure = (more: object = {}, status?: number) =>
  listening(
    createServer({ cert, key, ...more }, (request, response) => void note(request, response, status)),
    'https',
  )
/** Asks for a certificate of the client. */
const mutual = () => secure({ ca: cert, requestCert: true, rejectUnauthorized: true })

const UNAVAILABLE = { code: 'MILLRACE_REGISTRY_UNAVAILABLE', kind: 'retriable' }

it.each<[string, SchemaRegistryOptions['auth'], string | undefined]>([
  ['nothing', undefined, undefined],
  [
    'a name and a password',
    { username: 'ada', password: 'p:w ä' },
    `Basic ${Buffer.from('ada:p:w ä').toString('base64')}`,
  ],
  ['a token', { token: 'abc' }, 'Bearer abc'],
])('logs in with %s', async (_what, auth, authorization) => {
  const registry = schemaRegistry({ url: await plain(), ...(auth !== undefined && { auth }) })
  expect(await registry.byId(7)).toMatchObject(SCHEMA)
  await registry.register('orders-value', SCHEMA, { normalize: false })
  expect(seen).toEqual([
    { path: '/schemas/ids/7', authorization, body: '' },
    { path: '/subjects/orders-value/versions?normalize=false', authorization, body: '{"schema":"\\"string\\""}' },
  ])
})

it.each([500, 503, 429, 302])('after the status %i, the next URL is asked', async status => {
  const [first, second] = [await plain(status), await plain()]
  const registry = schemaRegistry({
    url: [first, second],
    fetch: (url, init) => fetch(url, { ...init, redirect: 'manual' }),
  })
  expect(await registry.byId(7)).toMatchObject(SCHEMA)
  expect(seen).toHaveLength(2)
  await expect(schemaRegistry({ url: first, timeoutMs: 1_000 }).byId(7)).rejects.toMatchObject(UNAVAILABLE)
})

/** Closes the connections of the first `closes` requests that come after `answers` were answered. */
async function closesAfter(scheme: 'http' | 'https', answers: number, closes: number): Promise<string> {
  let count = 0
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    count++
    if (count <= answers || count > answers + closes) return void note(request, response)
    seen.push({ path: 'closed', authorization: undefined, body: '' })
    request.socket.destroy()
  }
  return await listening(
    scheme === 'http' ? createPlainServer(listener) : createServer({ cert, key }, listener),
    scheme,
  )
}

describe.each(['http', 'https'] as const)('over %s', scheme => {
  const tls = scheme === 'https' && { tls: { ca: cert } }

  it('a request is sent once more when the server has closed a connection that was idle', async () => {
    const registry = schemaRegistry({ url: await closesAfter(scheme, 1, 1), ...tls })
    expect(await registry.byId(7)).toMatchObject(SCHEMA)
    expect(await registry.register('orders-value', SCHEMA, { normalize: false })).toMatchObject({ id: 7 })
    const { path } = seen.at(-1)!
    expect(seen.map(one => one.path)).toEqual(['/schemas/ids/7', 'closed', path])
    expect(path).toContain('/subjects/orders-value/versions')
  })

  it('a server that closes each connection does not answer', async () => {
    const registry = schemaRegistry({ url: await closesAfter(scheme, 0, 9), ...tls })
    await expect(registry.byId(7)).rejects.toMatchObject(UNAVAILABLE)
    expect(seen).toHaveLength(2)
  })
})

describe('TLS', () => {
  it('takes a certificate authority', async () => {
    const registry = schemaRegistry({ url: await secure(), tls: { ca: cert }, auth: { token: 'abc' } })
    expect(await registry.byId(7)).toMatchObject(SCHEMA)
    expect(await registry.register('orders-value', SCHEMA, { normalize: true })).toMatchObject({ id: 7 })
    expect(seen).toMatchObject([
      { authorization: 'Bearer abc', body: '' },
      { authorization: 'Bearer abc', body: '{"schema":"\\"string\\""}' },
    ])
  })

  it('takes a certificate of the client', async () => {
    const registry = schemaRegistry({ url: await mutual(), tls: { ca: cert, cert, key } })
    expect(await registry.byId(7)).toMatchObject(SCHEMA)
  })

  it.each<[string, () => Promise<string>, SchemaRegistryOptions['tls'], RegExp]>([
    ['an authority that is not known', secure, undefined, /self-signed certificate/],
    ['an authority that is not that of the registry', secure, {}, /self-signed certificate/],
    ['no certificate where one is needed', mutual, { ca: cert }, /certificate required|ECONNRESET|socket hang up/],
    ['a redirect', () => secure({}, 302), { ca: cert }, /status 302/],
    ['a status that none is', () => secure({}, 999), { ca: cert }, /status/i],
  ])('%s is a registry that does not answer', async (_what, server, tls, reason) => {
    const registry = schemaRegistry({ url: await server(), ...(tls !== undefined && { tls }) })
    await expect(registry.byId(7)).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: expect.stringMatching(reason) as unknown,
    })
  })

  it('a registry that is slow is given up after the timeout', async () => {
    const url = await listening(
      createServer({ cert, key }, () => {}),
      'https',
    )
    const registry = schemaRegistry({ url, tls: { ca: cert }, timeoutMs: 200 })
    await expect(registry.byId(7)).rejects.toMatchObject(UNAVAILABLE)
  })

  it.each<[object, string]>([
    [{ url: 'http://registry', tls: { ca: cert } }, 'a url is not one of https'],
    [{ url: ['https://one', 'http://two'], tls: {} }, 'a url is not one of https'],
    [{ url: 'https://registry', tls: true }, 'it must be options of tls.connect'],
    [{ url: 'https://registry', tls: { ca: cert }, fetch }, 'because fetch sends the requests'],
    [{ url: 'https://registry', tls: { cert: 'SECRET', key: 'SECRET' } }, 'Node.js cannot use it for TLS'],
    [{ url: 'https://registry', ssl: {} }, 'it is called tls here'],
  ])('schemaRegistry(%#) is refused', (options, reason) => {
    expect(() => schemaRegistry(options as SchemaRegistryOptions)).toThrow(reason)
    expect(() => schemaRegistry(options as SchemaRegistryOptions)).not.toThrow('SECRET')
  })

  it('the command line takes files', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
    const lines: string[] = []
    const print = (line: string): void => void lines.push(line)
    const run = (...args: readonly string[]) =>
      schemaCommand(['pull', '--dir', join(directory, 'schemas'), ...args], {
        print,
        printError: print,
        kafka: () => {
          throw new Error('no Kafka is needed')
        },
        env: {},
      })
    const url = await mutual()
    expect(await run('--registry', url, '--ca', certFile, '--cert', certFile, '--key', keyFile)).toBe(0)
    expect(lines.splice(0)).toEqual(['The registry has no subjects.'])
    expect(await run('--registry', url, '--ca', certFile)).toBe(1)
    expect(await run('--registry', url, '--cert', certFile)).toBe(2)
    expect(await run('--registry', url, '--ca', join(directory, 'none.pem'))).toBe(2)
    expect(lines.join('\n')).toMatch(
      /UNAVAILABLE[\s\S]*--cert and --key belong together[\s\S]*none\.pem cannot be read/,
    )
    rmSync(directory, { recursive: true })
  })
})
