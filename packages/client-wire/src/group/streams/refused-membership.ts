import { millraceError } from '@millrace/core'
import { isKafkaError } from '../../cluster/kafka-error.ts'
import { WireError } from '../../protocol/wire-error.ts'

/** Why a broker does not take somebody into a streams group, as an error that says who has to act; others unchanged. */
export function refusedMembership(groupId: string, error: unknown): unknown {
  const options = { cause: error }
  const reason = error instanceof Error ? error.message : String(error)
  const values = { groupId, reason }
  if (isKafkaError(error, 'UNSUPPORTED_VERSION') || (error instanceof WireError && error.reason === 'unsupported'))
    return millraceError('MILLRACE_GROUP_PROTOCOL_UNSUPPORTED', values, options)
  // The group has members of another protocol.
  if (isKafkaError(error, 'GROUP_ID_NOT_FOUND', 'INCONSISTENT_GROUP_PROTOCOL'))
    return millraceError('MILLRACE_GROUP_INCOMPATIBLE', values, options)
  if (isKafkaError(error, 'STREAMS_TOPOLOGY_FENCED', 'STREAMS_INVALID_TOPOLOGY_EPOCH'))
    return millraceError('MILLRACE_GROUP_TOPOLOGY_STALE', values, options)
  // Up to Kafka 4.4 a group keeps its first topology, also while it is empty.
  if (isKafkaError(error, 'INVALID_REQUEST') && error.message.includes('Topology updates'))
    return millraceError('MILLRACE_GROUP_TOPOLOGY_STALE', values, options)
  if (isKafkaError(error, 'STREAMS_INVALID_TOPOLOGY'))
    return millraceError('MILLRACE_GROUP_TOPICS_WRONG', values, options)
  return error
}
