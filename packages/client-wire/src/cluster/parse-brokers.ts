import { millraceError } from '@millrace/core'
import type { BrokerAddress } from './metadata.ts'

/**
 * Addresses of brokers as they are configured: `host:port` with commas between several, or a list of such. What comes from
 * JavaScript or from the environment may be anything.
 *
 * @throws MILLRACE_CONFIG_INVALID
 */
export function parseBrokers(brokers: unknown): readonly BrokerAddress[] {
  const list: readonly unknown[] = Array.isArray(brokers) ? brokers : [brokers]
  const addresses = list.flatMap(each => (typeof each === 'string' ? each.split(',') : [each]))
  if (addresses.length === 0) throw invalid(brokers)
  return addresses.map(address => {
    const match = typeof address === 'string' ? /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(address.trim()) : null
    const host = match?.[1] ?? match?.[2]
    const port = Number(match?.[3])
    if (host === undefined || port < 1 || port > 65_535) throw invalid(brokers)
    return { host, port }
  })
}

function invalid(brokers: unknown) {
  const value = JSON.stringify(brokers) ?? 'undefined'
  const expected = 'it must name at least one broker, each as host:port'
  return millraceError('MILLRACE_CONFIG_INVALID', { option: 'brokers', value, expected })
}
