import { json, long, partitionForKey, string } from '@millrace/core'
import { queryClient } from '@millrace/query-client'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { getOverTls } from './get-over-tls.fixture.ts'
import { localhost } from './localhost-certificate.fixture.ts'
import { queryServer } from './query-server.ts'
import { freePort, type Instance, PARTITIONS, schema, versionedText, world } from './two-instances.fixture.ts'

interface Stores {
  readonly [name: string]: { readonly key: unknown; readonly value: unknown }
  readonly texts: { readonly key: string; readonly value: string }
  readonly numbers: { readonly key: bigint; readonly value: unknown }
  readonly windows: { readonly key: string; readonly value: bigint }
  readonly sessions: { readonly key: string; readonly value: bigint }
  readonly history: { readonly key: string; readonly value: string }
}

const texts = { key: string(), value: string() }
const KEYS = Array.from({ length: 60 }, (_, n) => `${n % 2 === 0 ? 'even' : 'odd'}-${n}`)
const ROWS = KEYS.map(key => [key, `value of ${key}`] as const)
/** Tasks that move start warm, which takes rebalances. */
const REBALANCED = { timeout: 30_000 }
const HTTP = { retries: 60, backOffMs: 20, maxBackOffMs: 200 }

function clientOf({ server }: Instance, token?: string) {
  return queryClient<Stores>({ url: server.url, ...HTTP, ...(token !== undefined && { token }) })
}

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const entry of entries) found.push(entry)
  return found
}

async function get({ server }: Instance, path: string, init: RequestInit = {}) {
  const response = await fetch(`${server.url}${path}`, { redirect: 'manual', ...init })
  const text = await response.text()
  const body = (text.startsWith('{') ? JSON.parse(text) : text) as {
    readonly error: { readonly code: string; readonly hint: string; readonly message: string }
    readonly [name: string]: unknown
  }
  return { status: response.status, headers: response.headers, text, body, code: body.error?.code }
}

/** Until all rows have been processed and the tasks are spread over the instances. */
async function settled(instances: readonly Instance[]): Promise<void> {
  for (const instance of instances)
    await expect.poll(async () => (await all(clientOf(instance).entries('texts'))).length, REBALANCED).toBe(ROWS.length)
  await expect
    .poll(() => instances.every(({ address }) => ownersSeenBy(instances[0]!).has(address)), REBALANCED)
    .toBe(true)
}

function ownersSeenBy({ streams }: Instance): ReadonlySet<string | undefined> {
  return new Set(KEYS.map(key => streams.queryMetadataForKey('texts', key).active))
}

function rowOf(key: string) {
  return ROWS.find(([one]) => one === key)
}

function byKey(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : 1
}

function partitionOf(key: string): number {
  const bytes = Buffer.from(key)
  return partitionForKey(bytes, 0, bytes.length, PARTITIONS)
}

it('any instance answers for all keys, and each key is in exactly one page', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const instances = [await app.start('a'), await app.start('b', { route: 'redirect' })]
  await settled(instances)
  for (const instance of instances) {
    const client = clientOf(instance)
    for (const [key, value] of ROWS) expect(await client.get('texts', key)).toBe(value)
    expect(await client.get('texts', 'nobody')).toBeUndefined()
    expect(await client.find('texts', KEYS[0]!)).toEqual({
      value: ROWS[0]![1],
      timestamp: 1,
      partition: partitionOf(KEYS[0]!),
      source: 'active',
    })
    for (const pageSize of [1, 7, 60, 1_000])
      expect((await all(client.entries('texts', { pageSize }))).sort(byKey)).toEqual([...ROWS].sort(byKey))
    const even = ROWS.filter(([key]) => key.startsWith('even')).sort(byKey)
    for (const reverse of [false, true]) {
      const found = await all(client.entries('texts', { prefix: 'even', pageSize: 3, reverse }))
      expect([...found].sort(byKey)).toEqual(even)
      const within = await all(client.entries('texts', { from: 'even-2', to: 'odd-3', pageSize: 4, reverse }))
      expect([...within].sort(byKey)).toEqual(ROWS.filter(([key]) => key >= 'even-2' && key <= 'odd-3').sort(byKey))
      const one = await all(client.entries('texts', { partition: 2, pageSize: 2, reverse }))
      const inOrder = ROWS.filter(([key]) => partitionOf(key) === 2).sort(byKey)
      expect(one).toEqual(reverse ? inOrder.toReversed() : inOrder)
    }
  }
  const [first, second] = instances as [Instance, Instance]
  const elsewhere = KEYS.find(key => second.streams.queryMetadataForKey('texts', key).active === first.address)!
  const here = KEYS.find(key => second.streams.queryMetadataForKey('texts', key).active === second.address)!
  const redirected = await get(second, `/stores/texts/keys/${elsewhere}`)
  expect(redirected).toMatchObject({
    status: 307,
    body: { location: `http://${first.address}/stores/texts/keys/${elsewhere}?route=local` },
  })
  expect(await get(first, `/stores/texts/keys/${here}?route=local`)).toMatchObject({
    status: 503,
    code: 'MILLRACE_QUERY_INCOMPLETE',
  })
  expect((await get(first, `/stores/texts/keys/${here}?route=local`)).headers.get('retry-after')).toBe('1')
})

