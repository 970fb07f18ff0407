import { createServer, type AddressInfo } from 'node:net'

/**
 * Ports of 127.0.0.1 that nobody listens on, all different. Another process may take one before it is used: whoever
 * binds it must be ready to ask again.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  // All are held until the last is found, so that none comes twice.
  const servers = await Promise.all(Array.from({ length: count }, () => listen()))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => new Promise(closed => server.close(closed))))
  return ports
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}
