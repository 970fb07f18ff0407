import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ClientFactory, type KafkaClient, type Logger, openClient, systemClock } from '@millrace/core'
import { Registry } from './registry/registry.ts'
import { memoryStorage } from './registry/registry-storage.ts'
import { loadSchemaFormats } from './registry/schema-formats.ts'
import { topicStorage } from './registry/topic-storage.ts'
import { cannotListen, checkStartOptions } from './server/check-start-options.ts'
import { registryServer } from './server/registry-server.ts'

export interface StartRegistryOptions {
  /** 0 takes a free port. @default 0 */
  readonly port?: number
  /** The address to listen at. @default '127.0.0.1' */
  readonly host?: string
  /** Keeps the schemas in a topic of this Kafka, such as `kafka({ brokers })`. @default they are in memory */
  readonly client?: ClientFactory
  /** A compacted topic in the format of Confluent's registry; it is created unless it exists. @default '_schemas' */
  readonly topic?: string
  /** Of the topic, when it is created. @default the broker's */
  readonly replicationFactor?: number
  /** For the Kafka client. @default nothing is logged */
  readonly logger?: Logger
}

/** A running registry. */
export interface RunningRegistry extends AsyncDisposable {
  /** For clients, such as `http://127.0.0.1:8081`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts a schema registry with Confluent's REST API in this process. Its schemas live in memory as long as it runs, or in a topic.
 *
 * Only one registry may write to a topic: one that is started takes the topic over, and the one before refuses all further changes.
 *
 * @throws MILLRACE_CONFIG_INVALID, also when the port is taken; MILLRACE_COMPACTED_TOPIC when the topic cannot hold schemas
 * @example
 * await using registry = await startRegistry()
 * const client = new SchemaRegistry({ host: registry.url })
 */
export async function startRegistry(options: StartRegistryOptions = {}): Promise<RunningRegistry> {
  checkStartOptions(options)
  const { port = 0, host = '127.0.0.1' } = options
  const context = { clientId: 'millrace-schema-registry', clock: systemClock, logger: options.logger ?? QUIET }
  const opened = options.client === undefined ? undefined : openClient(options.client, context)
  const storage = opened === undefined ? memoryStorage() : topicStorage(topicOptions(opened, options))
  const registry = new Registry(storage, await loadSchemaFormats())
  try {
    await registry.open()
  } catch (error) {
    await opened?.close()
    throw error
  }
  const server = registryServer(registry)
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    await registry.close()
    await opened?.close()
    throw cannotListen(error, { port, host })
  }
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
    await opened?.close()
  }
  return { url: `http://${name}:${address.port}`, close, [Symbol.asyncDispose]: close }
}

function topicOptions(client: KafkaClient, { topic = '_schemas', replicationFactor }: StartRegistryOptions) {
  return { client, clock: systemClock, topic, ...(replicationFactor !== undefined && { replicationFactor }) }
}

/** Failures are answers to requests. */
const QUIET: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
