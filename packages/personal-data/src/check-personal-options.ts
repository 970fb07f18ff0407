import { checkNumberOptions, checkOptionNames, invalidOption, isGivenObject, TIMER_RANGE } from '@millrace/core'

const OPTIONS = ['client', 'masterKey', 'topic', 'replicationFactor', 'refreshMs', 'maxStaleMs', 'clock', 'logger']
const FIELDS = ['subject', 'fields', 'forgotten', 'acceptPlain']

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkPersonalOptions(given: unknown): void {
  if (!isGivenObject(given)) throw invalidOption('personalData()', given, 'it takes an object of options')
  checkOptionNames(given, OPTIONS)
  if (typeof given['client'] !== 'function')
    throw invalidOption('client', given['client'], 'it must be a client, such as kafka({ brokers })')
  const keys = [given['masterKey']].flat()
  if (keys.length === 0 || !keys.every(isMasterKey))
    throw invalidOption('masterKey', 'given', 'it must be what masterKey() returns, or have id, wrap and unwrap')
  checkNumberOptions(given, { refreshMs: TIMER_RANGE, maxStaleMs: TIMER_RANGE })
}

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkPersonalFields(given: unknown): void {
  if (!isGivenObject(given)) throw invalidOption('serde()', given, 'it takes a serde and { subject, fields }')
  checkOptionNames(given, FIELDS)
  if (typeof given['subject'] !== 'function')
    throw invalidOption('subject', given['subject'], 'it must be a function that names the person of a value')
  if (!Array.isArray(given['fields']) || given['fields'].length === 0)
    throw invalidOption('fields', given['fields'], 'it must be a list of at least one field')
}

function isMasterKey(key: unknown): boolean {
  if (!isGivenObject(key)) return false
  return typeof key['id'] === 'string' && typeof key['wrap'] === 'function' && typeof key['unwrap'] === 'function'
}
