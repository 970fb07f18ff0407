/**
 * What can go wrong between this process and a broker, below the level at which Millrace's errors are made.
 *
 * - `unreachable`: no connection, or it broke
 * - `timeout`: no answer in time
 * - `malformed`: what came is not what the protocol says
 * - `unsupported`: the broker has no version of the request that this client knows
 * - `refused`: the broker refuses to talk to this client (authentication)
 * - `closed`: this side closed the connection
 */
export type WireErrorReason = 'unreachable' | 'timeout' | 'malformed' | 'unsupported' | 'refused' | 'closed'

/**
 * The error of everything in `protocol/` and `net/`. Those folders import nothing of Millrace, so that a worker thread can
 * load them on its own; `translate-error.ts` makes a MillraceError of it.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly reason: WireErrorReason

  constructor(reason: WireErrorReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.reason = reason
  }
}
