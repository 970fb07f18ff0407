import type { OauthToken, SaslOauth } from './security.ts'

/** The application's tokens, also for those who cannot ask for one themselves. */
export class TokenSource {
  readonly #ask: SaslOauth['token']
  readonly #callbacks = new Set<(token: OauthToken) => void>()
  #latest: OauthToken | undefined

  constructor(ask: SaslOauth['token']) {
    this.#ask = ask
  }

  get latest(): OauthToken | undefined {
    return this.#latest
  }

  async next(): Promise<OauthToken> {
    const token = await this.#ask()
    this.#latest = token
    for (const callback of this.#callbacks) callback(token)
    return token
  }

  /** Calls back with the latest token, now and whenever there is another; gives what ends that. */
  onToken(callback: (token: OauthToken) => void): () => void {
    this.#callbacks.add(callback)
    if (this.#latest !== undefined) callback(this.#latest)
    return () => void this.#callbacks.delete(callback)
  }
}
