import { millraceError } from '@millrace/core'
import {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
} from 'kafkajs'
import { expect, it } from 'vitest'
import { isProducerFenced, protocolErrorType, translateError } from './translate-error.ts'

const context = { operation: 'Testing', brokers: 'b:1', topic: 'orders', groupId: 'g', transactionalId: 'tx' }
const protocol = (type: string, retriable = false) =>
  Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type, retriable })
const wrapped = (cause: Error) =>
  Object.assign(new Error('wrapped'), { name: 'KafkaJSNonRetriableError', retriable: false, cause })
const later = (code: number) =>
  Object.assign(new Error(`Unknown error code ${code}`), { type: 'KAFKAJS_UNKNOWN_ERROR_CODE', retriable: false })
const named = (name: string) => Object.assign(new Error(name), { name })

it.each([
  [named('KafkaJSConnectionError'), 'MILLRACE_CLIENT_UNAVAILABLE'],
  [wrapped(wrapped(named('KafkaJSConnectionError'))), 'MILLRACE_CLIENT_UNAVAILABLE'],
  [named('KafkaJSRequestTimeoutError'), 'MILLRACE_CLIENT_TIMEOUT'],
  [protocol('REQUEST_TIMED_OUT', true), 'MILLRACE_CLIENT_TIMEOUT'],
  [wrapped(protocol('UNKNOWN_TOPIC_OR_PARTITION', true)), 'MILLRACE_TOPIC_MISSING'],
  [protocol('ILLEGAL_GENERATION'), 'MILLRACE_GROUP_FENCED'],
  [protocol('UNKNOWN_MEMBER_ID'), 'MILLRACE_GROUP_FENCED'],
  [protocol('INVALID_PRODUCER_EPOCH'), 'MILLRACE_PRODUCER_FENCED'],
  [later(90), 'MILLRACE_PRODUCER_FENCED'],
  [protocol('GROUP_COORDINATOR_NOT_AVAILABLE', true), 'MILLRACE_CLIENT_NOT_YET'],
  [protocol('CLUSTER_AUTHORIZATION_FAILED'), 'MILLRACE_CLIENT_NOT_AUTHORIZED'],
  [protocol('UNSUPPORTED_SASL_MECHANISM'), 'MILLRACE_CLIENT_NOT_ADMITTED'],
  [later(88), 'MILLRACE_CLIENT_NOT_YET'],
  [later(89), 'MILLRACE_CLIENT_NOT_YET'],
  [later(87), 'MILLRACE_CLIENT_REQUEST_FAILED'],
  [later(4711), 'MILLRACE_CLIENT_REQUEST_FAILED'],
  [new TypeError('of nobody knows what'), 'MILLRACE_CLIENT_UNEXPECTED'],
  [new RangeError('The answer to a fetch is cut off'), 'MILLRACE_CLIENT_UNEXPECTED'],
  [wrapped(new TypeError('of nobody knows what')), 'MILLRACE_CLIENT_UNEXPECTED'],
  [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'MILLRACE_CLIENT_UNAVAILABLE'],
  [Object.assign(named('KafkaJSConnectionError'), { code: 'CERT_HAS_EXPIRED' }), 'MILLRACE_CLIENT_NOT_ADMITTED'],
  [
    Object.assign(named('KafkaJSSASLAuthenticationError'), { message: 'failed: Closed connection' }),
    'MILLRACE_CLIENT_UNAVAILABLE',
  ],
  [
    Object.assign(named('KafkaJSSASLAuthenticationError'), { message: 'Invalid username or password' }),
    'MILLRACE_CLIENT_NOT_ADMITTED',
  ],
  [Object.assign(named('KafkaJSNonRetriableError'), { retriable: false }), 'MILLRACE_CLIENT_REQUEST_FAILED'],
  [
    wrapped(
      millraceError(
        'MILLRACE_TOPIC_GROWN',
        { topics: 't', before: 1, after: 2, internal: 'i' },
        { cause: new Error('inner') },
      ),
    ),
    'MILLRACE_TOPIC_GROWN',
  ],
  [Object.assign(new Error('several'), { errors: [protocol('INVALID_PARTITIONS')] }), 'MILLRACE_CLIENT_REQUEST_FAILED'],
  ['a string', 'MILLRACE_CLIENT_UNEXPECTED'],
  [millraceError('MILLRACE_TOPIC_EXISTS', { topic: 'orders' }), 'MILLRACE_TOPIC_EXISTS'],
])('translates %s to %s', (error, code) => {
  expect(translateError(error, context)).toMatchObject({ code })
})

it("finds the broker's word in the errors that kafkajs makes", () => {
  const inner = new KafkaJSProtocolError(protocol('INVALID_PRODUCER_EPOCH'))
  const outer = Object.assign(new KafkaJSNonRetriableError(inner), { cause: inner })
  expect(protocolErrorType(outer)).toBe('INVALID_PRODUCER_EPOCH')
  expect(isProducerFenced(outer)).toBe(true)
  expect(isProducerFenced(new KafkaJSConnectionError('gone'))).toBe(false)
  const retried = new KafkaJSNumberOfRetriesExceeded(new KafkaJSConnectionError('gone'), {
    retryCount: 5,
    retryTime: 1,
  })
  expect(translateError(retried, context)).toMatchObject({ code: 'MILLRACE_CLIENT_UNAVAILABLE', cause: retried })
  expect(translateError(new KafkaJSRequestTimeoutError('slow'), context)).toMatchObject({ kind: 'retriable' })
})
