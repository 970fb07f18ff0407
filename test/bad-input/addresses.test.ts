import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isMillraceError } from '@millrace/core'
import { QueryClientError, queryClient } from '@millrace/query-client'
import { schemaRegistry } from '@millrace/schema-registry'
import { afterAll, beforeAll, expect, it } from 'vitest'

/* Addresses with a user, a query or a fragment. */

const seen: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = []
const server = createServer(({ url = '', headers }, response) => {
  seen.push({ url, headers })
  response.writeHead(500, { 'content-type': 'application/json' }).end('{"error_code":50001,"message":"not today"}')
})
let host: string
beforeAll(async () => {
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

it.each([
  ['ada:secret', 'ada:secret'],
  ['ada:se%40cret', 'ada:se@cret'],
  ['ada:50%', 'ada:50%'],
  ['ada', 'ada:'],
])('the user of a registry in its URL, %s, is sent, and no message shows the password', async (user, sent) => {
  seen.length = 0
  const failure: unknown = await schemaRegistry({ url: `http://${user}@${host}/api/` })
    .byId(7)
    .catch((error: unknown) => error)
  expect(seen).toMatchObject([
    {
      url: '/api/schemas/ids/7',
      headers: { authorization: `Basic ${Buffer.from(sent).toString('base64')}` },
    },
  ])
  expect(isMillraceError(failure) && failure.message).toContain(`at http://${host}/api does not answer`)
})

it('a user in the URL and another one in auth are refused', () => {
  const auth = { username: 'ada', password: 'secret' }
  expect(() => schemaRegistry({ url: `http://ada:word@${host}`, auth })).toThrow(
    /MILLRACE_CONFIG_INVALID: The option auth is something else, but it must be left out, because the url has a user/,
  )
})

it.each(['two\nlines', 'a space', 'ä', ''])(
  'a token that no header can have, %j, is refused before a request, unseen',
  token => {
    const make = () => schemaRegistry({ url: `http://${host}`, auth: { token } })
    expect(make).toThrow(
      /MILLRACE_CONFIG_INVALID: The option auth.token is something else, but it must be text of printable/,
    )
    if (token !== '') expect(make).not.toThrow(token)
  },
)

it.each([
  'http://r?tenant=1',
  'http://r/#a',
  'ftp://r',
  'r:8081',
  'http://ada:secret@r?a',
  '',
  undefined,
  [],
  ['http://r', 5],
])('schemaRegistry refuses the url %j', url => {
  const make = () => schemaRegistry({ url: url as string })
  expect(make).toThrow(/MILLRACE_CONFIG_INVALID: The option url is .*without \? and #/)
  expect(make).not.toThrow(/secret/)
})

it.each([
  ['http://ada:secret@q', /url must have no user and password; give the token of the server/],
  ['http://q?tenant=1', /url must end before \? and #/],
  ['http://q/#top', /url must end before \? and #/],
  ['ftp://q', /url must be an address/],
])('queryClient refuses the url %j', (url, message) => {
  const make = () => queryClient({ url })
  expect(make).toThrow(QueryClientError)
  expect(make).toThrow(message)
  expect(make).not.toThrow(/secret/)
})
