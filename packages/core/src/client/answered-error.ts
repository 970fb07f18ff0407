import { millraceError, type MillraceError } from '../errors/millrace-error.ts'

/** What the translation of an error may name, as far as the caller knows it. */
export interface ErrorContext {
  /** What was being done, as `Producing to orders-3`. */
  readonly operation: string
  /** As in the configuration. */
  readonly brokers: string
  /** Milliseconds. */
  readonly requestTimeoutMs: number
  readonly topic?: string
  /** Topics of which one is refused, where the answer does not say which. */
  readonly topics?: string
  readonly groupId?: string
  readonly groupInstanceId?: string
  readonly transactionalId?: string
  /** The right that the operation needs on a topic, a group or the cluster, as in kafka-acls. */
  readonly right?: string
  /** The principal under which brokers know the client, as `"User:app"`. */
  readonly principal?: string
}

/** A broker's answer with an error. */
export interface AnsweredError {
  /** Kafka's name of the error, as `UNKNOWN_TOPIC_OR_PARTITION`. */
  readonly type: string
  /** Whether it passes by itself. */
  readonly retriable: boolean
  readonly reason: string
  /** What the client threw. */
  readonly cause: unknown
}

/** What each refusal is about, and by what the resource is known. */
const RESOURCES: Readonly<Record<string, readonly [resource: string, name?: 'topic' | 'groupId' | 'transactionalId']>> =
  {
    TOPIC_AUTHORIZATION_FAILED: ['the topic', 'topic'],
    GROUP_AUTHORIZATION_FAILED: ['the consumer group', 'groupId'],
    CLUSTER_AUTHORIZATION_FAILED: ['the cluster'],
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ['the transactional id', 'transactionalId'],
    DELEGATION_TOKEN_AUTHORIZATION_FAILED: ['the delegation token'],
  }

const NOT_ADMITTED = new Set(['UNSUPPORTED_SASL_MECHANISM', 'SASL_AUTHENTICATION_FAILED', 'ILLEGAL_SASL_STATE'])

const MEMBER_FENCED = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_MEMBER_EPOCH',
  'STALE_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
])

const PRODUCER_FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'TRANSACTION_COORDINATOR_FENCED', 'PRODUCER_FENCED'])

/** What a controller answers while each broker is starting or stopping. Replication factors that no broker can ever have are refused in other words. */
function isOfFencedBrokers({ type, reason }: AnsweredError): boolean {
  return type === 'INVALID_REPLICATION_FACTOR' && reason.includes('currently fenced')
}

/** Whether a broker's error says that another producer of the same transactional id has taken over. */
export function fencesProducer(type: string | undefined): boolean {
  return type !== undefined && PRODUCER_FENCED.has(type)
}

/** A broker's answer as the error that says who has to act: the same in all clients. */
export function answeredError(answer: AnsweredError, context: ErrorContext): MillraceError {
  const { type, retriable, reason, cause } = answer
  const { operation, brokers, requestTimeoutMs, groupId = 'unknown', groupInstanceId } = context
  const options = { cause }
  if (type === 'REQUEST_TIMED_OUT') {
    return millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs: requestTimeoutMs }, options)
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION' && context.topic !== undefined) {
    return millraceError('MILLRACE_TOPIC_MISSING', { topic: context.topic }, options)
  }
  if (type === 'FENCED_INSTANCE_ID' && groupInstanceId !== undefined) {
    return millraceError('MILLRACE_GROUP_INSTANCE_FENCED', { groupId, groupInstanceId }, options)
  }
  if (MEMBER_FENCED.has(type)) return millraceError('MILLRACE_GROUP_FENCED', { groupId, reason }, options)
  // The others do not know this member's assignor, or are in a group of a newer protocol (KIP-848, KIP-1071).
  if (type === 'INCONSISTENT_GROUP_PROTOCOL') {
    return millraceError('MILLRACE_GROUP_INCOMPATIBLE', { groupId, reason }, options)
  }
  if (fencesProducer(type)) {
    const transactionalId = context.transactionalId ?? 'none'
    return millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId }, options)
  }
  if (NOT_ADMITTED.has(type)) return millraceError('MILLRACE_CLIENT_NOT_ADMITTED', { brokers, reason }, options)
  const [kind, name] = RESOURCES[type] ?? []
  if (kind !== undefined) {
    const known = name === undefined ? undefined : (context[name] ?? (name === 'topic' ? context.topics : undefined))
    const resource = known === undefined ? kind : `${kind} "${known}"`
    const values = { operation, resource, reason, right: rightOf(type, context), principal: principalOf(context) }
    return millraceError('MILLRACE_CLIENT_NOT_AUTHORIZED', values, options)
  }
  if (retriable || isOfFencedBrokers(answer))
    return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason }, options)
  return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason }, options)
}

/** Operations on several resources need a different right on each. */
function rightOf(type: string, { right }: ErrorContext): string {
  if (type === 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') return 'Write'
  // Who writes or asks for a producer id without it lacks this one (KIP-98).
  if (type === 'CLUSTER_AUTHORIZATION_FAILED' && (right === undefined || right === 'Write')) return 'IdempotentWrite'
  if (type === 'GROUP_AUTHORIZATION_FAILED' && (right === undefined || right === 'Write')) return 'Read'
  return right ?? 'that the operation takes'
}

function principalOf({ principal }: ErrorContext): string {
  return principal ?? 'the user of this client'
}
