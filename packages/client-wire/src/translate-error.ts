import { isMillraceError, millraceError, type MillraceError } from '@millrace/core'
import { KafkaError, type KafkaErrorName } from './cluster/kafka-error.ts'
import { WireError } from './protocol/wire-error.ts'

/** What the translation of an error may name, as far as the caller knows it. */
export interface ErrorContext {
  /** What was being done, as `Producing to orders-3`. */
  readonly operation: string
  /** As in the configuration. */
  readonly brokers: string
  readonly requestTimeoutMs: number
  readonly topic?: string
  readonly groupId?: string
  readonly groupInstanceId?: string
  readonly transactionalId?: string
}

const MEMBER_FENCED: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
])
const PRODUCER_FENCED: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  'INVALID_PRODUCER_EPOCH',
  'TRANSACTION_COORDINATOR_FENCED',
  'PRODUCER_FENCED',
])

/** The error that says who has to act. A MillraceError passes unchanged. */
export function translateError(error: unknown, context: ErrorContext): MillraceError {
  if (isMillraceError(error)) return error
  const { operation, brokers, requestTimeoutMs } = context
  const options = { cause: error }
  if (error instanceof KafkaError) return translateKafkaError(error, context)
  const reason = error instanceof Error ? error.message : String(error)
  if (!(error instanceof WireError)) {
    return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason }, options)
  }
  switch (error.reason) {
    case 'unreachable':
      return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers, reason }, options)
    case 'timeout':
      return millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: requestTimeoutMs }, options)
    case 'closed':
      return millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'client' }, options)
    // A proxy or a cable that damages bytes now and then is no reason to end.
    case 'malformed':
      return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason }, options)
    case 'unsupported':
    case 'refused':
      return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason }, options)
  }
}

export function isProducerFenced(error: unknown): boolean {
  return error instanceof KafkaError && PRODUCER_FENCED.has(error.type)
}

function translateKafkaError(error: KafkaError, context: ErrorContext): MillraceError {
  const { operation, groupId = 'unknown', requestTimeoutMs } = context
  const { type, message: reason } = error
  const options = { cause: error }
  if (type === 'REQUEST_TIMED_OUT') {
    return millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: requestTimeoutMs }, options)
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION' && context.topic !== undefined) {
    return millraceError('MILLRACE_TOPIC_MISSING', { topic: context.topic }, options)
  }
  if (type === 'FENCED_INSTANCE_ID') {
    const groupInstanceId = context.groupInstanceId ?? 'unknown'
    return millraceError('MILLRACE_GROUP_INSTANCE_FENCED', { groupId, groupInstanceId }, options)
  }
  if (MEMBER_FENCED.has(type)) return millraceError('MILLRACE_GROUP_FENCED', { groupId, reason }, options)
  if (PRODUCER_FENCED.has(type)) {
    const transactionalId = context.transactionalId ?? 'none'
    return millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId }, options)
  }
  // The others do not know this member's assignor, or are in a group of a newer protocol (KIP-848, KIP-1071).
  if (type === 'INCONSISTENT_GROUP_PROTOCOL') {
    return millraceError('MILLRACE_GROUP_INCOMPATIBLE', { groupId, reason }, options)
  }
  if (error.retriable) return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason }, options)
  return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason }, options)
}
