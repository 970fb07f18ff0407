import { isMillraceError, millraceError } from '@millrace/core'
import type { KafkaConfig, OauthbearerProviderResponse, SASLOptions } from 'kafkajs'

export type Sasl = NonNullable<KafkaConfig['sasl']>

/** A mechanism of kafkajs' own, with everything that any of them needs. */
type AnySasl = SASLOptions & {
  readonly username?: string
  readonly password?: string
  readonly authorizationIdentity?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  readonly oauthBearerProvider?: () => Promise<OauthbearerProviderResponse>
  readonly authenticationProvider?: unknown
}

/** For which kafkajs needs nothing but what can be copied. */
const BY_CREDENTIALS = new Set(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'AWS'])

/**
 * Something for kafkajs to write into: it adds an `authenticationProvider` to what it is given. The user's own is read through it, at
 * each authentication, so that credentials may change.
 *
 * @param gotToken hears of each token that is used
 */
export function ownSasl(sasl: Sasl, gotToken: (token: OauthbearerProviderResponse) => void): Sasl {
  const own = Object.create(sasl) as Sasl
  const { oauthBearerProvider } = sasl as AnySasl
  if (typeof oauthBearerProvider !== 'function') return own
  const provider = async () => {
    let token: OauthbearerProviderResponse
    try {
      token = await oauthBearerProvider.call(sasl)
    } catch (error) {
      if (isMillraceError(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw millraceError('MILLRACE_CLIENT_NOT_YET', { operation: 'Getting a token by oauthBearerProvider', reason })
    }
    gotToken(token)
    return token
  }
  return Object.defineProperty(own, 'oauthBearerProvider', { value: provider, enumerable: true })
}

/** What another thread needs to connect by itself. */
export interface PortableConfig {
  readonly config: KafkaConfig
  /** It asks for tokens, which cannot be copied once and for all. */
  readonly needsTokens: boolean
}

/** Why a configuration cannot be handed to another thread. */
export interface Obstacle {
  readonly obstacle: string
}

/** A copy of what makes a connection, for another thread: functions cannot be copied. */
export function portableConfig(config: KafkaConfig): PortableConfig | Obstacle {
  const {
    clientId,
    brokers,
    ssl,
    connectionTimeout,
    requestTimeout,
    authenticationTimeout,
    reauthenticationThreshold,
  } = config
  if (config.socketFactory !== undefined) return { obstacle: 'socketFactory is a function' }
  const sasl = config.sasl as AnySasl | undefined
  const portable = sasl === undefined ? undefined : portableSasl(sasl)
  if (portable !== undefined && 'obstacle' in portable) return portable
  const settings = {
    clientId,
    brokers,
    ssl,
    connectionTimeout,
    requestTimeout,
    authenticationTimeout,
    reauthenticationThreshold,
    sasl: portable?.sasl,
  }
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  try {
    return { config: structuredClone(given) as unknown as KafkaConfig, needsTokens: portable?.needsTokens === true }
  } catch {
    return { obstacle: `ssl holds what cannot be copied: ${uncopyable(ssl)}` }
  }
}

function portableSasl(sasl: AnySasl): { readonly sasl: object; readonly needsTokens: boolean } | Obstacle {
  const { mechanism, username, password, authorizationIdentity, accessKeyId, secretAccessKey, sessionToken } = sasl
  const name = mechanism.toUpperCase()
  if (name === 'OAUTHBEARER' && typeof sasl.oauthBearerProvider === 'function') {
    return { sasl: { mechanism }, needsTokens: true }
  }
  // One that kafkajs has added to an object that it was given before is left out: with credentials it makes another.
  if (!BY_CREDENTIALS.has(name)) return { obstacle: 'sasl.authenticationProvider is a function' }
  const credentials = { username, password, authorizationIdentity, accessKeyId, secretAccessKey, sessionToken }
  const given = Object.entries(credentials).filter(([, value]) => value !== undefined)
  if (given.length === 0) return { obstacle: 'sasl.authenticationProvider is a function' }
  return { sasl: { mechanism, ...Object.fromEntries(given) }, needsTokens: false }
}

function uncopyable(ssl: KafkaConfig['ssl']): string {
  const names = Object.entries(typeof ssl === 'object' ? ssl : {}).flatMap(([name, value]) => {
    try {
      structuredClone(value)
      return []
    } catch {
      return [name]
    }
  })
  return names.join(', ') || 'an object'
}
