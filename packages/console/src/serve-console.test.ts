import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ERROR_TABLE, StreamsBuilder, string, systemClock } from '@millrace/core'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { consoleOpenApi } from './openapi.ts'
import { type ServedConsole, serveConsole } from './serve-console.ts'

const builder = new StreamsBuilder()
builder.stream('words', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })

let served: ServedConsole
let base: string
let token: string

beforeAll(async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of ['words', 'dead', 'private']) cluster.createTopic({ name, partitions: 2 })
  served = await serveConsole({
    plan: builder.build(),
    applicationId: 'app',
    client: memoryClient(cluster),
    deadLetterTopic: 'dead',
    queryServer: { url: 'http://127.0.0.1:1' },
  })
  ;[base, token] = served.url.split('/console#token=') as [string, string]
})
afterAll(() => served.close())

async function get(path: string, headers: Readonly<Record<string, string>> = { authorization: `Bearer ${token}` }) {
  const response = await fetch(`${base}${path}`, { headers })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as never }
}

async function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${base}${path}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: await response.json() }
}

it.each([
  [{ url: 'localhost:8080' }, / url must be a URL such as/],
  [{ url: 'http://localhost:8080', token: 'two\nlines' }, / token must be text of printable characters/],
])('refuses the query server %j, and shows no token', async (queryServer, message) => {
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  const made = serveConsole({ plan: builder.build(), applicationId: 'app', client, queryServer })
  await expect(made).rejects.toThrow(message)
  await expect(made).rejects.not.toThrow('lines')
})

it('openapi.json is what the table of routes gives (npm run docs:openapi)', () => {
  const file = readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(consoleOpenApi())))
})

it('gives the page to anybody, with a policy that runs nothing else, and everything else to who has the token', async () => {
  const page = await get('/console', {})
  expect(page.status).toBe(200)
  const policy = page.headers.get('content-security-policy')!
  expect(policy).toMatch(/default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/)
  expect(policy).not.toContain('unsafe')
  expect((page.body as string).includes(token)).toBe(false)
  for (const path of ['/console/api/status', '/console/api/topology', '/stores/counts/keys/a', '/console/api/x'])
    for (const headers of [{}, { authorization: 'Bearer other' }])
      expect(await get(path, headers as never), path).toMatchObject({
        status: 401,
        body: { error: { code: 'MILLRACE_SERVER_UNAUTHORIZED' } },
      })
})

it('tells the topology and the state of the group without an application', async () => {
  const topology = await get('/console/api/topology')
  expect(topology).toMatchObject({ status: 200, body: { applicationId: 'app', mode: 'outside', readsStores: true } })
  const status = await get('/console/api/status')
  expect(status.body).toMatchObject({ group: 'missing', instances: [], deadLetters: 0 })
  expect((status.body as { tasks: readonly unknown[] }).tasks).toHaveLength(2)
  expect((await get('/console/api/history')).body).toEqual({ events: [], samples: [] })
})

it.each([
  ['/console/api/nothing', 404, 'MILLRACE_SERVER_ROUTE_UNKNOWN'],
  ['/metrics', 404, 'MILLRACE_SERVER_ROUTE_UNKNOWN'],
  ['/console/api/topics/private/records', 404, 'MILLRACE_TOPIC_MISSING'],
  ['/console/api/topics/%E0%A4%A/records', 400, 'MILLRACE_SERVER_REQUEST'],
  ['/console/api/topics/words/records?limit=0', 400, 'MILLRACE_SERVER_REQUEST'],
  ['/console/api/topics/words/records?limt=5', 400, 'MILLRACE_SERVER_REQUEST'],
  ['/stores/counts/keys/a', 503, 'MILLRACE_CONSOLE_FAILED'],
])('%s is answered with %i and %s', async (path, status, code) => {
  expect(await get(path)).toMatchObject({ status, body: { error: { code, hint: expect.any(String) as string } } })
  expect(ERROR_TABLE).toHaveProperty(code)
})

const RESEND = '/console/api/dead-letters/resend'
const LETTERS = [{ partition: 0, offset: 0 }]

it.each([
  ['no JSON', '{', {}, 400],
  [
    'another type, as of a form of another site',
    JSON.stringify({ confirm: true }),
    { 'content-type': 'text/plain' },
    400,
  ],
  ['another origin', JSON.stringify({ confirm: true, letters: LETTERS }), { origin: 'http://elsewhere.example' }, 400],
  ['no confirmation', JSON.stringify({ letters: LETTERS }), {}, 400],
  ['no letters', JSON.stringify({ confirm: true, letters: [] }), {}, 400],
  ['letters that are none', JSON.stringify({ confirm: true, letters: [{ partition: -1, offset: 0 }] }), {}, 400],
  ['letters that are not there', JSON.stringify({ confirm: true, letters: LETTERS }), {}, 400],
  ['a body that is too large', JSON.stringify({ confirm: true, more: 'x'.repeat(300_000) }), {}, 413],
])('sends nothing back for %s', async (_what, body, headers, status) => {
  expect(await post(RESEND, body, headers as never)).toMatchObject({ status })
})

it('refuses a host that is not this machine, as of a page whose name leads here', async () => {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const headers = { host: 'elsewhere.example', authorization: `Bearer ${token}` }
  request(`${base}/console/api/status`, { headers }, response => {
    response.resume()
    resolve(response.statusCode)
  }).end()
  expect(await promise).toBe(400)
})

it('says which port is taken', async () => {
  const { port } = new URL(base)
  const cluster = new MemoryCluster({ clock: systemClock })
  const options = { plan: builder.build(), applicationId: 'app', client: memoryClient(cluster), port: Number(port) }
  await expect(serveConsole(options)).rejects.toMatchObject({ code: 'MILLRACE_SERVER_LISTEN' })
})