it('pages go on while instances come and go, with each key once', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const first = await app.start('a')
  const second = await app.start('b')
  await settled([first, second])
  const found: (readonly [string, string])[] = []
  let third: Instance | undefined
  for await (const entry of clientOf(first).entries('texts', { pageSize: 3 })) {
    found.push(entry)
    if (found.length === 6) {
      third = await app.start('c')
      await expect.poll(() => ownersSeenBy(first).has(third!.address), REBALANCED).toBe(true)
    }
    if (found.length === 20) await second.close()
    if (found.length === 40) await third!.close()
  }
  expect(found.sort(byKey)).toEqual([...ROWS].sort(byKey))
  await expect.poll(() => ownersSeenBy(first), REBALANCED).toEqual(new Set([first.address]))
})

it('a page goes on after a key that was deleted', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const instance = await app.start('a')
  const client = clientOf(instance)
  await expect.poll(async () => (await all(client.entries('texts'))).length, REBALANCED).toBe(ROWS.length)
  const inOrder = KEYS.filter(key => partitionOf(key) === 1).sort()
  const page = await get(instance, '/stores/texts/entries?partition=1&limit=2')
  expect(page.body['entries']).toEqual([rowOf(inOrder[0]!), rowOf(inOrder[1]!)])
  await app.send('texts', texts, [[inOrder[1]!, null]])
  await expect.poll(() => client.get('texts', inOrder[1]!), REBALANCED).toBeUndefined()
  const next = await get(instance, `/stores/texts/entries?partition=1&limit=2&cursor=${String(page.body['cursor'])}`)
  expect(next.body['entries']).toEqual([rowOf(inOrder[2]!), rowOf(inOrder[3]!)])
})

it('gives no pages if keys would be written with other bytes now', async () => {
  await using app = await world('schemas')
  await app.send(
    'schemas',
    { ...texts, key: versionedText },
    KEYS.map(key => [key, 'value']),
  )
  const instance = await app.start('a')
  const client = clientOf(instance)
  await expect.poll(async () => (await all(client.entries('schemas'))).length, REBALANCED).toBe(KEYS.length)
  expect((await get(instance, '/stores/schemas/entries?limit=1')).status).toBe(200)
  schema.version = 2
  try {
    const refused = await get(instance, '/stores/schemas/entries?limit=1')
    expect(refused).toMatchObject({ status: 503, code: 'MILLRACE_SERVER_BUSY' })
    expect(refused.body.error.message).toContain('versionedText')
    expect((await all(client.entries('schemas'))).length).toBe(KEYS.length)
  } finally {
    schema.version = 1
  }
})

it('without its owner a key is unreachable, unless a standby may answer', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const options = { numStandbyReplicas: 1 }
  const first = await app.start('a', {}, options)
  const second = await app.start('b', {}, options)
  await settled([first, second])
  const key = () => KEYS.find(one => first.streams.queryMetadataForKey('texts', one).active === second.address)!
  await expect
    .poll(
      async () => (await get(first, `/stores/texts/keys/${key()}?route=local&standbys=true`)).body.source,
      REBALANCED,
    )
    .toBe('standby')
  await second.server.close()
  const path = `/stores/texts/keys/${key()}`
  const refused = await get(first, path)
  expect(refused).toMatchObject({ status: 503, code: 'MILLRACE_SERVER_OWNER_UNREACHABLE' })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(refused.body.error.message).toContain('ECONNREFUSED')
  expect(await get(first, `${path}?standbys=true`)).toMatchObject({ status: 200, body: { source: 'standby' } })
  const entries = await get(first, '/stores/texts/entries?limit=1000')
  expect(entries.status === 503 || entries.body['cursor'] !== undefined).toBe(true)
  await first.streams.close()
  expect(await get(first, path)).toMatchObject({ status: 503, code: 'MILLRACE_QUERY_NOT_RUNNING' })
  expect((await get(first, '/livez')).status).toBe(503)
})

