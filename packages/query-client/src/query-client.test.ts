import { createServer, type IncomingMessage } from 'node:http'
import { expect, it } from 'vitest'
import { queryClient } from './query-client.ts'

interface Scripted {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A server that gives these answers, one after the other, and then the last one again. */
async function scripted(answers: readonly Scripted[] | ((request: IncomingMessage) => Scripted)) {
  const asked: { readonly url: string; readonly token: string | undefined }[] = []
  const server = createServer((request, response) => {
    asked.push({ url: request.url!, token: request.headers.authorization })
    const answer =
      typeof answers === 'function' ? answers(request) : answers[Math.min(asked.length, answers.length) - 1]!
    const { status, body = {}, headers = {} } = answer
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  return {
    asked,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>(resolve => void server.close(() => resolve()))
    },
  }
}

const QUICK = { retries: 2, backOffMs: 1, maxBackOffMs: 2 }
const BUSY = { status: 503, headers: { 'retry-after': '1' }, body: failure('MILLRACE_SERVER_BUSY') }
const FOUND = { status: 200, body: { value: { $bigint: '3' }, partition: 0, source: 'active' } }

function failure(code: string) {
  return { error: { code, message: 'It failed', hint: 'Do this.' } }
}

it('asks again after a 503, as often as it may', async () => {
  await using server = await scripted([BUSY, BUSY, FOUND])
  expect(await queryClient({ url: server.url, ...QUICK }).get('counts', 'to')).toBe(3n)
  expect(server.asked).toHaveLength(3)
  await using busy = await scripted([BUSY])
  await expect(queryClient({ url: busy.url, ...QUICK }).get('counts', 'to')).rejects.toMatchObject({
    code: 'MILLRACE_SERVER_BUSY',
    status: 503,
    hint: 'Do this.',
    message: 'MILLRACE_SERVER_BUSY: It failed. Do this.',
  })
  expect(busy.asked).toHaveLength(3)
})

it('does not ask again after other answers', async () => {
  for (const [answer, code] of [
    [{ status: 404, body: failure('MILLRACE_STORE_UNKNOWN') }, 'MILLRACE_STORE_UNKNOWN'],
    [{ status: 200, body: '<html>' }, 'QUERY_CLIENT_ANSWER'],
    [{ status: 302, headers: { location: 'ftp://example.org/' } }, 'QUERY_CLIENT_REDIRECT'],
    [{ status: 302 }, 'QUERY_CLIENT_REDIRECT'],
  ] as const) {
    await using server = await scripted([answer])
    await expect(queryClient({ url: server.url, ...QUICK }).get('counts', 'to')).rejects.toMatchObject({ code })
    expect(server.asked).toHaveLength(1)
  }
})

it('what is JSON, but of no query server, is refused by every method', async () => {
  const methods = [
    client => client.stores(),
    client => client.get('counts', 'to'),
    client => client.windows('counts', 'to'),
    client => client.entries('counts').next(),
    client => client.live('counts').next(),
  ] satisfies ((client: ReturnType<typeof queryClient>) => Promise<unknown>)[]
  for (const form of [null, {}, { value: { $weird: 1 }, entries: [{ key: { $weird: 1 } }], stores: 1 }]) {
    const event = `event: changes\ndata: ${JSON.stringify(form)}\n\n`
    await using server = await scripted(({ url }) => ({ status: 200, body: url!.includes('/live') ? event : form }))
    for (const method of methods) {
      await expect(method(queryClient({ url: server.url, ...QUICK }))).rejects.toMatchObject({
        name: 'QueryClientError',
        code: 'QUERY_CLIENT_ANSWER',
      })
    }
  }
})

it('follows the owner with its token, but not in circles', async () => {
  await using owner = await scripted([FOUND])
  await using other = await scripted([{ status: 307, headers: { location: `${owner.url}/there?route=local` } }])
  expect(await queryClient({ url: other.url, ...QUICK, token: 't' }).get('counts', 'to')).toBe(3n)
  expect(owner.asked).toEqual([{ url: '/there?route=local', token: 'Bearer t' }])
  await using circle = await scripted([{ status: 307, headers: { location: '/again' } }])
  await expect(queryClient({ url: circle.url, ...QUICK }).get('counts', 'to')).rejects.toMatchObject({
    code: 'QUERY_CLIENT_REDIRECT',
  })
  expect(circle.asked).toHaveLength(4)
})

it('has the server go where a browser does not show the way', async () => {
  await using server = await scripted([FOUND])
  const urls: string[] = []
  const asInBrowsers = async (url: URL, init: RequestInit) => {
    urls.push(url.href)
    if (!url.href.includes('route=forward'))
      return { type: 'opaqueredirect', status: 0, text: async () => '' } as Response
    return await fetch(url, init)
  }
  expect(await queryClient({ url: server.url, ...QUICK, fetch: asInBrowsers }).get('counts', 'to')).toBe(3n)
  expect(urls).toHaveLength(2)
})

it('a server that is not there, and a caller that does not wait', async () => {
  let url: string
  {
    await using gone = await scripted([FOUND])
    ;({ url } = gone)
  }
  const client = queryClient({ url, ...QUICK })
  await expect(client.get('counts', 'to')).rejects.toMatchObject({
    code: 'QUERY_CLIENT_UNREACHABLE',
    status: undefined,
  })
  await using busy = await scripted([BUSY])
  const stopping = new AbortController()
  const waiting = queryClient({ url: busy.url, retries: 5, backOffMs: 60_000, maxBackOffMs: 60_000 })
  const asked = waiting.get('counts', 'to', { signal: stopping.signal })
  await expect.poll(() => busy.asked.length, { timeout: 30_000 }).toBe(1)
  stopping.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
})

it('pages until there is no cursor, and begins a page again that failed', async () => {
  const page = (key: string, cursor?: string) => ({ status: 200, body: { entries: [[key, 1]], cursor } })
  await using server = await scripted([page('a', '1.YQ'), BUSY, page('b')])
  const found: unknown[] = []
  const client = queryClient({ url: server.url, ...QUICK })
  for await (const entry of client.entries('counts', { from: 'a', pageSize: 1 })) found.push(entry)
  expect(found).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  expect(server.asked.map(({ url }) => url)).toEqual([
    '/stores/counts/entries?as=json&from=%22a%22&limit=1',
    '/stores/counts/entries?as=json&from=%22a%22&limit=1&cursor=1.YQ',
    '/stores/counts/entries?as=json&from=%22a%22&limit=1&cursor=1.YQ',
  ])
})

it('keys and names are written so that nothing of them is lost', async () => {
  await using server = await scripted([FOUND])
  const client = queryClient({ url: `${server.url}/behind/a/proxy` })
  await client.get('a store', 'a/b?c#d')
  await client.get('counts', { id: 7n })
  expect(server.asked.map(({ url }) => decodeURIComponent(url))).toEqual([
    '/behind/a/proxy/stores/a store/keys/"a/b?c#d"?as=json',
    '/behind/a/proxy/stores/counts/keys/{"id":{"$bigint":"7"}}?as=json',
  ])
})
