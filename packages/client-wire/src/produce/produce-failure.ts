import { millraceError, type MillraceError, type TopicPartition } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { isKafkaError, KafkaError, type KafkaErrorName } from '../cluster/kafka-error.ts'
import { WireError } from '../protocol/wire-error.ts'
import { isProducerFenced, translateError } from '../translate-error.ts'
import type { Batch } from './partition-queue.ts'

/** A batch is retried for this long. */
const DELIVERY_MS = 30_000
/** A broker that does not know a new topic yet gets this long. */
const MISSING_MS = 3_000
const FIRST_RETRY_MS = 20
const LAST_RETRY_MS = 1_000

/** Errors of one record, or of all records of a batch together. */
const REFUSALS: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
])

/** Kafka does not call them retriable, but another attempt with the same sequence numbers may succeed. */
const PASSING: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>(['CONCURRENT_TRANSACTIONS'])

export function refusesRecords(error: unknown): error is KafkaError {
  return error instanceof KafkaError && REFUSALS.has(error.type)
}

/** Whether a batch whose first attempt was `ageMs` ago may be sent again after `error`. */
export function mayTryAgain(batch: Batch, error: unknown, ageMs: number): boolean {
  if (ageMs > DELIVERY_MS) return false
  if (error instanceof WireError) return error.reason !== 'refused' && error.reason !== 'unsupported'
  if (!(error instanceof KafkaError)) return false
  if (error.type === 'OUT_OF_ORDER_SEQUENCE_NUMBER') return batch.queue.waitsForOlder(batch)
  if (error.type === 'UNKNOWN_TOPIC_OR_PARTITION') return ageMs < MISSING_MS
  return error.retriable || PASSING.has(error.type)
}

export function retryDelayMs(attempts: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts, 10), LAST_RETRY_MS)
}

/** The error for the caller. Without `target` it is about adding partitions to the transaction. */
export function produceFailure(
  error: unknown,
  target: TopicPartition | undefined,
  producer: { readonly cluster: Cluster; readonly brokers: string; readonly transactionalId: string | undefined },
): MillraceError {
  const { brokers, cluster, transactionalId } = producer
  const { topic, partition } = target ?? { topic: 'the transaction', partition: 0 }
  const operation = target === undefined ? 'Adding partitions to the transaction' : `Producing to ${topic}-${partition}`
  const reason = error instanceof Error ? error.message : String(error)
  const { requestTimeoutMs, principal } = cluster
  const translated = translateError(error, {
    operation,
    brokers,
    requestTimeoutMs,
    principal,
    right: 'Write',
    ...(target && { topic }),
    ...(transactionalId !== undefined && { transactionalId }),
  })
  // Another attempt lacks the same right.
  if (translated.code === 'MILLRACE_CLIENT_NOT_AUTHORIZED') return translated
  if (transactionalId !== undefined && !isProducerFenced(error)) {
    const values = { transactionalId, reason: `${operation}: ${reason}` }
    return millraceError('MILLRACE_TRANSACTION_ABORTABLE', values, { cause: error })
  }
  // The broker has forgotten this producer or an earlier batch. A new producer can start again.
  if (isKafkaError(error, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID')) {
    return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason }, { cause: error })
  }
  if (translated.code !== 'MILLRACE_CLIENT_REQUEST_FAILED') return translated
  return millraceError('MILLRACE_PRODUCE_FAILED', { topic, partition, reason }, { cause: error })
}
