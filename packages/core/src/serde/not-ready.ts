import { isMillraceError, type MillraceError, millraceError } from '../errors/millrace-error.ts'
import type { Serde } from './serde.ts'

/** By error, when it is worth trying again. */
const READY = new WeakMap<object, Promise<void>>()

/**
 * The error of a serde that must fetch something before it can encode or decode, such as a schema. Serdes throw it from `serialize`,
 * `deserialize`, `read` and `write`. The runtime then waits for `ready` and encodes or decodes the same record again. The fetch has
 * been started by then.
 *
 * @param what is fetched, as in `the schema 7`
 * @param ready resolves when a second attempt succeeds or fails for good. Rejects when the fetch has failed and may succeed later.
 */
export function notReady(what: string, ready: Promise<void>): MillraceError {
  const error = millraceError('MILLRACE_SERDE_NOT_READY', { what })
  // A caller that does not await it gets the failure from its own attempt.
  ready.catch(() => {})
  READY.set(error, ready)
  return error
}

/** When a second attempt is worthwhile; `undefined` if the error has nothing to do with it. */
export function readyAgain(error: unknown): Promise<void> | undefined {
  return isMillraceError(error) ? READY.get(error) : undefined
}

/** A serde that is still not ready after this number of waits does not keep the contract. */
const MOST_WAITS = 8

/**
 * Encodes or decodes outside of an application: waits for what the serde must fetch, and tries again. Gives a promise only where there is
 * something to wait for.
 *
 * @throws as `attempt`, and as the fetch
 * @example
 * const value = await whenReady(() => serde.deserialize(bytes, 'orders'))
 */
export function whenReady<T>(attempt: () => T, waits = 0): T | Promise<T> {
  try {
    return attempt()
  } catch (error) {
    const ready = waits < MOST_WAITS ? readyAgain(error) : undefined
    if (ready === undefined) throw error
    return ready.then(() => whenReady(attempt, waits + 1))
  }
}

/** The `prepare` of a serde that is made of others; nothing if none of them has one. */
export function prepareOf(...inner: readonly Pick<Serde<unknown>, 'prepare'>[]): Pick<Serde<unknown>, 'prepare'> {
  const those = inner.filter(({ prepare }) => prepare !== undefined)
  if (those.length === 0) return {}
  return {
    async prepare(topic, use) {
      await Promise.all(those.map(serde => serde.prepare!(topic, use)))
    },
  }
}
