import { expect, it } from 'vitest'
import { KafkaError } from '../../cluster/kafka-error.ts'
import { KAFKA_ERRORS } from '../../protocol/error-codes.ts'
import { WireError } from '../../protocol/wire-error.ts'
import { refusedMembership } from './refused-membership.ts'

const answered = (name: keyof typeof KAFKA_ERRORS, message: string) => new KafkaError(KAFKA_ERRORS[name].code, message)

it.each([
  [new WireError('unsupported', 'it does not know it'), 'MILLRACE_GROUP_PROTOCOL_UNSUPPORTED'],
  [answered('UNSUPPORTED_VERSION', ''), 'MILLRACE_GROUP_PROTOCOL_UNSUPPORTED'],
  [answered('GROUP_ID_NOT_FOUND', 'Group g is not a streams group.'), 'MILLRACE_GROUP_INCOMPATIBLE'],
  [answered('INVALID_REQUEST', 'Topology updates are not supported yet.'), 'MILLRACE_GROUP_TOPOLOGY_STALE'],
  [answered('STREAMS_TOPOLOGY_FENCED', ''), 'MILLRACE_GROUP_TOPOLOGY_STALE'],
  [answered('STREAMS_INVALID_TOPOLOGY', ''), 'MILLRACE_GROUP_TOPICS_WRONG'],
])('says who has to act after %s', (error, code) => {
  expect(refusedMembership('g', error)).toMatchObject({ code, cause: error })
})

it('leaves other errors to the usual translation', () => {
  const error = answered('GROUP_AUTHORIZATION_FAILED', '')
  expect(refusedMembership('g', error)).toBe(error)
})
