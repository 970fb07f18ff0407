import { expect, it } from 'vitest'
import { answeredError } from './answered-error.ts'

const context = { operation: 'Creating the topic "t"', brokers: 'b:1', requestTimeoutMs: 1 }

it.each([
  // As Kafka 4.4 answers while its only broker starts or stops.
  [
    'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log directories cordoned.',
    'retriable',
  ],
  [
    'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered.',
    'fatal',
  ],
])('%s is %s', (reason, kind) => {
  const answer = { type: 'INVALID_REPLICATION_FACTOR', retriable: false, reason, cause: undefined }
  expect(answeredError(answer, context)).toMatchObject({ kind, message: expect.stringContaining(reason.slice(0, 40)) })
})
