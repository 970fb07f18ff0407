import { byTopic } from '../cluster/by-topic.ts'
import { errorNameOf, KafkaError } from '../cluster/kafka-error.ts'
import type {
  ProduceRequest,
  ProduceResponse,
  ProduceResponsePartitionProduceResponse,
} from '../protocol/messages/produce.ts'
import { WireError } from '../protocol/wire-error.ts'
import type { Batch } from './partition-queue.ts'

const ALL_IN_SYNC = -1

/** A request with one finished batch for each partition. */
export function produceRequest(
  batches: readonly Batch[],
  transactionalId: string | undefined,
  timeoutMs: number,
): ProduceRequest {
  const topicData = [...byTopic(batches.map(batch => ({ topic: batch.queue.topic, batch })))].map(([name, list]) => ({
    name,
    partitionData: list.map(({ batch }) => ({ index: batch.queue.partition, records: batch.bytes ?? null })),
  }))
  return { transactionalId: transactionalId ?? null, acks: ALL_IN_SYNC, timeoutMs, topicData }
}

/** What a broker answered for one batch. */
export type BatchAnswer =
  | { readonly batch: Batch; readonly baseOffset: number }
  | {
      readonly batch: Batch
      readonly error: KafkaError | WireError
      readonly answer: ProduceResponsePartitionProduceResponse | undefined
      /** The index of the record that the broker refuses; -1 if it names none. */
      readonly refusedIndex: number
    }

/** Pairs the batches of a request with the answers, in the order of the response. A batch without an answer comes last. */
export function batchAnswers(batches: readonly Batch[], { responses }: ProduceResponse): readonly BatchAnswer[] {
  const answers: BatchAnswer[] = []
  const byKey = new Map(batches.map(batch => [`${batch.queue.topic}/${batch.queue.partition}`, batch]))
  for (const { name, partitionResponses } of responses) {
    for (const answer of partitionResponses) {
      const key = `${name}/${answer.index}`
      const batch = byKey.get(key)
      if (batch === undefined) continue
      byKey.delete(key)
      const error = errorNameOf(answer.errorCode)
      if (error === undefined || error === 'DUPLICATE_SEQUENCE_NUMBER') {
        answers.push({ batch, baseOffset: answer.baseOffset })
      } else {
        const { recordErrors, errorMessage } = answer
        const reason = errorMessage ?? recordErrors[0]?.batchIndexErrorMessage ?? null
        const refusedIndex = recordErrors.length === 1 ? recordErrors[0]!.batchIndex : -1
        answers.push({ batch, error: new KafkaError(answer.errorCode, reason), answer, refusedIndex })
      }
    }
  }
  for (const batch of byKey.values()) {
    const error = new WireError('malformed', `${batch.queue.topic}-${batch.queue.partition} was not answered`)
    answers.push({ batch, error, answer: undefined, refusedIndex: -1 })
  }
  return answers
}