it('reads windows, sessions, versions and other values', async () => {
  await using app = await world('texts', 'numbers', 'events', 'versions')
  const numbers = [
    [1n, { name: 'one', $cost: [1, null] }],
    [-5n, 'minus five'],
  ] as const
  await app.send('numbers', { key: long(), value: json() }, numbers)
  await app.send('events', texts, [
    ['a', 'x', 10],
    ['a', 'x', 15],
    ['b', 'x', 20],
    ['a', 'x', 120],
  ])
  await app.send('versions', texts, [
    ['a', 'old', 10],
    ['a', 'new', 20],
  ])
  const instances = [await app.start('a'), await app.start('b')]
  const [first] = instances as [Instance, Instance]
  await expect.poll(async () => (await clientOf(first).windows('windows', 'a')).length, REBALANCED).toBe(2)
  await expect.poll(() => clientOf(first).get('history', 'a'), REBALANCED).toBe('new')
  await expect.poll(() => clientOf(first).get('numbers', -5n), REBALANCED).toBe('minus five')
  for (const instance of instances) {
    const client = clientOf(instance)
    expect(await client.windows('windows', 'a')).toEqual([
      [0, 2n],
      [100, 1n],
    ])
    expect(await client.windows('windows', 'a', { from: 100 })).toEqual([[100, 1n]])
    expect((await client.allWindows('windows', { to: 50 })).toSorted(byWindowKey)).toEqual([
      [{ key: 'a', start: 0, end: 100 }, 2n],
      [{ key: 'b', start: 0, end: 100 }, 1n],
    ])
    expect(await client.sessions('sessions', 'a')).toEqual([
      [{ key: 'a', start: 10, end: 15 }, 2n],
      [{ key: 'a', start: 120, end: 120 }, 1n],
    ])
    expect(await client.versions('history', 'a')).toEqual([
      { value: 'old', timestamp: 10, validTo: 20 },
      { value: 'new', timestamp: 20 },
    ])
    expect(await client.find('history', 'a', { asOf: 15 })).toMatchObject({ value: 'old', validTo: 20 })
    expect(await client.get('numbers', 1n)).toEqual(numbers[0][1])
    expect(new Map(await all(client.entries('numbers', { pageSize: 1 })))).toEqual(new Map<bigint, unknown>(numbers))
    expect(await all(client.entries('numbers', { from: 1n, to: 1n }))).toEqual([numbers[0]])
    const bytes = Buffer.from(long().serialize(-5n, '')).toString('base64url')
    expect((await get(instance, `/stores/numbers/keys/${bytes}?as=base64`)).body['value']).toBe('minus five')
    const tooMany = await get(instance, '/stores/windows/windows?limit=1')
    expect(tooMany).toMatchObject({ status: 422, code: 'MILLRACE_SERVER_RESULT_TOO_LARGE' })
    const ofKey = await get(instance, '/stores/windows/windows/a?limit=1')
    expect(ofKey).toMatchObject({ status: 422, code: 'MILLRACE_SERVER_RESULT_TOO_LARGE' })
  }
})

function byWindowKey(
  [a]: readonly [{ readonly key: string }, unknown],
  [b]: readonly [{ readonly key: string }, unknown],
) {
  return a.key < b.key ? -1 : 1
}

