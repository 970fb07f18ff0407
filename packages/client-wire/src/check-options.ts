import { createSecureContext } from 'node:tls'
import {
  checkNumberOptions,
  checkOptionNames,
  invalidOption,
  invalidSecret,
  isGivenObject,
  millraceError,
  reasonOf,
  TIMER_RANGE,
  type GivenOptions,
  type NumberRange,
} from '@millrace/core'
import { parseBrokers } from './cluster/parse-brokers.ts'
import type { BrokerAddress } from './cluster/metadata.ts'
import type { KafkaOptions } from './kafka.ts'

const OPTIONS: Readonly<Record<keyof KafkaOptions, true>> = {
  brokers: true,
  clientId: true,
  tls: true,
  sasl: true,
  rack: true,
  connectTimeoutMs: true,
  requestTimeoutMs: true,
}

const TIMERS: Readonly<Record<string, NumberRange>> = { connectTimeoutMs: TIMER_RANGE, requestTimeoutMs: TIMER_RANGE }

/** What other clients and Kafka's own configuration call the same. */
const OTHER_NAMES = {
  ssl: 'tls',
  connectionTimeout: 'connectTimeoutMs',
  requestTimeout: 'requestTimeoutMs',
  connectTimeout: 'connectTimeoutMs',
  bootstrapServers: 'brokers',
  bootstrapBrokers: 'brokers',
  'bootstrap.servers': 'brokers',
  'client.id': 'clientId',
  'client.rack': 'rack',
  clientRack: 'rack',
  rackId: 'rack',
}

const PASSWORD_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512']
const MECHANISMS = [...PASSWORD_MECHANISMS, 'oauthbearer']

/**
 * Checks the options of `kafka()`, which come from JavaScript, from a file or from the environment.
 *
 * @returns the addresses of the bootstrap brokers
 * @throws MILLRACE_CONFIG_INVALID naming the option; values that may be secrets are not shown
 */
export function checkOptions(options: KafkaOptions): readonly BrokerAddress[] {
  if (!isGivenObject(options)) throw invalidOption('of kafka()', options, 'an object is needed, as { brokers }')
  const given: GivenOptions = { ...options }
  checkOptionNames(given, Object.keys(OPTIONS), { otherNames: OTHER_NAMES })
  const brokers = parseBrokers(given['brokers'])
  checkNumberOptions(given, TIMERS)
  const { clientId, rack, tls, sasl } = given
  if (clientId !== undefined && (typeof clientId !== 'string' || clientId === '')) {
    throw invalidOption('clientId', clientId, 'it must be a text that is not empty')
  }
  if (rack !== undefined && (typeof rack !== 'string' || rack === '')) {
    throw invalidOption('rack', rack, 'it must be a text that is not empty')
  }
  if (tls !== undefined) checkTls(tls)
  if (sasl !== undefined) checkSasl(sasl)
  return brokers
}

function checkTls(tls: unknown): void {
  if (typeof tls === 'boolean') return
  if (!isGivenObject(tls) || Array.isArray(tls)) {
    throw invalidSecret('tls', 'it must be true, false or options of tls.connect')
  }
  try {
    // Reads certificates and keys, so that a wrong file is found before the first connection.
    createSecureContext(tls)
  } catch (cause) {
    const expected = `Node.js cannot use it for TLS: ${reasonOf(cause)}`
    throw millraceError('MILLRACE_CONFIG_INVALID', { option: 'tls', value: 'something else', expected }, { cause })
  }
}

function checkSasl(sasl: unknown): void {
  if (!isGivenObject(sasl)) throw invalidSecret('sasl', 'it must be an object with a mechanism')
  const { mechanism, username, password, token } = sasl
  if (!MECHANISMS.includes(mechanism as string)) {
    throw invalidOption('sasl.mechanism', mechanism, `it must be one of ${MECHANISMS.join(', ')}`)
  }
  if (mechanism === 'oauthbearer') {
    checkOptionNames(sasl, ['mechanism', 'token'], { otherNames: { oauthBearerProvider: 'token' }, prefix: 'sasl.' })
    if (typeof token !== 'function') throw invalidSecret('sasl.token', 'it must be a function that returns a token')
    return
  }
  const otherNames = { user: 'username', userName: 'username', pass: 'password' }
  checkOptionNames(sasl, ['mechanism', 'username', 'password'], { otherNames, prefix: 'sasl.' })
  for (const [option, value] of [
    ['sasl.username', username],
    ['sasl.password', password],
  ] as const) {
    if (typeof value !== 'string' || value === '') throw invalidSecret(option, 'it must be a text that is not empty')
  }
}
