import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Registry } from './registry/registry.ts'
import { memoryStorage } from './registry/registry-storage.ts'
import { loadSchemaFormats } from './registry/schema-formats.ts'
import { registryServer } from './server/registry-server.ts'

export interface StartRegistryOptions {
  /** 0 takes a free port. @default 0 */
  readonly port?: number
  /** The address to listen at. @default '127.0.0.1' */
  readonly host?: string
}

/** A running registry. */
export interface RunningRegistry extends AsyncDisposable {
  /** For clients, such as `http://127.0.0.1:8081`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts a schema registry with Confluent's REST API in this process. Its schemas live in memory, as long as it runs.
 *
 * @throws when the port is taken
 * @example
 * await using registry = await startRegistry()
 * const client = new SchemaRegistry({ host: registry.url })
 */
export async function startRegistry(options: StartRegistryOptions = {}): Promise<RunningRegistry> {
  const { port = 0, host = '127.0.0.1' } = options
  const registry = new Registry(memoryStorage(), await loadSchemaFormats())
  await registry.open()
  const server = registryServer(registry)
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const close = async (): Promise<void> => {
    if (server.listening) {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
    await registry.close()
  }
  return { url: `http://${name}:${address.port}`, close, [Symbol.asyncDispose]: close }
}
