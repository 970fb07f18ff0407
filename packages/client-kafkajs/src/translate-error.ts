import { isMillraceError, millraceError, type MillraceError } from '@millrace/core'

/** What the translation of an error may name, as far as the caller knows it. */
export interface ErrorContext {
  /** What was being done, as `Producing to orders-3`. */
  readonly operation: string
  /** As in the configuration. */
  readonly brokers: string
  readonly topic?: string
  readonly groupId?: string
  readonly transactionalId?: string
}

/** The fields that kafkajs' errors have; any of them may be absent. */
interface KafkajsError extends Error {
  /** Kafka's error name, of a `KafkaJSProtocolError`. */
  readonly type?: string
  readonly retriable?: boolean
  readonly cause?: unknown
  /** Of a `KafkaJSAggregateError`. */
  readonly errors?: readonly unknown[]
  /** Of a `KafkaJSDeleteGroupsError`. */
  readonly groups?: readonly { readonly error?: unknown }[]
  /** Of a `KafkaJSDeleteTopicRecordsError`. */
  readonly partitions?: readonly { readonly error?: unknown }[]
}

const UNREACHABLE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSLockTimeout',
])

const MEMBER_FENCED = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
])

const PRODUCER_FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'TRANSACTION_COORDINATOR_FENCED', 'PRODUCER_FENCED'])

/** Kafka's error 90, which came after kafkajs: it reaches us as an unknown code. */
const PRODUCER_FENCED_CODE = 'Unknown error code 90'

/**
 * The error underneath kafkajs' wrappers: `KafkaJSNumberOfRetriesExceeded` and `KafkaJSNonRetriableError` keep the one
 * that tells what happened as their `cause`, sometimes several levels down.
 */
export function rootError(error: unknown): KafkajsError {
  let current = toError(error)
  for (let depth = 0; depth < 8; depth++) {
    const inner = current.errors?.[0] ?? current.groups?.[0]?.error ?? current.partitions?.[0]?.error ?? current.cause
    if (current.type !== undefined || !(inner instanceof Error)) return current
    current = inner
  }
  return current
}

/** Kafka's error name, as `UNKNOWN_TOPIC_OR_PARTITION`; undefined when the broker did not answer with one. */
export function protocolErrorType(error: unknown): string | undefined {
  const root = rootError(error)
  return root.message === PRODUCER_FENCED_CODE ? 'PRODUCER_FENCED' : root.type
}

export function isProducerFenced(error: unknown): boolean {
  return PRODUCER_FENCED.has(protocolErrorType(error) ?? '')
}

/** What kafkajs threw, as the error that says who has to act. A MillraceError passes unchanged. */
export function translateError(error: unknown, context: ErrorContext): MillraceError {
  if (isMillraceError(error)) return error
  const root = rootError(error)
  const type = protocolErrorType(error)
  const { operation, brokers } = context
  const reason = root.message
  const options = { cause: error }
  if (UNREACHABLE.has(root.name)) return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers, reason }, options)
  if (root.name === 'KafkaJSRequestTimeoutError' || type === 'REQUEST_TIMED_OUT') {
    return millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: REQUEST_TIMEOUT_MS }, options)
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION' && context.topic !== undefined) {
    return millraceError('MILLRACE_TOPIC_MISSING', { topic: context.topic }, options)
  }
  if (type !== undefined && MEMBER_FENCED.has(type)) {
    return millraceError('MILLRACE_GROUP_FENCED', { groupId: context.groupId ?? 'unknown', reason }, options)
  }
  if (type !== undefined && PRODUCER_FENCED.has(type)) {
    const transactionalId = context.transactionalId ?? 'none'
    return millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId }, options)
  }
  if (root.retriable === true && type !== undefined) {
    return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason }, options)
  }
  return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason }, options)
}

/** How long a request may take; kafkajs' own default. */
export const REQUEST_TIMEOUT_MS = 30_000

function toError(error: unknown): KafkajsError {
  return error instanceof Error ? error : new Error(String(error))
}