it('refuses what it cannot answer, with a code and a hint', async () => {
  await using app = await world('texts', 'numbers', 'events', 'versions')
  const failed: unknown[] = []
  const instance = await app.start('a', {
    stores: ['texts', 'numbers', 'windows', 'sessions'],
    partitioners: { sessions: () => 99 },
    maxRequestBytes: 4_096,
    logger: { error: (...what: unknown[]) => void failed.push(what) },
  })
  const cases: readonly (readonly [path: string, status: number, code: string, init?: RequestInit])[] = [
    ['/stores/nothing/keys/a', 404, 'MILLRACE_STORE_UNKNOWN'],
    ['/stores/history/keys/a', 404, 'MILLRACE_STORE_UNKNOWN'],
    ['/stores/windows/keys/a', 400, 'MILLRACE_QUERY_STORE_KIND'],
    ['/stores/texts/windows/a', 400, 'MILLRACE_QUERY_STORE_KIND'],
    ['/stores/texts/keys/nobody', 404, 'MILLRACE_SERVER_KEY_UNKNOWN'],
    ['/stores/numbers/keys/12', 400, 'MILLRACE_QUERY_INVALID'],
    ['/stores/numbers/keys/12?as=json', 400, 'MILLRACE_QUERY_INVALID'],
    ['/stores/numbers/keys/%7B?as=json', 400, 'MILLRACE_QUERY_INVALID'],
    ['/stores/numbers/keys/null?as=json', 400, 'MILLRACE_QUERY_INVALID'],
    ['/stores/numbers/keys/%21?as=base64', 400, 'MILLRACE_QUERY_INVALID'],
    ['/stores/texts/keys/%FF', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/keys/a?asOf=3', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?form=a', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?limit=0', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?limit=1e3', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?limit=5&limit=6', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?reverse=yes', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?cursor=nonsense', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/numbers/entries?cursor=0.YQ', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?cursor=9', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?partition=9', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/windows/windows?partition=9', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?partition=1&cursor=2', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?prefix=a&from=b', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/entries?prefix=a&as=json', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/keys/a?isolation=dirty', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/nothing', 404, 'MILLRACE_SERVER_ROUTE_UNKNOWN'],
    ['/stores', 405, 'MILLRACE_SERVER_ROUTE_UNKNOWN', { method: 'POST' }],
    ['/stores', 405, 'MILLRACE_SERVER_ROUTE_UNKNOWN', { method: 'OPTIONS' }],
    [`/stores/texts/keys/${'k'.repeat(5_000)}`, 431, 'MILLRACE_SERVER_REQUEST_TOO_LARGE'],
    ['/stores/sessions/sessions/a', 500, 'MILLRACE_SERVER_FAILED'],
  ]
  for (const [path, status, code, init] of cases) {
    const refused = await get(instance, path, init)
    expect({ path, status: refused.status, code: refused.code }).toEqual({ path, status, code })
    expect(refused.body.error.hint).not.toBe('')
    expect(refused.headers.get('access-control-allow-origin')).toBeNull()
  }
  expect(failed).toHaveLength(1)
  expect((await get(instance, '/stores/sessions/sessions/a')).body.error.message).not.toContain('99')
  expect((await get(instance, '/stores')).body['stores']).toHaveLength(4)
  expect((await get(instance, '/readyz')).status).toBe(200)
  expect((await get(instance, '/livez')).status).toBe(200)
  expect((await get(instance, '/metrics')).text).toContain('millrace_client_state')
  expect((await get(instance, '/openapi.json')).body['openapi']).toBe('3.1.0')
})

