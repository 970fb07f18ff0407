import type { ConnectionOptions } from 'node:tls'

/** How to encrypt connections and who to be. */
export interface Security {
  /** True for TLS with the system's authorities, or options as of Node's `tls.connect`: `ca`, `cert`, `key` and others. */
  readonly tls?: boolean | ConnectionOptions
  readonly sasl?: SaslOptions
}

export type SaslOptions = SaslPassword | SaslOauth

export interface SaslPassword {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

export interface SaslOauth {
  readonly mechanism: 'oauthbearer'
  /** Called for each connection; it should keep a token for as long as that is valid. */
  readonly token: () => OauthToken | Promise<OauthToken>
}

export interface OauthToken {
  readonly value: string
  /** SASL extensions (KIP-342). */
  readonly extensions?: Readonly<Record<string, string>>
}
