import type { OauthbearerProviderResponse } from 'kafkajs'

/** Hands the tokens of the main thread's `oauthBearerProvider` to other threads, which cannot call it. */
export class TokenRelay {
  readonly #listeners = new Set<(token: OauthbearerProviderResponse) => void>()
  #latest: OauthbearerProviderResponse | undefined

  readonly pass = (token: OauthbearerProviderResponse): void => {
    this.#latest = token
    for (const listener of this.#listeners) listener(token)
  }

  /** Hears of the latest token at once, and of each one after it until the result is called. */
  listen(listener: (token: OauthbearerProviderResponse) => void): () => void {
    this.#listeners.add(listener)
    if (this.#latest !== undefined) listener(this.#latest)
    return () => this.#listeners.delete(listener)
  }
}
