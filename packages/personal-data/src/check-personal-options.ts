import {
  aLogger,
  aRunningClock,
  aSerde,
  checkNumberOptions,
  checkOptionNames,
  invalidOption,
  isPlainObject,
  OF_AN_APPLICATION,
  TIMER_RANGE,
} from '@millrace/core'

type Given = Readonly<Record<string, unknown>>

const OPTIONS = ['client', 'masterKey', 'topic', 'replicationFactor', 'refreshMs', 'maxStaleMs', 'clock', 'logger']
const FIELDS = ['subject', 'fields', 'forgotten', 'acceptPlain']
const FORGET = ['client', 'subject', 'topic', 'dryRun']
const NUMBERS = { refreshMs: TIMER_RANGE, maxStaleMs: TIMER_RANGE, replicationFactor: { from: 1, to: 32_767 } }

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkPersonalOptions(given: unknown): void {
  if (!isPlainObject(given)) throw invalidOption('options of personalData()', given, 'it takes an object of options')
  checkOptionNames(given, OPTIONS, { ignored: OF_AN_APPLICATION })
  checkClient(given)
  const keys = [given['masterKey']].flat()
  if (keys.length === 0 || !keys.every(isMasterKey))
    throw invalidOption('masterKey', 'given', 'it must be what masterKey() returns, or have id, wrap and unwrap')
  checkText(given, 'topic')
  checkNumberOptions(given, NUMBERS)
  const { clock, logger } = given
  if (clock !== undefined && aRunningClock(clock, 'clock') !== undefined)
    throw invalidOption('clock', clock, 'it must be a clock, such as systemClock')
  if (logger !== undefined && aLogger(logger, 'logger') !== undefined)
    throw invalidOption('logger', logger, 'it must be a logger, such as consoleLogger()')
}

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkPersonalFields(inner: unknown, given: unknown): void {
  const problem = aSerde(inner, 'it')
  if (problem !== undefined) throw invalidOption('first argument of serde()', inner, problem)
  if (!isPlainObject(given))
    throw invalidOption('options of serde()', given, 'it takes a serde and { subject, fields }')
  checkOptionNames(given, FIELDS)
  if (typeof given['subject'] !== 'function')
    throw invalidOption('subject', given['subject'], 'it must be a function that names the person of a value')
  if (!Array.isArray(given['fields']) || given['fields'].length === 0)
    throw invalidOption('fields', given['fields'], 'it must be a list of at least one field')
  checkFlag(given, 'acceptPlain')
}

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkForgetOptions(given: unknown): void {
  if (!isPlainObject(given)) throw invalidOption('options of forgetPerson()', given, 'it takes { client, subject }')
  checkOptionNames(given, FORGET, { ignored: OF_AN_APPLICATION })
  checkClient(given)
  checkPerson(given['subject'])
  checkText(given, 'topic')
  checkFlag(given, 'dryRun')
}

/** @throws MILLRACE_CONFIG_INVALID */
export function checkPerson(subject: unknown): asserts subject is string {
  if (typeof subject !== 'string' || subject === '')
    throw invalidOption('subject', subject, 'it must be the id of a person, as text')
}

function checkClient({ client }: Given): void {
  if (typeof client !== 'function')
    throw invalidOption('client', client, 'it must be a client, such as kafka({ brokers })')
}

function checkText(given: Given, option: string): void {
  const value = given[option]
  if (value === undefined || (typeof value === 'string' && value !== '')) return
  throw invalidOption(option, value, 'it must be text')
}

function checkFlag(given: Given, option: string): void {
  const value = given[option]
  if (value === undefined || typeof value === 'boolean') return
  throw invalidOption(option, value, 'it must be true or false')
}

function isMasterKey(key: unknown): boolean {
  if (!isPlainObject(key)) return false
  return typeof key['id'] === 'string' && typeof key['wrap'] === 'function' && typeof key['unwrap'] === 'function'
}
