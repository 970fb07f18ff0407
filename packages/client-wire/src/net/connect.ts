import { apiVersionsApi } from '../protocol/messages/api-versions.ts'
import { WireError } from '../protocol/wire-error.ts'
import { authenticate } from './authenticate.ts'
import { Connection } from './connection.ts'
import { openSocket } from './open-socket.ts'
import type { Security } from './security.ts'

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly security: Security
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}

/** Told to brokers, which count clients by it. */
const SOFTWARE = { clientSoftwareName: 'millrace', clientSoftwareVersion: '0' }

/**
 * A connection that is ready for requests: encrypted, with what the broker offers known, and authenticated.
 *
 * @throws WireError
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { host, port, clientId, security, connectTimeoutMs, requestTimeoutMs } = options
  const socket = await openSocket({ host, port, tls: security.tls ?? false, timeoutMs: connectTimeoutMs })
  const connection = new Connection(socket, { host, port, clientId })
  try {
    await learnVersions(connection, requestTimeoutMs)
    if (security.sasl !== undefined) await authenticate(connection, security.sasl, requestTimeoutMs)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Version 3 is known to every broker since Kafka 2.4, so nothing has to be tried. */
async function learnVersions(connection: Connection, timeoutMs: number): Promise<void> {
  const version = apiVersionsApi.maxVersion
  const answer = await connection.send(apiVersionsApi, SOFTWARE, { version, timeoutMs })
  if (answer.errorCode !== 0) {
    throw new WireError('unsupported', `The broker refuses ApiVersions ${version} (error ${answer.errorCode})`)
  }
  connection.learn(
    new Map(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }])),
    new Map(answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel])),
  )
}