it('is ready once its standbys have caught up, if that is asked for', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const replicas = { numStandbyReplicas: 1 }
  const first = await app.start('a', { maxStandbyLag: 0 }, replicas)
  const second = await app.start('b', { maxStandbyLag: 0 }, replicas)
  for (const instance of [first, second])
    await expect.poll(async () => (await get(instance, '/readyz')).status, REBALANCED).toBe(200)
  const lags = [...(await second.streams.allLocalStorePartitionLags()).values()].flatMap(one => [...one.values()])
  expect(lags).toHaveLength(PARTITIONS)
  const behind = new Map([['texts', new Map([[3, { position: 5, end: 9, lag: 4 }]])]])
  const streams = new Proxy(second.streams, {
    get: (target, name) => {
      if (name === 'allLocalStorePartitionLags') return async () => behind
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  for (const [maxStandbyLag, status] of [
    [3, 503],
    [4, 200],
    [undefined, 200],
  ] as const) {
    const options = { port: 0, ...(maxStandbyLag !== undefined && { maxStandbyLag }) }
    const server = await queryServer(streams, options)
    const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`)
    const text = await answer.text()
    expect({ status: answer.status, told: text.includes('partition 3 of texts is 4 records behind') }).toEqual({
      status,
      told: status === 503,
    })
    await server.close()
  }
})

it('lets in nobody without the token, and other instances with it', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const token = 'a-token-for-tests'
  const first = await app.start('a', { token })
  const second = await app.start('b', { token })
  const client = clientOf(first, token)
  await expect.poll(async () => (await all(client.entries('texts'))).length, REBALANCED).toBe(ROWS.length)
  await expect.poll(() => ownersSeenBy(first), REBALANCED).toEqual(new Set([first.address, second.address]))
  for (const [key, value] of ROWS) expect(await client.get('texts', key)).toBe(value)
  for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${token}`, `Bearer ${token}x`]) {
    for (const path of ['/stores', '/stores/texts/keys/a', '/metrics', '/openapi.json', '/nothing']) {
      const refused = await get(first, path, { headers: { authorization } })
      expect(refused).toMatchObject({ status: 401, code: 'MILLRACE_SERVER_UNAUTHORIZED' })
      expect(JSON.stringify(refused.body)).not.toContain(token)
    }
  }
  expect((await get(first, '/readyz')).status).toBe(200)
  await expect(clientOf(second, 'wrong').get('texts', 'a')).rejects.toMatchObject({
    name: 'QueryClientError',
    code: 'MILLRACE_SERVER_UNAUTHORIZED',
    status: 401,
  })
})

it('instances ask each other over TLS', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, ROWS)
  const token = 'a-token-for-tests'
  const tls = { ...localhost, ca: localhost.cert }
  const first = await app.start('a', { token, tls })
  const second = await app.start('b', { token, tls })
  await expect.poll(() => ownersSeenBy(first), REBALANCED).toEqual(new Set([first.address, second.address]))
  for (const [key, value] of ROWS) {
    await expect
      .poll(async () => await getOverTls(`${first.server.url}/stores/texts/keys/${key}`, token), REBALANCED)
      .toMatchObject({ status: 200, text: expect.stringContaining(value) as string })
  }
})

it('an owner whose address leads to something else is unreachable', async () => {
  await using app = await world('texts')
  const other = createHttpServer((_, response) => response.end('{"hello":"world"}'))
  const port = await freePort()
  await new Promise<void>(resolve => void other.listen(port, '127.0.0.1', resolve))
  const address = `127.0.0.1:${port}`
  const first = await app.start('a')
  await app.start('b', {}, { applicationServer: address })
  const elsewhere = () => KEYS.find(key => first.streams.queryMetadataForKey('texts', key).active === address)
  await expect.poll(elsewhere, REBALANCED).toBeDefined()
  const refused = await get(first, `/stores/texts/keys/${elsewhere()!}`)
  expect(refused).toMatchObject({ status: 503, code: 'MILLRACE_SERVER_OWNER_UNREACHABLE' })
  expect(refused.body.error.message).toContain('it is no query server')
  other.closeAllConnections()
  other.close()
})

it('ends requests that take too long, and refuses more than it can have in work', async () => {
  await using app = await world('texts')
  const held: Socket[] = []
  const silent = createServer(socket => void held.push(socket))
  const port = await freePort()
  await new Promise<void>(resolve => void silent.listen(port, '127.0.0.1', resolve))
  const address = `127.0.0.1:${port}`
  const first = await app.start('a', { timeoutMs: 100_000, maxRequests: 1 })
  await app.start('b', {}, { applicationServer: address })
  const elsewhere = () => KEYS.find(key => first.streams.queryMetadataForKey('texts', key).active === address)
  await expect.poll(elsewhere, REBALANCED).toBeDefined()
  const path = `/stores/texts/keys/${elsewhere()!}`
  const waiting = get(first, path)
  await expect.poll(() => held.length, REBALANCED).toBe(1)
  const refused = await get(first, path)
  expect(refused).toMatchObject({ status: 503, code: 'MILLRACE_SERVER_BUSY' })
  expect(refused.body.error.message).toContain('1 requests are in work')
  held[0]!.destroy()
  expect(await waiting).toMatchObject({ status: 503, code: 'MILLRACE_SERVER_OWNER_UNREACHABLE' })
  await using hasty = await queryServer(first.streams, { port: 0, timeoutMs: 50 })
  const late = await get({ ...first, server: hasty }, path)
  expect(late).toMatchObject({ status: 503, code: 'MILLRACE_SERVER_BUSY' })
  expect(late.body.error.message).toContain('the request took more than 50 ms')
  for (const socket of held) socket.destroy()
  silent.close()
})
