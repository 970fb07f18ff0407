import { millraceError } from '@millrace/core'
import type { Broker } from 'kafkajs'
import { FlexibleReader, FlexibleWriter } from './flexible-bytes.ts'

/** A request of a flexible version that kafkajs does not know. */
export interface RawRequest<T> {
  /** Kafka's name of it, for errors and kafkajs' debug log. */
  readonly name: string
  readonly key: number
  readonly version: number
  /** The first release that has it, for the error where the broker is older. */
  readonly since: string
  readonly write: (body: FlexibleWriter) => void
  readonly read: (body: FlexibleReader) => T
}

/** What kafkajs' broker has besides its published types. */
interface RawBroker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>> | null
  readonly connectionPool: {
    send(request: {
      readonly request: {
        readonly apiKey: number
        readonly apiVersion: number
        readonly apiName: string
        readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
      }
      readonly response: {
        readonly decode: (bytes: Buffer) => Promise<unknown>
        readonly parse: (decoded: unknown) => Promise<unknown>
      }
    }): Promise<unknown>
  }
}

/**
 * Sends it over kafkajs' own connection to the broker.
 * @throws MILLRACE_CLIENT_UNSUPPORTED where the broker is too old
 */
export async function sendRaw<T>(broker: Broker, request: RawRequest<T>): Promise<T> {
  const { versions, connectionPool } = broker as unknown as RawBroker
  const { name, key, version } = request
  if ((versions?.[key]?.maxVersion ?? -1) < version) {
    const feature = `${name} of version ${version} with this broker, which is older than Kafka ${request.since}`
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: 'kafkajs', feature })
  }
  const answer = await connectionPool.send({
    request: {
      apiKey: key,
      apiVersion: version,
      apiName: name,
      encode: async () => {
        // kafkajs writes the header as of version 1; the tags of version 2 follow it.
        const body = new FlexibleWriter().noTags()
        request.write(body)
        const bytes = body.bytes()
        return { buf: bytes, buffer: bytes }
      },
    },
    response: {
      decode: async bytes => {
        const body = new FlexibleReader(bytes)
        body.skipTags()
        return request.read(body)
      },
      parse: async decoded => decoded,
    },
  })
  return answer as T
}

/** @throws an error with the fields that kafkajs' have, unless the code is 0 */
export function checkErrorCode(code: number): void {
  if (code === 0) return
  const { message, ...fields } = ERRORS[code] ?? unknownError(code)
  // kafkajs' own class cannot be imported by name from an ES module.
  throw Object.assign(new Error(message), { name: 'KafkaJSProtocolError', code, ...fields })
}

export const LEADER_NOT_AVAILABLE = 5
export const UNSTABLE_OFFSET_COMMIT = 88
export const TRANSACTIONAL_ID_NOT_FOUND = 105

/** Of Kafka's errors those that such requests are answered with, by kafkajs' names. */
const ERRORS: Readonly<Record<number, { type: string; retriable: boolean; message: string }>> = {
  3: named('UNKNOWN_TOPIC_OR_PARTITION', true, 'This server does not host this topic-partition'),
  5: named('LEADER_NOT_AVAILABLE', true, 'There is no leader for this topic-partition'),
  6: named('NOT_LEADER_FOR_PARTITION', true, 'This server is not the leader for that topic-partition'),
  14: named('GROUP_LOAD_IN_PROGRESS', true, 'The coordinator is loading and hence cannot process requests'),
  15: named('GROUP_COORDINATOR_NOT_AVAILABLE', true, 'The coordinator is not available'),
  16: named('NOT_COORDINATOR_FOR_GROUP', true, 'This is not the correct coordinator'),
  29: named('TOPIC_AUTHORIZATION_FAILED', false, 'Not authorized to access the topic'),
  30: named('GROUP_AUTHORIZATION_FAILED', false, 'Not authorized to access the group'),
  31: named('CLUSTER_AUTHORIZATION_FAILED', false, 'Cluster authorization failed'),
  35: named('UNSUPPORTED_VERSION', false, 'The version of the request is not supported'),
  53: named('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', false, 'Not authorized to access the transactional id'),
  69: named('GROUP_ID_NOT_FOUND', false, 'The group id does not exist'),
}

function named(type: string, retriable: boolean, message: string) {
  return { type, retriable, message }
}

function unknownError(code: number) {
  return named('KAFKAJS_UNKNOWN_ERROR_CODE', false, `Unknown error code ${code}`)
}
