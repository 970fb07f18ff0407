import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, string, systemClock } from '@millrace/core'
import { KafkaStreams, silentLogger } from '@millrace/runtime'
import { readFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { expect, it } from 'vitest'
import { getOverTls } from './get-over-tls.fixture.ts'
import { localhost } from './localhost-certificate.fixture.ts'
import { queryServer } from './query-server.ts'
import { isLoopback, resolveServerOptions } from './server-options.ts'

function idle() {
  const builder = new StreamsBuilder()
  builder.table('in', { key: string(), value: string(), store: 'rows' })
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  return new KafkaStreams(builder.build(), { applicationId: 'app', client, logger: silentLogger })
}

it.each<readonly [code: string, options: Record<string, unknown>]>([
  ['MILLRACE_SERVER_UNSAFE', { host: '0.0.0.0' }],
  ['MILLRACE_SERVER_UNSAFE', { host: '::' }],
  ['MILLRACE_SERVER_UNSAFE', { host: '0.0.0.0', token: 'secret' }],
  ['MILLRACE_SERVER_UNSAFE', { host: 'example.org', tls: { cert: 'c', key: 'k' } }],
  ['MILLRACE_SERVER_INVALID', { port: -1 }],
  ['MILLRACE_SERVER_INVALID', { port: '8080' }],
  ['MILLRACE_SERVER_INVALID', { token: '' }],
  ['MILLRACE_SERVER_INVALID', { token: 'two words' }],
  ['MILLRACE_SERVER_INVALID', { tls: {} }],
  ['MILLRACE_SERVER_INVALID', { tls: { cert: 'c', key: 'k' } }],
  ['MILLRACE_SERVER_INVALID', { route: 'local' }],
  ['MILLRACE_SERVER_INVALID', { tokn: 'misspelt' }],
  ['MILLRACE_SERVER_INVALID', { timeoutMs: 0 }],
  ['MILLRACE_SERVER_INVALID', { stores: 'rows' }],
  ['MILLRACE_SERVER_INVALID', { partitioners: { rows: 1 } }],
  ['MILLRACE_STORE_UNKNOWN', { stores: ['row'] }],
  ['MILLRACE_STORE_UNKNOWN', { partitioners: { row: () => 0 } }],
])('%s: %j', async (code, options) => {
  const starting = queryServer(idle(), { port: 0, ...options })
  await expect(starting).rejects.toMatchObject({ code })
  await expect(starting).rejects.not.toThrow('secret')
})

it('a port that is taken is said to be so', async () => {
  await using first = await queryServer(idle(), { port: 0 })
  await expect(queryServer(idle(), { port: first.port })).rejects.toMatchObject({ code: 'MILLRACE_SERVER_LISTEN' })
})

it('without a token only localhost may be asked for, so that no name of another site leads here', async () => {
  const statusFor = async (port: number, host: string) =>
    await new Promise<number | undefined>((resolve, reject) => {
      const asked = plainRequest({ port, host: '127.0.0.1', path: '/stores', headers: { host } }, response => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
  await using closed = await queryServer(idle(), { port: 0 })
  for (const host of ['localhost', 'localhost:1', '127.0.0.1:1', '[::1]:1']) {
    expect(await statusFor(closed.port, host)).toBe(200)
  }
  for (const host of ['example.org', '127.0.0.1.example.org']) expect(await statusFor(closed.port, host)).toBe(400)
  await using open = await queryServer(idle(), { port: 0, allowInsecure: true })
  expect(await statusFor(open.port, 'example.org')).toBe(200)
})

it.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['', false],
  ['127.0.0.1.example.org', false],
  ['10.0.0.1', false],
])('loopback: %s %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

it('serves over TLS', async () => {
  await using server = await queryServer(idle(), { port: 0, token: 'secret', tls: localhost })
  expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
  expect((await getOverTls(`${server.url}/stores`)).status).toBe(401)
  expect((await getOverTls(`${server.url}/stores`, 'secret')).status).toBe(200)
})

it('the README lists each option with its default', () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const rows = page.slice(page.indexOf('| option | default |')).split('\n\n', 1)[0]!.split('\n').slice(2)
  const written = rows.map(row => {
    const [, option, value] = row.split('|').map(cell => cell.trim().replaceAll('`', ''))
    return [option!, value!] as const
  })
  const inWords = {
    port: '',
    stores: 'all',
    partitioners: 'by the bytes of the key',
    logger: "consoleLogger('warn')",
  }
  const shown = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value).replaceAll('"', ''))
  const resolved = Object.entries(resolveServerOptions(idle(), { port: 0 }))
  const expected = Object.fromEntries(resolved.map(([option, value]) => [option, shown(value)]))
  expect(Object.fromEntries(written)).toEqual({ ...expected, ...inWords })
})
