import { createServer, type AddressInfo } from 'node:net'
import { DevKafkaError } from './dev-kafka-error.ts'

/**
 * Ports of 127.0.0.1 that nobody listens on, all different. Another process may take one before it is used: a caller that
 * binds it must be ready to ask again.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  // All are held until the last is found, so that none comes twice.
  const servers = await Promise.all(Array.from({ length: count }, () => listen()))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => new Promise(closed => server.close(closed))))
  return ports
}

/**
 * Checks ports that were asked for.
 *
 * @throws DevKafkaError `DEV_KAFKA_PORT_IN_USE` naming the first that somebody listens on
 */
export async function checkPorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    try {
      const server = await listen(port)
      await new Promise(closed => server.close(closed))
    } catch (cause) {
      const message = `Port ${port} of 127.0.0.1 is in use`
      const hint = 'Choose another port, leave it out for a free one, or end the process that listens there.'
      throw new DevKafkaError('DEV_KAFKA_PORT_IN_USE', message, hint, { cause })
    }
  }
}

function listen(port = 0): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
