import { millraceError, type KafkaClient } from '@millrace/core'
import type { FaultEvent, FaultOperation, FaultPlan } from './fault-plan.ts'

/** What all parts of one client share on their way through the faults. */
export interface FaultyConnection {
  readonly clientId: string
  readonly plan: FaultPlan
  readonly client: KafkaClient & { readonly disconnect?: (ms: number) => void }
  /** As the clock's `monotonic` counts. */
  disconnectedUntil: number
}

export interface FaultyCall<T> {
  readonly operation: FaultOperation
  readonly run: () => Promise<T>
  readonly fence?: () => void
  readonly moveCoordinator?: () => void
  /** The call cannot be taken back once it was made, so that a lost answer has to be a lost request: polls. */
  readonly answersAreKept?: boolean
  /** The error for a call without an answer. @default MILLRACE_CLIENT_TIMEOUT */
  readonly unanswered?: () => Error
}

/** Makes the call, or lets it meet the fault that the plan has for it. */
export async function faultyCall<T>(connection: FaultyConnection, call: FaultyCall<T>): Promise<T> {
  const { plan, clientId } = connection
  const { clock } = plan.options
  const event = plan.next(clientId, call.operation)
  if (clock.monotonic() < connection.disconnectedUntil) throw disconnected()
  switch (event?.kind) {
    case undefined:
      return call.run()
    case 'drop-request':
      throw unanswered(call, event)
    case 'drop-response':
      if (call.answersAreKept !== true) await call.run()
      throw unanswered(call, event)
    case 'delay':
      await clock.sleep(event.ms)
      return call.run()
    case 'disconnect':
      connection.disconnectedUntil = clock.monotonic() + event.ms
      connection.client.disconnect?.(event.ms)
      throw disconnected()
    case 'fence':
      call.fence?.()
      return call.run()
    case 'move-coordinator':
      call.moveCoordinator?.()
      await clock.sleep(event.ms)
      return call.run()
  }
}

function unanswered<T>(call: FaultyCall<T>, { operation }: FaultEvent): Error {
  return call.unanswered?.() ?? millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: 30_000 })
}

function disconnected(): Error {
  return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers: 'the cluster', reason: 'disconnected by a fault' })
}
