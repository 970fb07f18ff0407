import {
  aLogger,
  checkNumberOptions,
  checkOptionNames,
  invalidOption,
  isPlainObject,
  millraceError,
  OF_AN_APPLICATION,
  reasonOf,
} from '@millrace/core'

const OPTIONS = ['port', 'host', 'client', 'topic', 'replicationFactor', 'logger']
const NUMBERS = {
  port: { from: 0, to: 65_535 },
  replicationFactor: { from: 1, to: 32_767 },
}

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkStartOptions(given: unknown): void {
  if (!isPlainObject(given)) throw invalidOption('options of startRegistry()', given, 'it takes an object')
  checkOptionNames(given, OPTIONS, { otherNames: { brokers: 'client', hostname: 'host' }, ignored: OF_AN_APPLICATION })
  checkNumberOptions(given, NUMBERS)
  for (const option of ['host', 'topic']) {
    const value = given[option]
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw invalidOption(option, value, 'it must be text')
  }
  const { client, topic, logger } = given
  if (client !== undefined && typeof client !== 'function')
    throw invalidOption('client', client, 'it must be a client, such as kafka({ brokers })')
  if (topic !== undefined && client === undefined) throw invalidOption('topic', topic, 'it needs the option client')
  if (logger !== undefined && aLogger(logger, 'logger') !== undefined)
    throw invalidOption('logger', logger, 'it must be a logger, such as consoleLogger()')
}

export function cannotListen(cause: unknown, { port, host }: { readonly port: number; readonly host: string }): Error {
  const code = (cause as { readonly code?: unknown } | null)?.code
  const isHost = code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
  const named = isHost ? { option: 'host', value: host } : { option: 'port', value: String(port) }
  const expected = `the registry cannot listen there (${reasonOf(cause)})`
  return millraceError('MILLRACE_CONFIG_INVALID', { ...named, expected }, { cause })
}
