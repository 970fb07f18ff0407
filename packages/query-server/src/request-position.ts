import { millraceError, type Position } from '@millrace/core'

/**
 * A position as it stands in a request: `topic:partition:offset`, several with commas between them. Names of topics have neither.
 * @throws MILLRACE_SERVER_REQUEST
 */
export function positionOf(parameter: string, text: string): Position {
  return text.split(',').map(part => {
    const [, topic, partition, offset] = /^([\w.-]{1,249}):(\d{1,9}):(\d{1,15})$/.exec(part) ?? []
    if (topic !== undefined) return { topic, partition: Number(partition), offset: Number(offset) }
    const reason = 'it is written topic:partition:offset, several with commas between them'
    throw millraceError('MILLRACE_SERVER_REQUEST', { parameter, reason })
  })
}
