import { millraceError, type ClientCapabilities } from '@millrace/core'
import type { MemoryCluster } from '../memory-cluster.ts'

/** What all parts of one client share. */
export interface Connection {
  readonly cluster: MemoryCluster
  readonly clientId: string
  readonly capabilities: ClientCapabilities
  /** See `MemoryClientOptions`. */
  readonly hearsAfterMs: number
  /** Whether the answer to the next heartbeat in a streams group is lost. */
  readonly losesHeartbeat: () => boolean
  /** Whether the answer to the next produce request is lost. */
  readonly losesProduceAnswer: () => boolean
  /** After `crash()` no call is ever answered, as in a process that is gone. */
  readonly crashed: boolean
  /** Calls fail for now, as when no broker can be reached. */
  readonly disconnected: boolean
  /** The process stands still until it resolves: nothing is asked and no answer is seen before. */
  readonly standsStill: Promise<void> | undefined
  /** What was opened through the client and is closed now. */
  forget(part: Closeable): void
}

export interface Closeable {
  close(): Promise<void>
}

/** What a crashed client's calls come to. Each has its own: one for all would keep everything that waits for it in memory. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

/**
 * Runs a request as an asynchronous call that never settles when the client is, or has meanwhile, crashed.
 *
 * @throws MILLRACE_CLIENT_UNAVAILABLE while disconnected
 */
export async function request<T>(connection: Connection, run: () => T | Promise<T>): Promise<T> {
  if (connection.standsStill !== undefined) await awake(connection)
  if (connection.crashed) return never()
  if (connection.disconnected) throw disconnectedError()
  const answer = await run()
  if (connection.standsStill !== undefined) await awake(connection)
  return connection.crashed ? never() : answer
}

/** Until the process goes on, or is gone. */
export async function awake(connection: Connection): Promise<void> {
  while (connection.standsStill !== undefined && !connection.crashed) await connection.standsStill
}

export function disconnectedError() {
  return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers: 'the memory cluster', reason: 'disconnected' })
}

export function closedError(object: string, operation: string) {
  return millraceError('MILLRACE_CLIENT_CLOSED', { object, operation })
}
