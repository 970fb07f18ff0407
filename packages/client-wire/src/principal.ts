import { X509Certificate } from 'node:crypto'
import type { OauthToken, Security } from './net/security.ts'

/**
 * The principal under which brokers know this client by default. `ssl.principal.mapping.rules` and similar settings of brokers change it.
 *
 * @param token the latest token of OAUTHBEARER
 */
export function principalOf({ tls, sasl }: Security, token: OauthToken | undefined): string {
  if (sasl?.mechanism === 'oauthbearer') {
    const subject = token && subjectOf(token)
    return subject === undefined ? 'the owner of the token' : `"User:${subject}"`
  }
  if (sasl !== undefined) return `"User:${sasl.username}"`
  if (typeof tls === 'object' && tls.pfx !== undefined) return 'the owner of the client certificate'
  if (typeof tls === 'object' && tls.cert !== undefined) {
    const name = nameOf(tls.cert)
    return name === undefined ? 'the owner of the client certificate' : `"User:${name}"`
  }
  return '"User:ANONYMOUS"'
}

/** The claim `sub`, which Kafka takes for the name. Nothing else of a token is shown. */
function subjectOf({ value }: OauthToken): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as { sub?: unknown }
    return typeof claims.sub === 'string' ? claims.sub : undefined
  } catch {
    // Not every token is a JWT.
    return undefined
  }
}

/** The distinguished name as Kafka shows it: the most specific part first (RFC 2253). */
function nameOf(cert: unknown): string | undefined {
  try {
    const [first] = [cert].flat() as (string | Buffer)[]
    return new X509Certificate(first!).subject.split('\n').reverse().join(',')
  } catch {
    return undefined
  }
}
