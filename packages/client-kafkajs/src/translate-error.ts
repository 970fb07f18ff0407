import {
  answeredError,
  type ErrorContext as CommonErrorContext,
  fencesProducer,
  isMillraceError,
  millraceError,
  type MillraceError,
} from '@millrace/core'

/** What the translation of an error may name, as far as the caller knows it. */
export type ErrorContext = Omit<CommonErrorContext, 'requestTimeoutMs'>

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

/** Of Node's errors: nobody answers, or the way there is closed. */
const NO_WAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
])

/**
 * Of Node's errors in making a connection with TLS, those that come again until somebody changes something: certificates, versions,
 * a listener without TLS.
 */
const TLS_REFUSED =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED)/

/** A login that broke off says nothing about the credentials. */
const BROKEN_OFF = /closed|connection|timed? ?out|socket|ECONN|EPIPE|disconnected/i

/**
 * Kafka's errors that came after kafkajs, by code: it gives them as unknown. Those that pass are tried again.
 */
const LATER_ERRORS: Readonly<Record<number, { readonly type: string; readonly retriable?: true }>> = {
  84: { type: 'ELECTION_NOT_NEEDED' },
  87: { type: 'INVALID_RECORD' },
  88: { type: 'UNSTABLE_OFFSET_COMMIT', retriable: true },
  89: { type: 'THROTTLING_QUOTA_EXCEEDED', retriable: true },
  90: { type: 'PRODUCER_FENCED' },
  95: { type: 'INCONSISTENT_VOTER_SET', retriable: true },
  100: { type: 'UNKNOWN_TOPIC_ID', retriable: true },
  103: { type: 'INCONSISTENT_TOPIC_ID', retriable: true },
  105: { type: 'TRANSACTIONAL_ID_NOT_FOUND' },
  106: { type: 'FETCH_SESSION_TOPIC_ID_ERROR', retriable: true },
  108: { type: 'NEW_LEADER_ELECTED', retriable: true },
  109: { type: 'OFFSET_MOVED_TO_TIERED_STORAGE' },
  112: { type: 'UNSUPPORTED_ASSIGNOR' },
  113: { type: 'STALE_MEMBER_EPOCH', retriable: true },
  120: { type: 'TRANSACTION_ABORTABLE' },
}

const UNKNOWN_CODE = /^Unknown error code (-?\d+)$/

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
  return laterError(root)?.type ?? root.type
}

/** Whether the broker's answer says that it passes; undefined when it did not answer with an error. */
export function isRetriableAnswer(error: unknown): boolean | undefined {
  const root = rootError(error)
  if (root.type === undefined) return undefined
  return laterError(root)?.retriable ?? root.retriable === true
}

function laterError({ message }: Error) {
  const code = UNKNOWN_CODE.exec(message)?.[1]
  return code === undefined ? undefined : LATER_ERRORS[Number(code)]
}

export function isProducerFenced(error: unknown): boolean {
  return fencesProducer(protocolErrorType(error))
}

/**
 * What kafkajs threw, as the error that says who has to act. A MillraceError passes unchanged, also out of kafkajs' wrappers.
 *
 * Only an answer of the broker, or a refusal of kafkajs to ask at all, is for good. What nobody knows is tried again: it may be the
 * network, and a broker that does not answer properly is waited for like one that does not answer.
 */
export function translateError(error: unknown, context: ErrorContext): MillraceError {
  if (isMillraceError(error)) return error
  const own = millraceErrorIn(error)
  if (own !== undefined) return own
  const root = rootError(error)
  const type = protocolErrorType(error)
  const { operation, brokers } = context
  const reason = root.message
  const options = { cause: error }
  const code = (root as { readonly code?: unknown }).code
  if (root.name === 'KafkaJSSASLAuthenticationError') {
    const values = { brokers, reason }
    if (BROKEN_OFF.test(reason)) return millraceError('MILLRACE_CLIENT_UNAVAILABLE', values, options)
    return millraceError('MILLRACE_CLIENT_NOT_ADMITTED', values, options)
  }
  if (typeof code === 'string' && TLS_REFUSED.test(code)) {
    return millraceError('MILLRACE_CLIENT_NOT_ADMITTED', { brokers, reason }, options)
  }
  if (isNotConnected(error)) {
    const reason = 'the broker has not answered the first request on its connection'
    return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers, reason }, options)
  }
  if (UNREACHABLE.has(root.name) || (typeof code === 'string' && NO_WAY.has(code))) {
    return millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers, reason }, options)
  }
  if (root.name === 'KafkaJSRequestTimeoutError') {
    return millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: REQUEST_TIMEOUT_MS }, options)
  }
  if (type === undefined) return withoutAnswer(root, operation, options)
  const retriable = isRetriableAnswer(error) === true
  return answeredError({ type, retriable, reason, cause: error }, { ...context, requestTimeoutMs: REQUEST_TIMEOUT_MS })
}

/** kafkajs has a connection to the broker and has not heard which requests the broker knows. */
export function isNotConnected(error: unknown): boolean {
  return rootError(error).message === 'Broker not connected'
}

/** There was no answer that could be read. */
function withoutAnswer(root: KafkajsError, operation: string, options: { readonly cause: unknown }): MillraceError {
  const values = { operation, reason: root.message }
  // What kafkajs refuses by itself it refuses again: arguments, and what the broker's version does not know.
  const refused = root.name.startsWith('KafkaJS') && root.retriable === false && !UNREADABLE.has(root.name)
  return millraceError(refused ? 'MILLRACE_CLIENT_REQUEST_FAILED' : 'MILLRACE_CLIENT_UNEXPECTED', values, options)
}

/** Answers that kafkajs could not decode: the next one may be another. */
const UNREADABLE = new Set([
  'KafkaJSInvalidVarIntError',
  'KafkaJSInvalidLongError',
  'KafkaJSPartialMessageError',
  'KafkaJSTimeout',
])

/** One that a function of ours threw to kafkajs, which has wrapped it. */
function millraceErrorIn(error: unknown): MillraceError | undefined {
  let current = error
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if (isMillraceError(current)) return current
    const { errors, cause } = current as KafkajsError
    current = errors?.[0] ?? cause
  }
  return undefined
}

/** How long a request may take; kafkajs' own default. */
export const REQUEST_TIMEOUT_MS = 30_000

function toError(error: unknown): KafkajsError {
  return error instanceof Error ? error : new Error(String(error))
}
