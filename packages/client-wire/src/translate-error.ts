import {
  answeredError,
  type ErrorContext,
  fencesProducer,
  isMillraceError,
  millraceError,
  type MillraceError,
} from '@millrace/core'
import { KafkaError } from './cluster/kafka-error.ts'
import { WireError } from './protocol/wire-error.ts'

export type { ErrorContext } from '@millrace/core'

/** The error that says who has to act. A MillraceError passes unchanged. */
export function translateError(error: unknown, context: ErrorContext): MillraceError {
  if (isMillraceError(error)) return error
  const { operation, brokers, requestTimeoutMs } = context
  const options = { cause: error }
  if (error instanceof KafkaError) {
    const { type, retriable, message: reason } = error
    return answeredError({ type, retriable, reason, cause: error }, context)
  }
  const reason = error instanceof Error ? error.message : String(error)
  // A defect, or a function of the user: it is not for this layer to say that nothing helps.
  if (!(error instanceof WireError)) {
    return millraceError('MILLRACE_CLIENT_UNEXPECTED', { operation, reason }, options)
  }
  switch (error.reason) {
    case 'unreachable':
      return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers, reason }, options)
    case 'timeout':
      return millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: requestTimeoutMs }, options)
    case 'closed':
      return millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'client' }, options)
    // What damages bytes now and then, or is no broker yet, is no reason to end.
    case 'malformed':
      return millraceError('MILLRACE_CLIENT_UNEXPECTED', { operation, reason }, options)
    case 'refused':
      return millraceError('MILLRACE_CLIENT_NOT_ADMITTED', { brokers, reason }, options)
    case 'unsupported': {
      const needed = `${reason}. This client speaks to Kafka 2.8 and later`
      return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason: needed }, options)
    }
  }
}

export function isProducerFenced(error: unknown): boolean {
  return error instanceof KafkaError && fencesProducer(error.type)
}
