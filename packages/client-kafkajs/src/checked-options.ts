import {
  checkNumberOptions,
  invalidOption,
  invalidSecret,
  isGivenObject,
  type NumberRange,
  shownOption,
  TIMER_RANGE,
} from '@millrace/core'
import type { KafkajsOptions } from './kafkajs.ts'

/** A host or an IPv6 address in brackets, and a port. */
const ADDRESS = /^(?:\[[0-9a-f:.%]+\]|[^\s:/@,[\]]+):(\d{1,5})$/i

const NUMBERS: Readonly<Record<string, NumberRange>> = {
  connectionTimeout: TIMER_RANGE,
  requestTimeout: TIMER_RANGE,
  authenticationTimeout: TIMER_RANGE,
  reauthenticationThreshold: { from: 0, of: 'milliseconds' },
}

const RETRY_NUMBERS: Readonly<Record<string, NumberRange>> = {
  initialRetryTime: TIMER_RANGE,
  maxRetryTime: TIMER_RANGE,
  retries: { from: 0, orInfinity: true },
}

/**
 * Checks what JavaScript lets an application write, and what comes from an environment variable that is not set.
 * @throws MILLRACE_CONFIG_INVALID naming the option and its value
 */
export function checkOptions(options: KafkajsOptions): void {
  if (!isGivenObject(options)) throw invalidOption('of kafkajs()', options, 'an object is needed, as { brokers }')
  if ('kafka' in options) {
    const kafka: unknown = options.kafka
    const isKafka =
      isGivenObject(kafka) && ['admin', 'consumer', 'producer'].every(name => typeof kafka[name] === 'function')
    if (!isKafka) throw invalidOption('kafka', kafka, 'it must be a Kafka of kafkajs')
    return
  }
  brokerList(options.brokers)
  const given = options as unknown as Readonly<Record<string, unknown>>
  checkNumberOptions(given, NUMBERS)
  expect(given, 'clientId', 'a text that is not empty', value => typeof value === 'string' && value !== '')
  expect(
    given,
    'ssl',
    'true, false or options of tls.connect',
    value => typeof value === 'boolean' || isGivenObject(value),
  )
  expect(given, 'socketFactory', 'a function', value => typeof value === 'function')
  expect(
    given,
    'sasl',
    'an object with a mechanism',
    value => isGivenObject(value) && typeof value['mechanism'] === 'string',
  )
  expect(given, 'retry', 'an object', isGivenObject)
  if (isGivenObject(given['retry'])) checkNumberOptions(given['retry'], RETRY_NUMBERS, 'retry.')
}

/**
 * The addresses one by one.
 * @throws MILLRACE_CONFIG_INVALID for none, and for one that is no `host:port`
 */
export function brokerList(brokers: string | readonly string[]): string[] {
  const list: unknown = typeof brokers === 'string' ? brokers.split(',') : brokers
  if (!Array.isArray(list)) throw invalidOption('brokers', brokers, 'it must be host:port, or a list of them')
  const addresses = list.map((broker: unknown) => (typeof broker === 'string' ? broker.trim() : broker))
  if (addresses.length === 0 || (typeof brokers === 'string' && brokers.trim() === '')) {
    throw invalidOption('brokers', brokers, 'at least one host:port is needed')
  }
  for (const address of addresses) {
    const port = typeof address === 'string' ? Number(ADDRESS.exec(address)?.[1] ?? 0) : 0
    if (port >= 1 && port <= 65_535) continue
    throw invalidOption(
      'brokers',
      brokers,
      `${shownOption(address)} is no host:port with a port from 1 to 65535 and without a scheme`,
    )
  }
  return addresses as string[]
}

function expect(
  given: Readonly<Record<string, unknown>>,
  option: string,
  what: string,
  isRight: (value: unknown) => boolean,
): void {
  const value = given[option]
  if (value === undefined || isRight(value)) return
  throw option === 'sasl'
    ? invalidSecret(option, `it must be ${what}`)
    : invalidOption(option, value, `it must be ${what}`)
}
