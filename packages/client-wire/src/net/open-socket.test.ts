import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, it } from 'vitest'
import { openSocket } from './open-socket.ts'

const hasIpv6 = Object.values(networkInterfaces()).some(list => list?.some(({ address }) => address === '::1'))
/** An address of this machine at which nothing listens: the servers below listen at one address only. */
const DEAD = '127.0.0.2'

async function listenAt(address: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer(socket => socket.destroy())
  server.listen(0, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise(closed => void server.close(() => closed())),
  }
}

async function connectedTo(port: number, addresses: readonly string[]): Promise<string | undefined> {
  const asked: string[] = []
  const socket = await openSocket({
    host: 'broker.test',
    port,
    tls: false,
    timeoutMs: 5_000,
    resolve: async host => {
      asked.push(host)
      return addresses
    },
  })
  expect(asked).toEqual(['broker.test'])
  const { remoteAddress } = socket
  socket.destroy()
  return remoteAddress
}

it.each([
  ['the first one is dead', '127.0.0.1', [DEAD, '127.0.0.1']],
  ['several are dead', '127.0.0.1', [DEAD, '127.0.0.3', '127.0.0.1']],
  ['the first one is of IPv6 and dead', '127.0.0.1', ['::1', '127.0.0.1']],
  ['the first one lives', '127.0.0.1', ['127.0.0.1', DEAD]],
])('a name with several addresses is connected where one lives: %s', async (_what, at, addresses) => {
  await using server = await listenAt(at)
  expect(await connectedTo(server.port, addresses)).toBe(at)
})

it('a name with addresses of both families is connected by IPv6 where only that lives', async context => {
  if (!hasIpv6) context.skip('this machine has no IPv6')
  await using server = await listenAt('::1')
  expect(await connectedTo(server.port, ['127.0.0.1', '::1'])).toBe('::1')
})

it('says for each address why it cannot be reached', async () => {
  await using server = await listenAt('127.0.0.1')
  await expect(connectedTo(server.port, [DEAD, '127.0.0.3'])).rejects.toMatchObject({
    reason: 'unreachable',
    message: expect.stringMatching(/broker\.test:\d+ cannot be reached \(127\.0\.0\.2: .*; 127\.0\.0\.3: /) as string,
  })
})

it('says that a name cannot be resolved', async () => {
  const options = { host: 'no-such-name.invalid', port: 9092, tls: false, timeoutMs: 5_000 } as const
  await expect(openSocket(options)).rejects.toMatchObject({ reason: 'unreachable', message: /no-such-name/ })
})
