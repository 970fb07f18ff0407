import { saslAuthenticateApi } from '../protocol/messages/sasl-authenticate.ts'
import { saslHandshakeApi } from '../protocol/messages/sasl-handshake.ts'
import { WireError } from '../protocol/wire-error.ts'
import type { Connection } from './connection.ts'
import { scram } from './scram.ts'
import type { OauthToken, SaslOauth, SaslOptions } from './security.ts'

/** Of the time that the broker gives a session (KIP-368), how much is used before another connection is made. */
const USED_OF_SESSION = 0.85

/** @throws WireError `refused` when the broker does not accept who this is; the message holds no secret */
export async function authenticate(connection: Connection, sasl: SaslOptions, timeoutMs: number): Promise<void> {
  const mechanism = sasl.mechanism.toUpperCase()
  const { errorCode, mechanisms } = await connection.send(saslHandshakeApi, { mechanism }, { timeoutMs })
  if (errorCode !== 0) {
    const offered = mechanisms.length === 0 ? 'no SASL at all' : mechanisms.join(', ')
    throw new WireError('refused', `The broker does not offer SASL ${mechanism}; it offers ${offered}`)
  }
  let sessionLifetimeMs = 0
  const exchange = async (authBytes: Buffer): Promise<Buffer> => {
    const answer = await connection.send(saslAuthenticateApi, { authBytes }, { timeoutMs })
    if (answer.errorCode !== 0) {
      throw new WireError('refused', `SASL ${mechanism} failed: ${answer.errorMessage ?? `error ${answer.errorCode}`}`)
    }
    sessionLifetimeMs = answer.sessionLifetimeMs
    return Buffer.from(answer.authBytes)
  }
  if (sasl.mechanism === 'oauthbearer') await oauthbearer(await tokenWithin(sasl.token, timeoutMs), exchange)
  else if (sasl.mechanism === 'plain') await exchange(Buffer.from(`\0${sasl.username}\0${sasl.password}`))
  else await scram({ ...sasl, hash: sasl.mechanism === 'scram-sha-256' ? 'sha256' : 'sha512' }, exchange)
  if (sessionLifetimeMs > 0) connection.expiresAt = performance.now() + sessionLifetimeMs * USED_OF_SESSION
}

/** The user's function may never settle; without a limit, every request for the connection would hang with it. */
async function tokenWithin(ask: SaslOauth['token'], timeoutMs: number): Promise<OauthToken> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_resolve, reject) => {
    const error = new WireError('timeout', `The function sasl.token gave no token within ${timeoutMs} ms`)
    timer = setTimeout(() => reject(error), timeoutMs)
  })
  try {
    return await Promise.race([ask(), tooLong])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * RFC 7628:
 *
 *   first  := "n,," 0x01 "auth=Bearer " token 0x01 (key "=" value 0x01)* 0x01
 *
 * A server that refuses answers with JSON and waits for a single 0x01 before it says so with an error code.
 */
async function oauthbearer(token: OauthToken, exchange: (message: Buffer) => Promise<Buffer>): Promise<void> {
  const extensions = Object.entries(token.extensions ?? {}).map(([key, value]) => `${key}=${value}\u0001`)
  const answer = await exchange(Buffer.from(`n,,\u0001auth=Bearer ${token.value}\u0001${extensions.join('')}\u0001`))
  if (answer.length === 0) return
  await exchange(Buffer.from('\u0001'))
  throw new WireError('refused', `SASL OAUTHBEARER failed: ${answer.toString()}`)
}
